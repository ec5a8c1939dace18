package match_test

import (
	"fmt"

	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/match"
	"github.com/sampan-mc/sampan/vec/nn/optim"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
)

// A regression on bridges to a rough sample of a standard normal shifted by 3: the loss falls to what no net can explain.
func Example() {
	pilot := match.Pool[float32]{X: make([]float32, 1000), Score: make([]float32, 1000)}
	draws := make([]float64, 1000)
	rng.NewKey(1, "pilot", 0).Normals(draws, 0, 0, 0)
	for i, v := range draws {
		pilot.X[i], pilot.Score[i] = float32(3+v), float32(-v)
	}
	c := match.Config{Dim: 1, Reference: 1, Sigma: 1, Base: true, Time: nn.Sinusoid{Harmonics: 1}}
	var layout nn.Layout
	net := nn.NewMLP[float32](&layout, "heads", nn.MLPConfig{In: c.Inputs(), Out: 2 * c.Dim, Hidden: []int{16, 16}})
	w := nn.NewParams[float32](&layout)
	w.Init(rng.NewKey(1, "init", 0))
	pool := par.NewPool(1)
	step, adam := match.NewStep(c, net, &layout, pool, pilot, 256, 64), optim.New[float32](optim.Default, layout.Size())
	var first, last float64
	for i := range 200 {
		loss, norm := step.Gradient(w, rng.NewKey(1, "draw", 0), uint32(i))
		adam.Step(pool, w.Theta, step.Grad, norm, 1e-2)
		w.Refresh()
		if i == 0 {
			first = loss
		}
		last = loss
	}
	fmt.Printf("the loss fell by more than half: %v\n", last < first/2)
	// Output:
	// the loss fell by more than half: true
}
