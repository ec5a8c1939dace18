package nn

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Gated adds to the first N outputs of a net multiples of N rows of its input, the multipliers being conditions:
//
//	y_i = body_i + Σ_f gate_{f,i} · x_{Fields[f]+i},   i < N.
//
// With the (clipped) score of the target in rows Fields[0]… and gates that depend on time this is the score term of PIS,
// DDS and DIS (Zhang and Chen 2022; Vargas, Grathwohl and Doucet 2023; Berner, Richter and Ullrich 2024); with the state in
// them, a skip. The conditions are the body's and then N for each field. Gates usually come from a net that starts at a
// constant: an MLP with Head 0 and HeadBias 1.
type Gated[T vec.Float] struct {
	Body   Net[T]
	N      int
	Fields []int // the input row where each field begins
}

// NewGated checks that rows exist.
func NewGated[T vec.Float](body Net[T], n int, fields ...int) *Gated[T] {
	for _, f := range fields {
		if f < 0 || f+n > body.In() {
			panic("nn: a gated field lies outside the input")
		}
	}
	if n < 1 || n > body.Out() || len(fields) == 0 {
		panic("nn: gates need fields, and outputs to add them to")
	}
	return &Gated[T]{body, n, fields}
}

func (g *Gated[T]) In() int   { return g.Body.In() }
func (g *Gated[T]) Out() int  { return g.Body.Out() }
func (g *Gated[T]) Cond() int { return g.Body.Cond() + g.N*len(g.Fields) }
func (g *Gated[T]) Kept() int { return g.Body.Kept() }

// NewPass returns a pass.
func (g *Gated[T]) NewPass(a *tile.Arena[T], x tile.Tile[T], c *Cond[T]) Pass[T] {
	p := &gatedPass[T]{Gated: g, x: x, cond: c}
	var inner *Cond[T]
	if g.Body.Cond() > 0 {
		inner = &p.bodyCond
	}
	p.body = g.Body.NewPass(a, x, inner)
	p.y, p.dx, p.ty = a.Tile(g.Out(), x.P), a.Tile(g.In(), x.P), a.Tile(g.Out(), x.P)
	return p
}

type gatedPass[T vec.Float] struct {
	*Gated[T]
	x, y, dx, ty tile.Tile[T]
	cond         *Cond[T]
	bodyCond     Cond[T]
	body         Pass[T]
}

func (p *gatedPass[T]) condition() { p.cond.part(&p.bodyCond, 0, p.Body.Cond()) }

// gate is the place among the conditions of the gate of row i of field f.
func (p *gatedPass[T]) gate(f, i int) int { return p.Body.Cond() + f*p.N + i }

// times adds gate·x to y.
func (p *gatedPass[T]) times(y, x []T, gate int) {
	if p.cond.Row != nil {
		vec.Axpy(y, p.cond.Row[gate], x)
	} else {
		vec.MulAdd(y, p.cond.Tile.Row(gate), x, y)
	}
}

func (p *gatedPass[T]) finish(body tile.Tile[T]) tile.Tile[T] {
	p.y.Copy(body)
	for f, from := range p.Fields {
		for i := range p.N {
			p.times(p.y.Row(i), p.x.Row(from+i), p.gate(f, i))
		}
	}
	return p.y
}

func (p *gatedPass[T]) Forward(w *Params[T], keep []T) tile.Tile[T] {
	p.condition()
	return p.finish(p.body.Forward(w, keep))
}

func (p *gatedPass[T]) Record(w *Params[T], kept []T) tile.Tile[T] {
	p.condition()
	return p.finish(p.body.Record(w, kept))
}

func (p *gatedPass[T]) Backward(w *Params[T], dy tile.Tile[T], s Sink[T], wantDX bool) tile.Tile[T] {
	p.condition()
	dx := p.body.Backward(w, dy, s, wantDX)
	if wantDX {
		p.dx.Copy(dx)
	}
	for f, from := range p.Fields {
		for i := range p.N {
			g, d := p.gate(f, i), dy.Row(i)
			if p.cond.DRow != nil {
				p.cond.DRow[g] += T(vec.Dot(d, p.x.Row(from+i)))
			} else if !p.cond.DTile.IsZero() {
				vec.Mul(p.cond.DTile.Row(g), d, p.x.Row(from+i))
			}
			if wantDX {
				p.times(p.dx.Row(from+i), d, g)
			}
		}
	}
	if !wantDX {
		return tile.Tile[T]{}
	}
	return p.dx
}

func (p *gatedPass[T]) JVP(w, dw *Params[T], tx tile.Tile[T]) tile.Tile[T] {
	p.condition()
	p.ty.Copy(p.body.JVP(w, dw, tx))
	for f, from := range p.Fields {
		for i := range p.N {
			g, t := p.gate(f, i), p.ty.Row(i)
			if !tx.IsZero() {
				p.times(t, tx.Row(from+i), g)
			}
			if !p.cond.Tan.IsZero() {
				vec.MulAdd(t, p.cond.Tan.Row(g), p.x.Row(from+i), t)
			}
		}
	}
	return p.ty
}
