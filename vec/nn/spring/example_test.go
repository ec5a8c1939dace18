package spring_test

import (
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/gram"
	"github.com/sampan-mc/sampan/vec/nn/spring"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Forty steps fit a small net to a sine: 64 samples, 321 parameters, one linear system of order 64 a step.
func Example() {
	const p = 64
	var layout nn.Layout
	var arena tile.Arena[float32]
	net := nn.NewMLP[float32](&layout, "net", nn.MLPConfig{In: 1, Out: 1, Hidden: []int{16, 16}, Act: nn.Tanh, Head: 1})
	w := nn.NewParams[float32](&layout)
	w.Init(rng.NewKey(1, "example", 0))

	x, one := arena.Input(1, p), arena.Tile(1, p)
	one.Fill(1)
	for i := range p {
		x.Row(0)[i] = 2*float32(i)/p - 1
	}
	pass := net.NewPass(&arena, x, nil)

	// A reverse pass with ones for cotangents tells the recorder all rows of the Jacobian at once.
	shape := &gram.Shape[float32]{P: p}
	pass.Record(w, nil)
	pass.Backward(w, one, shape, false)
	j := gram.NewJacobian[float32](p, p, layout.Size(), shape.Blocks)
	rec, s, r := gram.NewRecorder(j), spring.New(par.NewPool(1), spring.Default, j), make([]float32, p)
	for i := range 40 {
		y := pass.Record(w, nil)
		for k, v := range x.Row(0) {
			r[k] = y.Row(0)[k] - float32(math.Sin(4*float64(v)))
		}
		rec.Begin(0)
		pass.Backward(w, one, rec, false)
		rec.End()
		step := s.Step(w.Theta, r, j, 0.5)
		w.Refresh()
		if i == 0 || i == 39 {
			fmt.Printf("step %d: mean square below 1e-3: %v\n", i, step.Loss < 1e-3)
		}
	}
	// Output:
	// step 0: mean square below 1e-3: false
	// step 39: mean square below 1e-3: true
}
