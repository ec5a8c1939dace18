package pde

import (
	"context"

	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// pull is ∇V on a geometric path, which Langevin's steps follow: with it a way is an ensemble of annealed Langevin carried by the
// drift that is being trained.
type pull struct {
	base
	target  *space.Target[float32]
	y, grad tile.Tile[float32] // idle coordinates stay 0: the others' scores do not depend on them
	logp    []float64
	out     tile.Tile[float32]
}

func newPull(b base, f *space.Frame, target targets.Density, lanes int) *pull {
	return &pull{
		base: b, target: space.On[float32](f, target, 1, lanes), y: tile.New[float32](b.dim, lanes), grad: tile.New[float32](b.dim, lanes),
		logp: make([]float64, lanes), out: tile.New[float32](b.dim-b.idle, lanes),
	}
}

func (p *pull) use(ctx context.Context) { p.target.Use(ctx) }
func (p *pull) err() error              { return p.target.Err() }

// at is ∇V(x, t).
func (p *pull) at(x tile.Tile[float32], t float64) tile.Tile[float32] {
	active := p.y.Slice(p.idle, p.dim)
	active.Copy(x)
	p.target.Eval(0, p.logp, p.grad, p.y)
	sane(p.grad)
	l, _, m, _ := p.shares(t)
	s := p.out
	s.Copy(p.grad.Slice(p.idle, p.dim))
	vec.Scale(s.Flat(), float32(l), s.Flat())
	p.p0.pull(s, x, m)
	return s
}
