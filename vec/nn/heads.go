package nn

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// HeadKind is what becomes of a row of a net's output.
type HeadKind int

const (
	// Free leaves outputs alone.
	Free HeadKind = iota
	// Bounded is Limit·tanh(v/Limit): the logarithm of a standard deviation that a step may be off by a factor e^Limit.
	Bounded
	// Positive is log(1+eᵛ): a variance or a step size.
	Positive
	// Clipped is v within ±Limit, without a slope beyond.
	Clipped
)

// Head is a run of output rows of one kind.
type Head struct {
	Rows  int
	Kind  HeadKind
	Limit float64 // of Bounded and Clipped; 0 means 1
}

// Heads gives runs of a net's outputs their ranges: a drift clipped, and a log standard deviation bounded, say.
// Conditions may shift outputs before that: with Shift there is one condition an output, after the body's.
type Heads[T vec.Float] struct {
	Body  Net[T]
	Heads []Head
	Shift bool
}

// NewHeads checks that the heads add up to the outputs of body.
func NewHeads[T vec.Float](body Net[T], shift bool, heads ...Head) *Heads[T] {
	n := 0
	for i, h := range heads {
		n += h.Rows
		if h.Limit == 0 {
			heads[i].Limit = 1
		}
	}
	if n != body.Out() {
		panic("nn: heads must add up to the outputs")
	}
	return &Heads[T]{body, heads, shift}
}

func (h *Heads[T]) In() int   { return h.Body.In() }
func (h *Heads[T]) Out() int  { return h.Body.Out() }
func (h *Heads[T]) Kept() int { return h.Body.Kept() }

func (h *Heads[T]) Cond() int {
	if h.Shift {
		return h.Body.Cond() + h.Out()
	}
	return h.Body.Cond()
}

// NewPass returns a pass.
func (h *Heads[T]) NewPass(a *tile.Arena[T], x tile.Tile[T], c *Cond[T]) Pass[T] {
	p := &headsPass[T]{Heads: h, cond: c}
	var inner *Cond[T]
	if h.Body.Cond() > 0 {
		inner = &p.bodyCond
	}
	p.body = h.Body.NewPass(a, x, inner)
	t := func() tile.Tile[T] { return a.Tile(h.Out(), x.P) }
	p.v, p.y, p.slope, p.dv = t(), t(), t(), t()
	return p
}

type headsPass[T vec.Float] struct {
	*Heads[T]
	body            Pass[T]
	cond            *Cond[T]
	bodyCond        Cond[T]
	v, y, slope, dv tile.Tile[T]
}

func (p *headsPass[T]) condition() { p.cond.part(&p.bodyCond, 0, p.Body.Cond()) }

func (p *headsPass[T]) finish(body tile.Tile[T]) tile.Tile[T] {
	p.v.Copy(body)
	if p.Shift {
		from := p.Body.Cond()
		for i := range p.v.Rows {
			r := p.v.Row(i)
			if p.cond.Row == nil {
				vec.Add(r, r, p.cond.Tile.Row(from+i))
				continue
			}
			c := p.cond.Row[from+i]
			for j := range r {
				r[j] += c
			}
		}
	}
	row := 0
	for _, h := range p.Heads.Heads {
		v, y, s := p.v.Slice(row, row+h.Rows).Flat(), p.y.Slice(row, row+h.Rows).Flat(), p.slope.Slice(row, row+h.Rows).Flat()
		applyHead(h, y, s, v)
		row += h.Rows
	}
	return p.y
}

// applyHead sets y to the head of v and s to its slope.
func applyHead[T vec.Float](h Head, y, s, v []T) {
	limit := T(h.Limit)
	switch h.Kind {
	case Free:
		copy(y, v)
		for i := range s {
			s[i] = 1
		}
	case Bounded:
		vec.Scale(v, 1/limit, v)
		vec.TanhD(y, s, v)
		vec.Scale(y, limit, y)
	case Positive:
		vec.SoftplusD(y, s, v)
	case Clipped:
		for i, x := range v {
			y[i], s[i] = min(max(x, -limit), limit), 1
			if x < -limit || x > limit {
				s[i] = 0
			}
		}
	default:
		panic("nn: no such head")
	}
}

func (p *headsPass[T]) Forward(w *Params[T], keep []T) tile.Tile[T] {
	p.condition()
	return p.finish(p.body.Forward(w, keep))
}

func (p *headsPass[T]) Record(w *Params[T], kept []T) tile.Tile[T] {
	p.condition()
	return p.finish(p.body.Record(w, kept))
}

func (p *headsPass[T]) Backward(w *Params[T], dy tile.Tile[T], s Sink[T], wantDX bool) tile.Tile[T] {
	p.condition()
	for i := range dy.Rows {
		vec.Mul(p.dv.Row(i), dy.Row(i), p.slope.Row(i))
	}
	if from := p.Body.Cond(); p.Shift && p.cond.DRow != nil {
		addRowSums(p.cond.DRow[from:], p.dv)
	} else if p.Shift && !p.cond.DTile.IsZero() {
		p.cond.DTile.Slice(from, from+p.Out()).Copy(p.dv)
	}
	return p.body.Backward(w, p.dv, s, wantDX)
}

func (p *headsPass[T]) JVP(w, dw *Params[T], tx tile.Tile[T]) tile.Tile[T] {
	p.condition()
	p.dv.Copy(p.body.JVP(w, dw, tx))
	if p.Shift && !p.cond.Tan.IsZero() {
		from := p.Body.Cond()
		add(p.dv, p.dv, p.cond.Tan.Slice(from, from+p.Out()))
	}
	vec.Mul(p.dv.Flat(), p.dv.Flat(), p.slope.Flat())
	return p.dv
}
