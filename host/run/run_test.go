package run

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sampan-mc/sampan/host/config"
	"github.com/sampan-mc/sampan/host/record"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/smc/mcmc"
	"github.com/sampan-mc/sampan/targets"
)

func readRun(t *testing.T, text string) *config.Run {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.toml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := config.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestReferenceRule: the prior where there is one to draw from, else a wide normal that is warned of.
func TestReferenceRule(t *testing.T) {
	for _, test := range []struct {
		text, use string
		warned    bool
	}{
		{`target.use = "sonar"`, "prior", false},
		{`target.use = "german_credit_noprior"`, "normal", true},
		{`target.use = "gmm9"`, "normal", true},
		{"target.use = \"gmm9\"\nreference = {use = \"normal\", scale = 3}", "normal", false},
		{"target.use = \"sonar\"\nreference = {use = \"student\", scale = 3}", "student", false},
	} {
		c := readRun(t, test.text)
		s, err := prepare(context.Background(), c, Options{})
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
			continue
		}
		found := s.algorithm.(*populationRun).assumed("the path")
		if c.Reference.Use != test.use || (len(found) > 0) != test.warned {
			t.Errorf("%s: reference %q, findings %v; want %q, warned %v", test.text, c.Reference.Use, found, test.use, test.warned)
		}
		// The resolved file says the same, warning included.
		if again := readRun(t, c.Text()); again.Reference.Use != test.use || again.Reference.Assumed != test.warned {
			t.Errorf("%s: resolved to %+v", test.text, again.Reference)
		}
	}
}

// TestSummaryAgainstKnown: a run in memory has the errors that its numbers have.
func TestSummaryAgainstKnown(t *testing.T) {
	c := readRun(t, "target.use = \"conjugate_regression\"\nsampler.particles = 256\nsampler.islands = 2")
	sum, err := Start(context.Background(), c, filepath.Join(t.TempDir(), "run"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	known := mustTarget(t, "conjugate_regression").Info().Known
	e := sum.Error
	if got, want := float64(e.LogZ), float64(sum.LogZ)-known.LogZ; math.Abs(got-want) > 1e-12 {
		t.Errorf("log Z is off by %v in the summary, by %v in truth", got, want)
	}
	mean, sd := 0.0, 0.0
	for j, v := range sum.Variables {
		mean = max(mean, math.Abs(float64(v.Mean)-known.Mean[j])/known.SD[j])
		sd = max(sd, math.Abs(float64(v.SD)/known.SD[j]-1))
	}
	if math.Abs(float64(e.MeanMax)-mean) > 1e-12 || math.Abs(float64(e.SDMax)-sd) > 1e-12 {
		t.Errorf("moments off by %v, %v in the summary, by %v, %v in truth", e.MeanMax, e.SDMax, mean, sd)
	}
	if s := sum.Seconds; s.Total <= 0 || s.Target <= 0 || s.Target+s.Sampler+s.Wire > s.Total*(1+1e-9) {
		t.Errorf("seconds %+v", s)
	}
	if sum.Evals.Gradient == 0 || sum.Evals.Density != 0 {
		t.Errorf("evaluations %+v", sum.Evals)
	}
}

func mustTarget(t *testing.T, name string) targets.Density {
	t.Helper()
	d, err := targets.New(name, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestFlatNames(t *testing.T) {
	for _, test := range []struct {
		param targets.Param
		want  []string
	}{
		{targets.Param{Name: "mu"}, []string{"mu"}},
		{targets.Param{Name: "b", Shape: []int{2}}, []string{"b[0]", "b[1]"}},
		{targets.Param{Name: "L", Shape: []int{2, 2}}, []string{"L[0,0]", "L[0,1]", "L[1,0]", "L[1,1]"}},
	} {
		if d := cmp.Diff(test.want, flatNames(test.param)); d != "" {
			t.Error(d)
		}
	}
}

// TestChainsToPosterior: the engine's draw-major draws become chains.
func TestChainsToPosterior(t *testing.T) {
	r := &mcmc.Result{Chains: 2, Draws: 3, D: 1}
	r.X = []float64{10, 20, 11, 21, 12, 22}
	d := targets.Func("f", targets.Reals("x", 1), func(x, _ []float64) float64 { return 0 })
	tr, err := targets.NewTransform(d.Info().Params)
	if err != nil {
		t.Fatal(err)
	}
	p, err := ofChains(context.Background(), r, d, tr)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([][]float64{{10, 11, 12}, {20, 21, 22}}, p.column(0)); d != "" {
		t.Error(d)
	}
}

func TestAnnealingProgress(t *testing.T) {
	a := newAnnealing(smc.Config{Islands: 3})
	last := 0.0
	for i, r := range []smc.Report{
		{Stream: "pilot", Stage: 1, Beta: 0.01}, {Stream: "pilot", Stage: 2, Beta: 0.1}, {Stream: "pilot", Stage: 3, Beta: 1},
		{Stream: "island-0", Stage: 1, Stages: 3, Beta: 0.01}, {Stream: "island-1", Stage: 1, Stages: 3, Beta: 0.01},
		{Stream: "island-0", Stage: 3, Stages: 3, Beta: 1}, {Stream: "island-1", Stage: 3, Stages: 3, Beta: 1}, {Stream: "island-2", Stage: 3, Stages: 3, Beta: 1},
	} {
		f := a.report(r).Fraction
		if f <= last || f > 1+1e-12 {
			t.Errorf("report %d: fraction %v after %v", i, f, last)
		}
		if last = f; i == 2 && math.Abs(f-0.25) > 1e-12 {
			t.Errorf("a pilot before three islands is a quarter of the run, not %v", f)
		}
	}
	if math.Abs(last-1) > 1e-12 {
		t.Errorf("fraction %v at the end", last)
	}
}

func TestForWire(t *testing.T) {
	got := forWire(map[string]any{"y": []any{1.5, math.NaN(), []any{math.NaN()}}, "n": int64(3)})
	if d := cmp.Diff(map[string]any{"y": []any{1.5, nil, []any{nil}}, "n": int64(3)}, got); d != "" {
		t.Error(d)
	}
}

// TestResumedPluginChanged: a plugin other than the one the run began with is told of.
func TestResumedPluginChanged(t *testing.T) {
	dir := t.TempDir()
	f, err := record.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	file := filepath.Join(t.TempDir(), "p.py")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("one")
	s := &session{target: &Component{Files: []string{file}}, folder: f}
	if err := s.writePlugins(); err != nil {
		t.Fatal(err)
	}
	if err := s.comparePlugins(); err != nil || len(s.findings) != 0 {
		t.Errorf("the same plugin: %v, %v", err, s.findings)
	}
	write("two")
	if err := s.comparePlugins(); err != nil || len(s.findings) != 1 || !strings.Contains(s.findings[0].Text, "has changed") {
		t.Errorf("another plugin: %v, %v", err, s.findings)
	}
}

// TestKeeperHoldsTwo: whatever was held back, the last two snapshots are on disk at the end.
func TestKeeperHoldsTwo(t *testing.T) {
	f, err := record.Create(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	k := newKeeper(f)
	for i := range 6 {
		if err := k.save("s", i, []byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.flush(); err != nil {
		t.Fatal(err)
	}
	have, err := f.Checkpoints("s")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]int{4, 5}, have); d != "" {
		t.Error(d)
	}
}
