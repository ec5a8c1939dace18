package bridge

import (
	"context"

	"github.com/sampan-mc/sampan/plugins/diffusion/flow"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// field is the velocity a + σ²(t−½)s, with its divergence.
type field struct {
	head
	c    []float32 // of the heads in the velocity
	tx   tile.Tile[float32]
	hv   tile.Tile[float32]
	unit tile.Tile[float32]
}

func newFlow(m *model, times []float64, theta []float32, f *space.Frame, target targets.Density) *flow.Path {
	params := nn.NewParams[float32](&m.layout)
	copy(params.Theta, theta)
	params.Refresh()
	return flow.NewPath(m.Dim, m.Reference, times, func() flow.Worker {
		return &field{
			head: newHead(m, params, f, target, learn.Lanes), c: append([]float32{1}, make([]float32, m.Outputs()/m.Dim-1)...), tx: tile.New[float32](m.Inputs(), learn.Lanes),
			hv: tile.New[float32](m.Dim, learn.Lanes), unit: tile.New[float32](m.Dim, learn.Lanes),
		}
	})
}

func (f *field) Use(ctx context.Context) {
	if f.target != nil {
		f.target.Use(ctx)
	}
}

func (f *field) Err() error {
	if f.target != nil {
		return f.target.Err()
	}
	return nil
}

// At is flow.Field's.
func (f *field) At(t float64, x, v tile.Tile[float32], div []float32) {
	l, c := f.law(t), f.Sigma*f.Sigma*(t-0.5)
	f.fill(t, x)
	y := f.pass.Record(f.params, nil)
	s0, sigma := f.Reference*f.Reference, f.Sigma*f.Sigma
	base := (t - (1-t)*s0 + sigma*(0.5-t)) / l.v // half the rate of log v
	vec.Scale(v.Flat(), float32(base), x.Flat())
	vec.Add(v.Flat(), v.Flat(), f.a(y).Flat())
	vec.Axpy(v.Flat(), float32(c), f.s(y).Flat())
	for j := range div {
		div[j] = float32(float64(f.Dim) * base)
	}
	f.c[1] = float32(c)
	if f.Extra == 0 {
		f.pass.(nn.BlockDivergent[float32]).BlockDivergence(f.params, f.c, div)
		return
	}
	f.tangents(div, x, float32(c))
}

// tangents adds the divergence by one tangent a dimension.
func (f *field) tangents(div []float32, x tile.Tile[float32], c float32) {
	from := f.Dim + f.Time.Rows()
	for i := range f.Dim {
		f.tx.Fill(0)
		f.tx.Slice(i, i+1).Fill(1)
		if f.Extra > 0 {
			f.unit.Fill(0)
			f.unit.Slice(i, i+1).Fill(1)
			f.target.HVP(0, f.hv, x, f.unit)
			for k, bend := range f.bend {
				th, dst, hv := f.in.Row(from+k), f.tx.Row(from+k), f.hv.Row(k)
				for j := range dst {
					dst[j] = (1 - th[j]*th[j]) * hv[j] / bend
				}
			}
		}
		ty := f.pass.JVP(f.params, nil, f.tx)
		vec.Add(div, div, f.a(ty).Row(i))
		vec.Axpy(div, c, f.s(ty).Row(i))
	}
}
