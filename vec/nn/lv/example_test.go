package lv_test

import (
	"fmt"

	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/lv"
	"github.com/sampan-mc/sampan/vec/nn/optim"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// A control that carries the origin to a normal at 2: the variance of the log weights falls.
func Example() {
	c := lv.Config{Paths: 128, P: 64, Cap: 1 << 20, Times: []float64{0}}
	for k := range 10 {
		c.Times, c.Sigma = append(c.Times, float64(k+1)/10), append(c.Sigma, 1)
	}
	target := func(_ int, logp []float64, x tile.Tile[float32]) {
		for i, v := range x.Row(0) {
			logp[i] = -float64((v - 2) * (v - 2))
		}
	}
	var layout nn.Layout
	net := nn.NewMLP[float32](&layout, "u", nn.MLPConfig{In: 1, Out: 1, Hidden: []int{16, 16}, Act: nn.GELU, Cond: true})
	clock := nn.NewMLP[float32](&layout, "clock", nn.MLPConfig{In: 1, Out: 16, Hidden: []int{16}, Act: nn.GELU, Head: 1})
	w := nn.NewParams[float32](&layout)
	w.Init(rng.NewKey(1, "init", 0))
	pool := par.NewPool(1)
	step, adam := lv.New(c, net, clock, &layout, pool, target), optim.New[float32](optim.Default, layout.Size())
	var first, last float64
	for i := range 100 {
		loss, norm := step.Gradient(w, rng.NewKey(1, "paths", 0), uint32(i))
		adam.Step(pool, w.Theta, step.Grad, norm, 1e-2)
		w.Refresh()
		if i == 0 {
			first = loss
		}
		last = loss
	}
	fmt.Printf("the variance fell to a tenth: %v\n", last < first/10)
	// Output:
	// the variance fell to a tenth: true
}
