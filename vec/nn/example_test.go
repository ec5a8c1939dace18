package nn_test

import (
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/optim"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// A net learns sin 3x on (−1, 1) from 1024 points, in eight tiles of 128.
func Example() {
	const p, tiles, steps = 128, 8, 300
	var layout nn.Layout
	net := nn.NewMLP[float64](&layout, "sine", nn.MLPConfig{In: 1, Out: 1, Hidden: []int{32, 32}, Act: nn.Tanh})
	w := nn.NewParams[float64](&layout)
	w.Init(rng.NewKey(1, "init", 0))

	pool := par.NewPool(2)
	type worker struct {
		x, dy tile.Tile[float64]
		pass  nn.Pass[float64]
		sink  *nn.Gradient[float64]
	}
	workers := make([]worker, pool.Workers())
	for i := range workers {
		var a tile.Arena[float64]
		x := a.Input(1, p)
		workers[i] = worker{x, a.Tile(1, p), net.NewPass(&a, x, nil), nn.NewGradient[float64](&layout)}
	}

	slots, adam := optim.NewSlots[float64](layout.Size(), tiles), optim.New[float64](optim.Default, layout.Size())
	loss := make([]float64, slots.Count())
	rate := optim.Schedule{Peak: 1e-2, Steps: steps}
	for i := range steps {
		w.Refresh()
		pool.For(slots.Count(), func(id, slot int) {
			k := &workers[id]
			k.sink.G, loss[slot] = slots.Clear(slot), 0
			for t, end := slots.Tiles(slot); t < end; t++ {
				x := k.x.Row(0)
				for j := range x {
					x[j] = float64(2*(t*p+j)+1)/(tiles*p) - 1
				}
				y, dy := k.pass.Record(w, nil).Row(0), k.dy.Row(0)
				for j := range y {
					dy[j] = y[j] - math.Sin(3*x[j])
				}
				loss[slot] += vec.Dot(dy, dy) / (tiles * p)
				vec.Scale(dy, 2.0/(tiles*p), dy)
				k.pass.Backward(w, k.dy, k.sink, false)
			}
		})
		adam.Step(pool, w.Theta, slots.Grad, slots.Reduce(pool), rate.At(i))
	}
	total := 0.0
	for _, l := range loss {
		total += l
	}
	fmt.Println("mean square below 1e-4:", total < 1e-4)
	// Output:
	// mean square below 1e-4: true
}
