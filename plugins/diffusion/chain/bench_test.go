package chain

import (
	"math"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/lv"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// BenchmarkStep is a step of PIS by log variance, 2048 paths of 100 steps in two dimensions, as the vector core's own
// package lv makes it, and as this one does with the same net.
func BenchmarkStep(b *testing.B) {
	const k, paths, cap = 100, 2048, 1 << 30
	c, err := control.Build[float32](control.Shape{Dim: 2}, control.Arch{Kind: "mlp", Width: 64, Depth: 3, Act: nn.GELU}, control.Gates{})
	if err != nil {
		b.Fatal(err)
	}
	w := nn.NewParams[float32](&c.Layout)
	w.Init(rng.NewKey(1, "bench", 0))
	pool, target := par.NewPool(1), gauss[float32]{1, .5, 0}
	b.Run("lv", func(b *testing.B) {
		sigma := make([]float64, k)
		for i := range sigma {
			sigma[i] = 1
		}
		s := lv.New(lv.Config{Times: Uniform(k), Sigma: sigma, Paths: paths, P: 64, Cap: cap}, c.Net.Body, c.Clock, &c.Layout, pool,
			func(worker int, logp []float64, x tile.Tile[float32]) {
				target.Eval(worker, logp, tile.Tile[float32]{}, x)
			})
		for b.Loop() {
			if loss, _ := s.Gradient(w, rng.Key{1, 2}, 1); math.IsNaN(loss) {
				b.Fatal("no loss")
			}
		}
	})
	b.Run("chain", func(b *testing.B) {
		s := &Sampler[float32]{Spec: Brownian(2, Uniform(k), 1), Control: c, Inputs: control.Inputs{Shape: c.Net.Shape}}
		batch := NewBatch(s, paths, 64, cap, pool, Target[float32](target))
		coef := tile.Aligned[float32](paths)
		all := func(int) []float32 { return coef }
		for b.Loop() {
			if err := batch.Simulate(w, rng.Key{1, 2}, 1, 1); err != nil {
				b.Fatal(err)
			}
			LogVariance(coef, batch.LogW)
			batch.Back(w, all)
		}
	})
}
