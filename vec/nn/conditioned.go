package nn

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Conditioned evaluates a net whose conditions are another net's outputs, a column for each particle. The conditioning
// net reads the last rows of the same input (time, or features of it), from row In() − Time.In() on.
type Conditioned[T vec.Float] struct{ Body, Time Net[T] }

// NewConditioned checks that the nets fit.
func NewConditioned[T vec.Float](body, time Net[T]) *Conditioned[T] {
	if time.Out() != body.Cond() || time.Cond() != 0 || time.In() > body.In() {
		panic("nn: the conditioning net's outputs must be the conditions of the other, and its inputs the last of the other's")
	}
	return &Conditioned[T]{body, time}
}

func (c *Conditioned[T]) In() int   { return c.Body.In() }
func (c *Conditioned[T]) Out() int  { return c.Body.Out() }
func (c *Conditioned[T]) Cond() int { return 0 }
func (c *Conditioned[T]) Kept() int { return c.Body.Kept() + c.Time.Kept() }

// NewPass returns a pass.
func (c *Conditioned[T]) NewPass(a *tile.Arena[T], x tile.Tile[T], _ *Cond[T]) Pass[T] {
	p := &conditionedPass[T]{Conditioned: c, p: x.P, from: c.In() - c.Time.In()}
	p.time = c.Time.NewPass(a, x.Slice(p.from, x.Rows), nil)
	p.cond.DTile = a.Tile(c.Body.Cond(), x.P)
	p.body = c.Body.NewPass(a, x, &p.cond)
	return p
}

type conditionedPass[T vec.Float] struct {
	*Conditioned[T]
	p, from    int
	body, time Pass[T]
	cond       Cond[T]
}

// parts cuts what is kept into the body's and the conditioning net's.
func (p *conditionedPass[T]) parts(kept []T) (body, time []T) {
	if kept == nil {
		return nil, nil
	}
	n := p.Body.Kept() * p.p
	return kept[:n], kept[n:]
}

func (p *conditionedPass[T]) Forward(w *Params[T], keep []T) tile.Tile[T] {
	body, time := p.parts(keep)
	p.cond.Tile = p.time.Forward(w, time)
	return p.body.Forward(w, body)
}

func (p *conditionedPass[T]) Record(w *Params[T], kept []T) tile.Tile[T] {
	body, time := p.parts(kept)
	p.cond.Tile = p.time.Record(w, time)
	return p.body.Record(w, body)
}

func (p *conditionedPass[T]) Backward(w *Params[T], dy tile.Tile[T], s Sink[T], wantDX bool) tile.Tile[T] {
	dx := p.body.Backward(w, dy, s, wantDX)
	dt := p.time.Backward(w, p.cond.DTile, s, wantDX)
	if wantDX {
		rows := dx.Slice(p.from, dx.Rows)
		add(rows, rows, dt)
	}
	return dx
}

func (p *conditionedPass[T]) JVP(w, dw *Params[T], tx tile.Tile[T]) tile.Tile[T] {
	t := tx
	if !tx.IsZero() {
		t = tx.Slice(p.from, tx.Rows)
	}
	p.cond.Tan = p.time.JVP(w, dw, t)
	return p.body.JVP(w, dw, tx)
}

// Chain is one net after another: the outputs of First are the inputs of Then. A time embedding and the layers on it are
// a Chain of Fourier and MLP.
type Chain[T vec.Float] struct{ First, Then Net[T] }

// NewChain checks that the nets fit.
func NewChain[T vec.Float](first, then Net[T]) *Chain[T] {
	if first.Out() != then.In() || first.Cond()+then.Cond() != 0 {
		panic("nn: the outputs of a chain's first net must be the inputs of the second, and it takes no conditions")
	}
	return &Chain[T]{first, then}
}

func (c *Chain[T]) In() int   { return c.First.In() }
func (c *Chain[T]) Out() int  { return c.Then.Out() }
func (c *Chain[T]) Cond() int { return 0 }
func (c *Chain[T]) Kept() int { return c.First.Kept() + c.Then.Kept() }

// NewPass returns a pass.
func (c *Chain[T]) NewPass(a *tile.Arena[T], x tile.Tile[T], _ *Cond[T]) Pass[T] {
	mid := a.Input(c.First.Out(), x.P)
	return &chainPass[T]{c, mid, c.First.NewPass(a, x, nil), c.Then.NewPass(a, mid, nil)}
}

type chainPass[T vec.Float] struct {
	*Chain[T]
	mid         tile.Tile[T]
	first, then Pass[T]
}

func (p *chainPass[T]) parts(kept []T) (first, then []T) {
	if kept == nil {
		return nil, nil
	}
	n := p.First.Kept() * p.mid.P
	return kept[:n], kept[n:]
}

func (p *chainPass[T]) Forward(w *Params[T], keep []T) tile.Tile[T] {
	first, then := p.parts(keep)
	p.mid.Slice(0, p.First.Out()).Copy(p.first.Forward(w, first))
	return p.then.Forward(w, then)
}

func (p *chainPass[T]) Record(w *Params[T], kept []T) tile.Tile[T] {
	first, then := p.parts(kept)
	p.mid.Slice(0, p.First.Out()).Copy(p.first.Record(w, first))
	return p.then.Record(w, then)
}

func (p *chainPass[T]) Backward(w *Params[T], dy tile.Tile[T], s Sink[T], wantDX bool) tile.Tile[T] {
	return p.first.Backward(w, p.then.Backward(w, dy, s, true), s, wantDX)
}

func (p *chainPass[T]) JVP(w, dw *Params[T], tx tile.Tile[T]) tile.Tile[T] {
	return p.then.JVP(w, dw, p.first.JVP(w, dw, tx))
}
