package gram_test

import (
	"math"
	"testing"

	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/gram"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// TestNets: for every kind of net the Gram matrix is that of gradients taken one sample at a time. The residual is a fixed
// combination of the outputs.
func TestNets(t *testing.T) {
	const d, p, n = 3, 4, 8
	for name, build := range map[string]func(l *nn.Layout) nn.Net[float64]{
		"plain": func(l *nn.Layout) nn.Net[float64] {
			return nn.NewMLP[float64](l, "n", nn.MLPConfig{In: d + 1, Out: 2, Hidden: []int{6, 5}, Act: nn.GELU, Head: 1})
		},
		"residual": func(l *nn.Layout) nn.Net[float64] {
			return nn.NewMLP[float64](l, "n", nn.MLPConfig{In: d + 1, Out: 2, Hidden: []int{6, 6, 6}, Residual: true, Head: 1})
		},
		"per dimension": func(l *nn.Layout) nn.Net[float64] {
			return nn.NewPerDim[float64](l, "n", nn.PerDimConfig{Dim: d, Fields: 1, Shared: 1, EmbedDim: 2, Outs: 1, MLP: nn.MLPConfig{Hidden: []int{6, 5}, Head: 1}})
		},
		"ridge and plain": func(l *nn.Layout) nn.Net[float64] {
			r := nn.NewRidge[float64](l, "r", nn.RidgeConfig{Dim: d, Directions: 4, Shared: 1, EmbedDim: 2, MLP: nn.MLPConfig{Hidden: []int{6, 5}, Head: 1}})
			return nn.NewSum[float64](r, nn.NewMLP[float64](l, "n", nn.MLPConfig{In: d + 1, Out: d, Hidden: []int{6}, Head: 1}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			var l nn.Layout
			var a tile.Arena[float64]
			net := build(&l)
			w := nn.NewParams[float64](&l)
			w.Init(rng.NewKey(1, "test", 0))
			in, dy := a.Input(d+1, p), a.Tile(net.Out(), p)
			pass := net.NewPass(&a, in, nil)
			record := func(tile int) {
				rng.NewKey(2, "test", 0).Normals(in.Slice(0, d+1).Flat(), uint32(tile), 0, 0)
				pass.Record(w, nil)
			}
			fill := func(only int) {
				dy.Fill(0)
				for i := range dy.Rows {
					for q := range p {
						if only < 0 || q == only {
							dy.Row(i)[q] = 1 + float64(i)
						}
					}
				}
			}
			shape := &gram.Shape[float64]{P: p}
			record(0)
			fill(-1)
			pass.Backward(w, dy, shape, false)
			j := gram.NewJacobian[float64](n, p, l.Size(), shape.Blocks)
			rec := gram.NewRecorder(j)
			var rows [n][]float64
			for tile := range n / p {
				record(tile)
				fill(-1)
				rec.Begin(tile)
				pass.Backward(w, dy, rec, false)
				rec.End()
				for q := range p {
					g := nn.NewGradient[float64](&l)
					g.G = make([]float64, l.Size())
					fill(q)
					pass.Backward(w, dy, g, false)
					rows[tile*p+q] = g.G
				}
			}
			k := make([]float64, n*n)
			gram.NewWorker(par.NewPool(2), j).Gram(k, j)
			for a := range n {
				for b := range n {
					want := 0.0
					for i, v := range rows[a] {
						want += v * rows[b][i]
					}
					if e := math.Abs(k[a*n+b] - want); !(e < 1e-12*(1+math.Abs(want))) {
						t.Fatalf("Gram[%d,%d] is %g, want %g", a, b, k[a*n+b], want)
					}
				}
			}
		})
	}
}
