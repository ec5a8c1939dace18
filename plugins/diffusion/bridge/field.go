package bridge

import (
	"github.com/sampan-mc/sampan/plugins/diffusion/flow"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// field is the velocity a + σ²(t−½)s, with its divergence.
type field struct {
	heads
	c []float32 // of the heads in the velocity
}

func newFlow(m *model, times []float64, theta []float32) *flow.Path {
	params := m.served(theta)
	return flow.NewPath(m.Dim, m.Reference, times, func() flow.Field[float32] {
		return &field{newHeads(m, params, learn.Lanes), make([]float32, m.Outputs()/m.Dim)}
	})
}

// At is flow.Field's. In the Gaussian case the velocity is ½ (log v)′ x.
func (f *field) At(t float64, x, v tile.Tile[float32], div []float32) {
	s0, sigma := f.Reference*f.Reference, f.Sigma*f.Sigma
	rate := (t - (1-t)*s0 + sigma*(0.5-t)) / f.law(t).v
	f.c[0], f.c[1] = 1, float32(sigma*(t-0.5))
	f.fill(t, x)
	y := f.pass.Record(f.params, nil)
	vec.Scale(v.Flat(), float32(rate), x.Flat())
	vec.Add(v.Flat(), v.Flat(), f.a(y).Flat())
	vec.Axpy(v.Flat(), f.c[1], f.s(y).Flat())
	for j := range div {
		div[j] = float32(float64(f.Dim) * rate)
	}
	f.pass.(nn.BlockDivergent[float32]).BlockDivergence(f.params, f.c, div)
}
