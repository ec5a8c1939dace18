package lv

import (
	"fmt"
	"testing"

	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
)

// BenchmarkStep is the step of a control in two dimensions: 2048 paths of 100 steps.
func BenchmarkStep(b *testing.B) {
	for _, h := range []int{64, 128, 256} {
		for _, cap := range []int{0, 1 << 30} {
			b.Run(fmt.Sprintf("H=%d/cap=%d", h, cap), func(b *testing.B) {
				const k = 100
				c := Config{Times: grid(k), Sigma: noise(k, 3), Paths: 2048, P: 64, Cap: cap}
				if h > 128 {
					c.P = 128
				}
				var layout nn.Layout
				net := nn.NewMLP[float32](&layout, "u", nn.MLPConfig{In: 2, Out: 2, Hidden: []int{h, h, h}, Act: nn.GELU, Cond: true})
				clock := nn.NewChain[float32](nn.NewFourier[float32](&layout, "clock", 32, 0.1, 100, nn.Init{Normal: 1}),
					nn.NewMLP[float32](&layout, "clock", nn.MLPConfig{In: 64, Out: h, Hidden: []int{h}, Act: nn.GELU, Head: 1}))
				w := nn.NewParams[float32](&layout)
				w.Init(rng.NewKey(1, "bench", 0))
				s := New(c, net, clock, &layout, par.NewPool(1), wells[float32])
				forward, backward := net.Flops()
				for b.Loop() {
					s.Gradient(w, rng.Key{1, 2}, 1)
				}
				b.ReportMetric((forward+backward)*float64(c.Paths)*k/1e9*float64(b.N)/b.Elapsed().Seconds(), "GF/s")
			})
		}
	}
}
