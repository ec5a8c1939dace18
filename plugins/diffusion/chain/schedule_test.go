package chain

import (
	"math"
	"slices"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/vec/rng"
)

// TestSchedules: integrals are those of the rates, add up to what was asked for, and the noise falls, but for the constant
// one, to what is said.
func TestSchedules(t *testing.T) {
	const total, cells = 5.05, 1 << 12
	for name, low := range map[string]float64{"constant": 1, "linear": lowest * lowest, "cosine": lowest * lowest, "vp": lowest} {
		r, times := NewRate(name, total), Uniform(cells)
		sum := 0.0
		for k := range cells {
			mid := r.At((times[k]+times[k+1])/2) / cells
			if got := r.Integral(times[k], times[k+1]); math.Abs(got-mid) > 1e-7/cells*total {
				t.Fatalf("%s: integral %v from %v on, wanted %v", name, got, times[k], mid)
			}
			if fall := r.At(times[k]) - r.At(times[k+1]); (low < 1) != (fall > 0) {
				t.Fatalf("%s: from %v on the rate falls by %v", name, times[k], fall)
			}
			sum += mid
		}
		if math.Abs(sum-total) > 1e-6 {
			t.Errorf("%s: the rate adds up to %v, wanted %v", name, sum, total)
		}
		if got := r.At(1) / r.At(0); math.Abs(got-low) > 1e-12 {
			t.Errorf("%s: falls to %v, wanted %v", name, got, low)
		}
	}
	if r := NewRate("vp", total); math.Abs(r.At(0)-10) > 1e-12 || math.Abs(r.At(1)-.1) > 1e-12 {
		t.Errorf("vp: from %v to %v, wanted from 10 to 0.1", r.At(0), r.At(1))
	}
}

// TestConstantControlOnClocks: on the clock of any schedule Brownian motion with the drift m ends in N(m, 1), so that every
// path has the same weight; not where its variance is (∫σ)², and not ∫σ².
func TestConstantControlOnClocks(t *testing.T) {
	const m, k = 1.5, 10
	c, w := constant[float64](control.Shape{Dim: 1}, m)
	spread := func(times []float64) float64 {
		b := batch(Brownian(1, times, 1), c, 64, gauss[float64]{m, 1, 1.234})
		simulate(t, b, w, 1)
		return slices.Max(b.LogW) - slices.Min(b.LogW) + math.Abs(b.LogW[0]-1.234)
	}
	for _, name := range Schedules {
		r := NewRate(name, 7)
		if s := spread(Clock(Uniform(k), r)); s > 1e-10 {
			t.Errorf("%s: log weights are off by %v", name, s)
		}
		root := 0.0
		for i := range 100 {
			root += math.Sqrt(r.At((float64(i)+.5)/100)/7) / 100
		}
		if s := spread(Scaled(Clock(Uniform(k), r), root*root)); name != "constant" && s < .1 {
			t.Errorf("%s: log weights are off by only %v with the wrong variance at the end", name, s)
		}
	}
}

// TestScheduleOfReversal: eight steps of the way back are one, whatever the schedule.
func TestScheduleOfReversal(t *testing.T) {
	for _, name := range Schedules {
		r := NewRate(name, 4)
		one := Reversal(1, Uniform(1), r, 1).Steps[0].Backward
		keep, left := 1.0, 0.0
		for _, s := range Reversal(1, Uniform(8), r, 1).Steps {
			left += keep * keep * s.Backward.Var
			keep *= s.Backward.Keep
		}
		if math.Abs(keep-one.Keep) > 1e-12 || math.Abs(left-one.Var) > 1e-12 {
			t.Errorf("%s: eight steps back keep %v with variance %v, one %v with %v", name, keep, left, one.Keep, one.Var)
		}
	}
}

// TestMeanWeightOfSchedules: E[w] = Z for controls that are anything but right, of each kind of chain and each schedule.
// The wrong twin is that of TestMeanWeight.
func TestMeanWeightOfSchedules(t *testing.T) {
	const n, k = 1 << 14, 4
	for i, name := range Schedules {
		r, times := NewRate(name, 3), Uniform(k)
		sizes := make([]float64, k)
		for j := range sizes {
			sizes[j] = r.Integral(times[j], times[j+1]) / 6
		}
		for kind, spec := range map[string]*Spec{
			"pis":       Brownian(1, Clock(times, r), 1),
			"dis":       Reversal(1, times, r, 1.3),
			"dis-euler": Euler(1, Uniform(2*k), r, 1.3, false),
			"dds":       Exponential(1, times, Rates(times, r), 1.1),
			"bridge":    Langevin(1, times, sizes, times, 1.2, Own),
		} {
			s := shape(spec, true)
			s.Active = 1
			c, w := random[float64](s, "mlp", .1)
			b := batch(spec, c, n, Target[float64](wavy[float64]{}))
			if err := b.Simulate(w, rng.NewKey(2, "paths", i), 0, 1); err != nil {
				t.Fatal(err)
			}
			if z := zScore(b.LogW, wavyLogZ); math.Abs(z) > 4.5 { // false alarms: 7e-6 each, were they normal
				t.Errorf("%s, %s: the mean weight is %.1f standard errors off Z", kind, name, z)
			}
		}
	}
}
