package pde

import (
	"context"

	"github.com/sampan-mc/sampan/plugins/diffusion/flow"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/jet"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// field is the drift μ̂ with its divergence.
type field struct {
	idle   int
	params *nn.Params[float32]
	in     *jet.Input[float32]
	mu     jet.Field[float32]
	now    []float32
}

func newField(p *path) *field {
	var a tile.Arena[float32]
	l := p.model.loss
	f := &field{idle: p.model.idle, params: p.params, in: jet.NewInput[float32](l.Features, learn.Lanes, &a), now: a.Slice(learn.Lanes)}
	f.mu = jet.NewField(l.Drift, f.in, &a)
	f.mu.Begin(p.params)
	return f
}

// At is flow.Field's. Idle coordinates stay where they are.
func (f *field) At(t float64, x, v tile.Tile[float32], div []float32) {
	for i := range f.now {
		f.now[i] = float32(t)
	}
	f.in.Set(x.Slice(f.idle, x.Rows), f.now)
	m, d := f.mu.Forward(f.params)
	v.Slice(0, f.idle).Fill(0)
	v.Slice(f.idle, v.Rows).Copy(m)
	copy(div, d.Data)
}

// driven moves by the flow alone.
type driven struct {
	by *flow.Integrator[float32]
	x  tile.Tile[float32]
}

func newDriven(p *path) *driven {
	return &driven{flow.NewIntegrator[float32](newField(p), p.times, p.model.dim, learn.Lanes), tile.New[float32](p.model.dim, learn.Lanes)}
}

func (d *driven) state() tile.Tile[float32] { return d.x }

func (d *driven) move(_ context.Context, ratio []float64, from, to int, _ rng.Key, _ uint32) error {
	d.by.Run(d.x, ratio, from, to)
	return nil
}
