//go:build unix

package record

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sampan-mc/sampan/smc/diag"
)

func TestFloatInJSON(t *testing.T) {
	for v, want := range map[float64]string{
		math.Inf(1): `"Infinity"`, math.Inf(-1): `"-Infinity"`, 0.1: "0.1", 1e300: "1e+300", 3: "3", math.Copysign(0, -1): "-0",
	} {
		b, err := json.Marshal(Float(v))
		if err != nil || string(b) != want {
			t.Errorf("%v: %s, %v; want %s", v, b, err, want)
		}
	}
	if b, err := json.Marshal([]Float{Float(math.NaN())}); err != nil || string(b) != "[null]" {
		t.Errorf("NaN: %s, %v", b, err)
	}
	rapid.Check(t, func(t *rapid.T) {
		v := Float(math.Float64frombits(rapid.Uint64().Draw(t, "bits")))
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var got Float
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		if math.Float64bits(float64(got)) != math.Float64bits(float64(v)) && !(got != got && v != v) {
			t.Fatalf("%v became %v", v, got)
		}
	})
	var f Float
	if err := json.Unmarshal([]byte(`"lots"`), &f); err == nil || !strings.Contains(err.Error(), "accepted") {
		t.Errorf("a word: %v", err)
	}
}

func sample() *Summary {
	nan := Float(math.NaN())
	return &Summary{
		Schema: SummarySchema, Version: "0.1.0", Status: StatusDone, Seed: 1<<64 - 1, Target: "gaussian", Sampler: "smc", Digest: "sha256:00",
		LogZ: -3.5, LogZSE: 0.1, LogZMethod: diag.MethodGenealogical, LogZInterval: &Interval{0.9, -3.7, -3.3},
		LogZErrors: LogZErrorsOf([]diag.LogZError{
			{Method: diag.MethodGenealogical, Value: 0.1, Trusted: true, Reason: "200 ancestors survive", DF: math.Inf(1)},
			{Method: diag.MethodIslands, Value: math.NaN(), Reason: "there is only one island", DF: math.NaN()},
		}),
		Ancestors: &Ancestors{Surviving: 200, Of: 4096, Effective: 123.4},
		Islands:   []Island{{LogZ: -3.5, ESS: 1000, ParetoK: nan, Stages: 12, Resamplings: 3, Ancestors: 200}},
		ESS:       1000, ESSFraction: 0.5, ParetoK: nan,
		Evals: Evals{Density: 100, Gradient: 50}, Seconds: Seconds{Total: 1.5, Target: 1, Sampler: 0.5},
		Variables: Variables{
			{Name: "beta[10]", Mean: 1, SD: 2, Q5: -1, Q50: 1, Q95: 3, ESSBulk: 900, ESSTail: 800, Rhat: nan, MCSEMean: 0.1},
			{Name: "beta[2]", Mean: Float(math.Inf(-1)), SD: nan},
		},
		Findings: []Finding{{Code: "low-ess", Variable: "beta[2]", Text: "too few"}},
		Warnings: []string{"the reference was assumed"},
		Error:    &Error{LogZ: 0.01, LogZKnown: -3.51, Source: "exact"},
	}
}

func TestSummaryRoundTrip(t *testing.T) {
	f := create(t)
	if _, err := f.Summary(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before there is one: %v", err)
	}
	for range 2 { // a second one takes the place of the first
		if err := f.WriteSummary(sample()); err != nil {
			t.Fatal(err)
		}
	}
	got, err := f.Summary()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(sample(), got, cmp.Comparer(func(a, b Float) bool { return a == b || a != a && b != b })); d != "" {
		t.Error(d)
	}
	if err := f.WriteFile(SummaryFile, []byte(`{"schema": "other"}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Summary(); err == nil || !strings.Contains(err.Error(), SummarySchema) {
		t.Errorf("another schema: %v", err)
	}
}

// TestSummaryKeys holds the keys that other programs rely on.
func TestSummaryKeys(t *testing.T) {
	b, err := sample().Encode()
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	has := func(m map[string]json.RawMessage, keys ...string) {
		t.Helper()
		for _, k := range keys {
			if _, ok := m[k]; !ok {
				t.Errorf("no key %q", k)
			}
		}
	}
	has(m, "schema", "status", "seed", "digest", "log_z", "log_z_se", "log_z_errors", "ess", "ess_fraction", "pareto_k",
		"evals", "seconds", "variables", "findings", "error")
	sub := func(raw json.RawMessage) (out map[string]json.RawMessage) {
		if err := json.Unmarshal(raw, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	has(sub(m["evals"]), "density", "gradient")
	has(sub(m["seconds"]), "total", "target", "sampler", "wire")
	vars := sub(m["variables"])
	has(vars, "beta[10]", "beta[2]")
	has(sub(vars["beta[10]"]), "mean", "sd", "q5", "q50", "q95", "ess_bulk", "ess_tail", "rhat", "mcse_mean")
	if string(m["pareto_k"]) != "null" {
		t.Errorf("pareto_k is %s", m["pareto_k"])
	}
	if text := string(b); strings.Index(text, "beta[10]") > strings.Index(text, "beta[2]") {
		t.Error("variables are not in the target's order")
	}
}
