package mcmc

import (
	"context"
	"math"
	"testing"

	"github.com/sampan-mc/sampan/targets"
)

// TestFactorIsAChangeOfCoordinates: a trajectory in x with a factor is that of the transformed target in u, x = s∘(Lu),
// without one.
func TestFactorIsAChangeOfCoordinates(t *testing.T) {
	const d, steps = 3, 5
	factor := []float64{1.1, 0.3, 0.9, -0.4, 0.2, 0.7}
	scale := []float64{0.5, 2, 1}
	toX := func(u []float64) []float64 {
		x := make([]float64, d)
		lowerTimes(x, factor, u)
		for j := range x {
			x[j] *= scale[j]
		}
		return x
	}
	inner := gumbel(d)
	eval := func(x []float64) (float64, []float64) {
		b := targets.NewBatch(1, d, targets.LogP|targets.Grad)
		copy(b.X, x)
		if err := inner.Eval(context.Background(), b); err != nil {
			t.Fatal(err)
		}
		return b.LogP[0], b.Grad
	}
	moved := targets.Func("moved", targets.Reals("u", d), func(u, g []float64) float64 {
		lp, gx := eval(toX(u))
		if g != nil { // Lᵀ(s∘g)
			k := 0
			clear(g)
			for i := range d {
				for j := range i + 1 {
					g[j] += factor[k] * scale[i] * gx[i]
					k++
				}
			}
		}
		return lp
	})
	u0, p0 := []float64{0.2, -0.3, 0.5}, []float64{0.7, -1.1, 0.4}
	run := func(f Density, x []float64, tn Tuning) []float64 {
		m := NewMover(Kernel{Kind: HMC, Leapfrogs: steps}, 1, d, false, &Tally{})
		s := start(t, f, x, false, true)
		copy(m.y, x)
		copy(m.p, p0)
		for j, c := range tn.Scale {
			m.step[j] = tn.Step * c
		}
		m.factor = tn.Factor
		if err := m.integrate(context.Background(), f, 1, s, steps); err != nil {
			t.Fatal(err)
		}
		return append(append([]float64(nil), m.y...), append(m.p, m.Energy[0])...)
	}
	got := run(Plain(inner), toX(u0), Tuning{Step: 0.2, Scale: scale, Factor: factor})
	want := run(Plain(moved), u0, FirstTuning(HMC, d).withStep(0.2))
	copy(want, toX(want[:d]))
	for j := range want {
		if math.Abs(got[j]-want[j]) > 1e-12 {
			t.Errorf("entry %d of end point, momentum and energy: %v, want %v", j, got[j], want[j])
		}
	}
}

func (t Tuning) withStep(step float64) Tuning {
	t.Step = step
	return t
}
