package pinn_test

import (
	"fmt"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/jet"
	"github.com/sampan-mc/sampan/vec/nn/pinn"
	"github.com/sampan-mc/sampan/vec/nn/spring"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
)

// The drift that carries N(0, I) to N(1, I) in two dimensions, along the path V = −½|x|² + t Σ x_i + t(1−t)φ but for what
// depends on t alone: 40 steps of Gauss–Newton on the continuity equation.
func Example() {
	const dim, points, p = 2, 128, 32
	var layout nn.Layout
	loss := pinn.New[float32](&layout, "flow", pinn.Config{
		Equation: pinn.LogCE,
		Features: jet.Features{Dim: dim, Scale: 0.5, Time: nn.Sinusoid{Harmonics: 1}},
		Hidden:   []int{16, 16}, Act: nn.Tanh, Head: 0.1,
		Known: true, Norms: 2, // z_1 t + z_2 t²
	})
	w := nn.NewParams[float32](&layout)
	w.Init(rng.NewKey(1, "example", 0))
	loss.Start(par.NewPool(1), &layout, p)

	batch, r, j := pinn.NewBatch[float32](dim, points, p, true, 2), make([]float32, points), loss.NewJacobian(w, points)
	s := spring.New(par.NewPool(1), spring.Default, j)
	var first, last spring.Step
	for i := range 40 {
		for n, q := range batch.Tiles {
			vec.Normals(q.X.Data, p, dim, p, rng.Key{1, 2}, uint32(n*p), uint32(i), 0)
			vec.Uniforms(q.Time, p, 1, p, rng.Key{1, 2}, uint32(n*p), uint32(i), 1)
			k := q.Known
			clear(k.Rate)
			for c, t := range q.Time {
				for d := range dim {
					q.X.Row(d)[c] += t
					k.Rate[c] += q.X.Row(d)[c]
					k.Grad.Row(d)[c] = t - q.X.Row(d)[c]
				}
				k.Gain[c], k.GainRate[c] = t*(1-t), 1-2*t
				k.Norm.Row(0)[c], k.Norm.Row(1)[c] = 1, 2*t
			}
		}
		loss.Jacobian(r, j, w, batch)
		last = s.Step(w.Theta, r, j, 0.5)
		w.Refresh()
		if i == 0 {
			first = last
		}
	}
	fmt.Printf("mean square residual: %.1f, then below 1e-2: %v\n", first.Loss, last.Loss < 1e-2)
	z := w.Of(loss.Norm())
	fmt.Printf("log of the norm at t = 1, exactly 1: %.1f\n", z[0]+z[1])
	// Output:
	// mean square residual: 3.6, then below 1e-2: true
	// log of the norm at t = 1, exactly 1: 1.0
}
