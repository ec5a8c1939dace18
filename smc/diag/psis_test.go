package diag

import (
	"math"
	"testing"

	"github.com/sampan-mc/sampan/vec/rng"
)

func TestParetoKThreshold(t *testing.T) {
	for s, want := range map[int]float64{100: 0.5, 1000: 2.0 / 3, 10000: 0.7} {
		if got := ParetoKThreshold(s); !near(got, want, 1e-12) {
			t.Errorf("%d weights: %v, want %v", s, got, want)
		}
	}
}

// TestParetoKOfKnownTails: weights u^(−k) have tail index k exactly; the estimate has a standard deviation of about
// (1 + k)/√300 = 0.1 for 10 000 draws, and is pulled towards one half by 10/310 of the way. Five of these either way.
func TestParetoKOfKnownTails(t *testing.T) {
	u := make([]float64, 10000)
	rng.NewKey(1, "pareto", 0).Uniforms(u, 0, 0, 0)
	for _, k := range []float64{0.1, 0.5, 0.9, 1.5} {
		logW := make([]float64, len(u))
		for i := range u {
			logW[i] = -k * math.Log(u[i])
		}
		if got := ParetoK(logW); math.Abs(got-k) > 0.1*(1+k)/2*5 {
			t.Errorf("tail index %v: estimate %v", k, got)
		}
		dead := append([]float64{math.Inf(-1), math.Inf(-1)}, logW...)
		if got, want := ParetoK(dead), ParetoK(logW); got != want {
			t.Errorf("dead particles change k from %v to %v", want, got)
		}
		for i := range logW {
			logW[i] += 1e4
		}
		if got, want := ParetoK(logW), ParetoK(dead); !near(got, want, 1e-8) {
			t.Errorf("a constant changes k from %v to %v", want, got)
		}
	}
}

func TestParetoKEdges(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	many := func(f func(i int) float64) []float64 {
		w := make([]float64, 100)
		for i := range w {
			w[i] = f(i)
		}
		return w
	}
	for _, c := range []struct {
		name string
		w    []float64
		want float64
	}{
		{"none", nil, nan},
		{"few", []float64{0, 1, 2, 3}, nan},
		{"equal", many(func(int) float64 { return -3 }), nan},
		{"equal where alive", many(func(i int) float64 { return []float64{0, -inf}[i%2] }), nan},
		{"all dead", many(func(int) float64 { return -inf }), nan},
		{"a NaN", many(func(i int) float64 { return []float64{float64(i), nan}[i/99] }), nan},
		{"tied tail", many(func(i int) float64 { return math.Min(float64(i), 60) }), inf},
	} {
		if got := ParetoK(c.w); !near(got, c.want, 0) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		if k, smoothed := PSIS(c.w); !near(k, c.want, 0) || len(smoothed) != len(c.w) {
			t.Errorf("%s: PSIS %v with %d weights", c.name, k, len(smoothed))
		}
	}
}
