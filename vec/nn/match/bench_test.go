package match

import (
	"fmt"
	"testing"

	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/optim"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
)

// BenchmarkStep draws 2048 samples and makes a step of Adam, with the average.
func BenchmarkStep(b *testing.B) {
	for _, h := range []int{96, 128} {
		for _, d := range []int{5, 50} {
			b.Run(fmt.Sprintf("H=%d/d=%d", h, d), func(b *testing.B) {
				const n, p = 2048, 64
				c := Config{Dim: d, Reference: 1, Sigma: 1, Base: true, Time: nn.Sinusoid{Harmonics: 2}}
				var layout nn.Layout
				net := nn.NewMLP[float32](&layout, "heads", nn.MLPConfig{In: c.Inputs(), Out: 2 * d, Hidden: []int{h, h, h}, Residual: true})
				w := nn.NewParams[float32](&layout)
				w.Init(rng.NewKey(1, "bench", 0))
				pool := par.NewPool(1)
				s, adam := NewStep(c, net, &layout, pool, gaussian[float32](d, 20000), n, p), optim.New[float32](optim.Default, layout.Size())
				forward, backward := net.Flops()
				i := uint32(0)
				for b.Loop() {
					_, norm := s.Gradient(w, rng.Key{1, 2}, i)
					adam.Step(pool, w.Theta, s.Grad, norm, 1e-3)
					w.Refresh()
					i++
				}
				b.ReportMetric((forward+backward)*n/1e9*float64(b.N)/b.Elapsed().Seconds(), "GF/s")
			})
		}
	}
}
