package jet

import (
	"fmt"
	"testing"

	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// BenchmarkDivergence is a field of two hidden layers, and its adjoint, on 512 points: as a bilinear form, and by jets.
func BenchmarkDivergence(b *testing.B) {
	const n = 512
	for _, d := range []int{1, 2, 5, 50} {
		f := Features{Dim: d, Scale: 1, Time: nn.Sinusoid{Harmonics: 2}}
		var l nn.Layout
		net := nn.NewMLP[float32](&l, "mu", nn.MLPConfig{In: f.Width(), Out: d, Hidden: []int{64, 64}, Act: nn.Tanh, Head: 1})
		w := nn.NewParams[float32](&l)
		w.Init(rng.NewKey(1, "bench", 0))
		for _, way := range []struct {
			name string
			p    int
			make func(in *Input[float32], a *tile.Arena[float32]) Field[float32]
		}{
			{"form", 64, func(in *Input[float32], a *tile.Arena[float32]) Field[float32] { return newTrace[float32](net, in, a) }},
			{"jets", 32, func(in *Input[float32], a *tile.Arena[float32]) Field[float32] {
				return newFieldJets[float32](net, in, a)
			}},
		} {
			b.Run(fmt.Sprintf("d=%d/%s", d, way.name), func(b *testing.B) {
				var a tile.Arena[float32]
				in := NewInput[float32](f, way.p, &a)
				q, field, g := draw[float32](d, way.p, 1), way.make(in, &a), nn.NewGradient[float32](&l)
				g.G = make([]float32, l.Size())
				for b.Loop() {
					field.Begin(w)
					for range n / way.p {
						in.Set(q.x, q.t)
						m, div := field.Forward(w)
						field.Backward(w, m, div, g)
						clear(m.Data)
						clear(div.Data)
					}
					field.End(w, g)
				}
			})
		}
	}
}
