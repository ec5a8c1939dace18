package chain

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/vec/cputime"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/lv"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// BenchmarkStep is a step of PIS by log variance, 2048 paths of 100 steps in two dimensions: what this package, which knows
// many chains, takes of the time that the vector core's package lv, which knows one, takes for the same net. Processor time,
// in turns; the median.
func BenchmarkStep(b *testing.B) {
	const k, paths, cap, rounds = 100, 2048, 1 << 30, 9
	for _, width := range []int{64, 128, 256} {
		b.Run(fmt.Sprintf("H=%d", width), func(b *testing.B) {
			c, err := control.Build[float32](control.Shape{Dim: 2}, control.Arch{Kind: "mlp", Width: width, Depth: 3, Act: nn.GELU}, control.Gates{})
			if err != nil {
				b.Fatal(err)
			}
			w := nn.NewParams[float32](&c.Layout)
			w.Init(rng.NewKey(1, "bench", 0))
			pool, target := par.NewPool(1), gauss[float32]{1, .5, 0}
			sigma := slices.Repeat([]float64{1}, k)
			core := lv.New(lv.Config{Times: Uniform(k), Sigma: sigma, Paths: paths, P: 64, Cap: cap}, c.Net.Body, c.Clock, &c.Layout, pool,
				func(worker int, logp []float64, x tile.Tile[float32]) {
					target.Eval(worker, logp, tile.Tile[float32]{}, x)
				})
			s := &Sampler[float32]{Spec: Brownian(2, Uniform(k), 1), Control: c, Inputs: control.Inputs{Shape: c.Net.Shape}}
			batch := NewBatch(s, paths, 64, cap, pool, Target[float32](target))
			coef := tile.Aligned[float32](paths)
			all := func(int) []float32 { return coef }
			ours := func() {
				if err := batch.Simulate(w, rng.Key{1, 2}, 1, 1); err != nil {
					b.Fatal(err)
				}
				LogVariance(coef, batch.LogW)
				batch.Back(w, all)
			}
			theirs := func() {
				if loss, _ := core.Gradient(w, rng.Key{1, 2}, 1); math.IsNaN(loss) {
					b.Fatal("no loss")
				}
			}
			for b.Loop() {
				ratio, seconds := cputime.Ratio(rounds, theirs, ours)
				b.ReportMetric(ratio, "of-lv")
				b.ReportMetric(1e3*seconds, "ms")
			}
		})
	}
}
