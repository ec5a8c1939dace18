package jet_test

import (
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/jet"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// The gradient of a net by jets and by reverse mode, at 8 points at once.
func Example() {
	const p = 8
	var layout nn.Layout
	var arena tile.Arena[float64]
	f := jet.Features{Dim: 2, Scale: 1, Time: nn.Sinusoid{Harmonics: 1}}
	net := nn.NewMLP[float64](&layout, "v", nn.MLPConfig{In: f.Width(), Out: 1, Hidden: []int{8, 8}, Act: nn.Tanh, Head: 1})
	w := nn.NewParams[float64](&layout)
	w.Init(rng.NewKey(1, "example", 0))

	in := jet.NewInput[float64](f, p, &arena)
	potential, slope := jet.NewPotential(net, in, &arena), jet.NewSlope(net, in, true, &arena)
	potential.Begin(w)
	slope.Begin(w)

	x, t := tile.New[float64](2, p), make([]float64, p)
	for i := range p {
		x.Row(0)[i], x.Row(1)[i], t[i] = float64(i), -1, 0.5
	}
	in.Set(x, t)
	a, b := potential.Forward(w), slope.Forward(w)
	fmt.Printf("they differ by less than 1e-12: %v\n", math.Abs(a.Grad.Row(0)[3]-b.Grad.Row(0)[3]) < 1e-12)
	fmt.Printf("only jets have a Laplacian: %v %v\n", !a.Lap.IsZero(), b.Lap.IsZero())
	// Output:
	// they differ by less than 1e-12: true
	// only jets have a Laplacian: true true
}
