package bench

import (
	"context"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sampan-mc/sampan/vec"
)

// TestReport: the JSON has the keys that scripts read, and what is in it are numbers, or null where nothing was counted.
func TestReport(t *testing.T) {
	last := 0.0
	r, err := Core(t.Context(), Options{
		Quick: true, Only: regexp.MustCompile(`^(exp|gemm-forward) f\d\d (n=4096|H=64 P=64)$|^(matching f32 d=5 .* H=96|spring)`),
		Progress: func(fraction float64, what string) {
			if fraction < last || fraction > 1 || what == "" {
				t.Errorf("progress went from %g to %g with %q", last, fraction, what)
			}
			last = fraction
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	keys(t, "report", doc, "clock_ghz cores cpu fma_peak go isa kernels load scaling train_step version")
	peak := doc["fma_peak"].(map[string]any)
	keys(t, "fma_peak", peak, "f32 f64")
	if doc["isa"] != vec.Level() || !positive(peak["f32"]) || !positive(peak["f64"]) {
		t.Errorf("isa %v, peak %v", doc["isa"], peak)
	}

	kernels := doc["kernels"].([]any)
	if len(kernels) != 4 {
		t.Errorf("%d kernels, want 4", len(kernels))
	}
	for _, k := range kernels {
		k := k.(map[string]any)
		keys(t, "kernel", k, "cycles_per_element dtype fraction gflops name ns_per_element rounds shape")
		product := strings.HasPrefix(k["name"].(string), "gemm")
		if positive(k["gflops"]) != product || positive(k["fraction"]) != product || !positive(k["ns_per_element"]) {
			t.Errorf("found %v", k)
		}
		if known := vec.Level() != "generic"; positive(k["cycles_per_element"]) != known {
			t.Errorf("found %v on level %s", k, vec.Level())
		}
	}

	steps := doc["train_step"].([]any)
	if len(steps) != 2 {
		t.Fatalf("%d steps, want 2", len(steps))
	}
	for i, name := range []string{"matching", "spring"} {
		s := steps[i].(map[string]any)
		keys(t, "step", s, "dtype fraction gflops ms name rounds shape workers")
		if s["name"] != name || s["dtype"] != "f32" || s["workers"] != 1. || !positive(s["ms"]) || positive(s["fraction"]) != (name == "matching") {
			t.Errorf("found %v", s)
		}
	}
	if steps[0].(map[string]any)["shape"] != "d=5 B=2048 H=96" {
		t.Errorf("found %v", steps[0])
	}
}

func keys(t *testing.T, what string, m map[string]any, want string) {
	t.Helper()
	if got := strings.Join(slices.Sorted(maps.Keys(m)), " "); got != want {
		t.Errorf("%s has the keys\n%s, want\n%s", what, got, want)
	}
}

func positive(v any) bool {
	x, ok := v.(float64)
	return ok && x > 0
}

// quick is a meter that is content with one round.
func quick(t *testing.T) *meter {
	return &meter{ctx: t.Context(), rounds: 1, budget: time.Second, shown: func(float64) {}, rates: make(map[dtype][]float64)}
}

// TestForms: the fastest form of a step is the step, and both stand beside it.
func TestForms(t *testing.T) {
	short := step{name: "toy", shape: "n=1", forms: []string{"slow", "fast"}, prepare: func(form string, _ int) (func(), float64) {
		n := map[string]int{"slow": 1 << 12, "fast": 1 << 9}[form]
		return func() { vec.MultiplyAdds[float32](n) }, vec.MultiplyAdds[float32](1 << 9)
	}}
	r := new(Report)
	if err := short.alone().run(quick(t), r); err != nil {
		t.Fatal(err)
	}
	s := r.Steps[0]
	if len(s.Forms) != 2 || s.MS != s.Forms[s.Form] || s.MS != min(s.Forms["slow"], s.Forms["fast"]) {
		t.Errorf("found %+v", s)
	}
}

// TestScaling: a row for each number of workers, the last one for all of them.
func TestScaling(t *testing.T) {
	r := new(Report)
	if err := springStep().over(3).run(quick(t), r); err != nil {
		t.Fatal(err)
	}
	var workers []int
	for _, o := range r.Scaling[0].Over {
		workers = append(workers, o.Workers)
		if o.CPU <= 0 || o.Wall <= 0 || o.SpeedUp <= 0 || o.Best <= 0 {
			t.Errorf("found %+v", o)
		}
	}
	if !slices.Equal(workers, []int{1, 2, 3}) || r.Scaling[0].Over[0].SpeedUp != 1 {
		t.Errorf("found %+v", r.Scaling[0])
	}
}

// TestEverythingRuns: each job fills in one line.
func TestEverythingRuns(t *testing.T) {
	all, err := chosen(nil)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, j := range all {
		if seen[j.label()] {
			t.Errorf("two jobs are called %q", j.label())
		}
		seen[j.label()] = true
		if j.seconds > 1.2 || testing.Short() { // the larger steps differ from smaller ones in numbers alone
			continue
		}
		r := new(Report)
		if err := j.run(quick(t), r); err != nil {
			t.Errorf("%s: %v", j.label(), err)
		}
		if len(r.Kernels)+len(r.Steps)+len(r.Scaling) != 1 {
			t.Errorf("%s left %d kernels, %d steps, %d scalings", j.label(), len(r.Kernels), len(r.Steps), len(r.Scaling))
		}
	}
}

func TestPatternWithoutMatch(t *testing.T) {
	err := Matches(regexp.MustCompile("gem-forward"))
	if err == nil || !strings.Contains(err.Error(), "gemm-forward, ") || !strings.Contains(err.Error(), "gemm-forward f32 H=64 P=64") {
		t.Errorf("found %v", err)
	}
	if err := Matches(regexp.MustCompile("^lv f32 .* H=128")); err != nil {
		t.Error(err)
	}
	if _, err := Core(context.Background(), Options{Only: regexp.MustCompile("^$")}); err == nil {
		t.Error("a report without anything in it")
	}
}
