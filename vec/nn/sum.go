package nn

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Sum is the sum of nets with the same inputs and outputs, such as Ridge plus MLP. Its conditions are theirs, one after
// the other.
type Sum[T vec.Float] struct{ Nets []Net[T] }

// NewSum checks that the nets agree.
func NewSum[T vec.Float](nets ...Net[T]) *Sum[T] {
	for _, n := range nets {
		if n.In() != nets[0].In() || n.Out() != nets[0].Out() {
			panic("nn: the nets of a sum need the same inputs and outputs")
		}
	}
	return &Sum[T]{nets}
}

func (s *Sum[T]) In() int   { return s.Nets[0].In() }
func (s *Sum[T]) Out() int  { return s.Nets[0].Out() }
func (s *Sum[T]) Cond() int { return total(s.Nets, Net[T].Cond) }
func (s *Sum[T]) Kept() int { return total(s.Nets, Net[T].Kept) }

// NewPass returns a pass.
func (s *Sum[T]) NewPass(a *tile.Arena[T], x tile.Tile[T], c *Cond[T]) Pass[T] {
	return &sumPass[T]{newTogether(s.Nets, a, x, c), a.Tile(s.Out(), x.P), a.Tile(s.Out(), x.P)}
}

type sumPass[T vec.Float] struct {
	*together[T]
	y, ty tile.Tile[T]
}

func (p *sumPass[T]) Forward(w *Params[T], keep []T) tile.Tile[T] {
	for i := range p.nets {
		p.gather(p.y, i, p.forward(w, i, &keep))
	}
	return p.y
}

func (p *sumPass[T]) Record(w *Params[T], kept []T) tile.Tile[T] {
	for i := range p.nets {
		p.gather(p.y, i, p.record(w, i, &kept))
	}
	return p.y
}

func (p *sumPass[T]) gather(dst tile.Tile[T], i int, y tile.Tile[T]) {
	if i == 0 {
		dst.Copy(y)
	} else {
		add(dst, dst, y)
	}
}

func (p *sumPass[T]) Backward(w *Params[T], dy tile.Tile[T], s Sink[T], wantDX bool) tile.Tile[T] {
	for i := range p.nets {
		p.backward(w, i, dy, s, wantDX)
	}
	return p.result(wantDX)
}

func (p *sumPass[T]) JVP(w, dw *Params[T], tx tile.Tile[T]) tile.Tile[T] {
	for i := range p.nets {
		p.gather(p.ty, i, p.jvp(w, dw, i, tx))
	}
	return p.ty
}

// Stack is several nets with the same inputs, their outputs one below the other: a drift and a log standard deviation from
// nets of their own, or all that depends on time alone.
type Stack[T vec.Float] struct{ Nets []Net[T] }

// NewStack checks that the nets agree.
func NewStack[T vec.Float](nets ...Net[T]) *Stack[T] {
	for _, n := range nets {
		if n.In() != nets[0].In() {
			panic("nn: the nets of a stack need the same inputs")
		}
	}
	return &Stack[T]{nets}
}

func (s *Stack[T]) In() int   { return s.Nets[0].In() }
func (s *Stack[T]) Out() int  { return total(s.Nets, Net[T].Out) }
func (s *Stack[T]) Cond() int { return total(s.Nets, Net[T].Cond) }
func (s *Stack[T]) Kept() int { return total(s.Nets, Net[T].Kept) }

// NewPass returns a pass.
func (s *Stack[T]) NewPass(a *tile.Arena[T], x tile.Tile[T], c *Cond[T]) Pass[T] {
	return &stackPass[T]{newTogether(s.Nets, a, x, c), a.Tile(s.Out(), x.P), a.Tile(s.Out(), x.P)}
}

type stackPass[T vec.Float] struct {
	*together[T]
	y, ty tile.Tile[T]
}

// rows is the part of t that belongs to net i.
func (p *stackPass[T]) rows(t tile.Tile[T], i int) tile.Tile[T] {
	from := total(p.nets[:i], Net[T].Out)
	return t.Slice(from, from+p.nets[i].Out())
}

func (p *stackPass[T]) Forward(w *Params[T], keep []T) tile.Tile[T] {
	for i := range p.nets {
		p.rows(p.y, i).Copy(p.forward(w, i, &keep))
	}
	return p.y
}

func (p *stackPass[T]) Record(w *Params[T], kept []T) tile.Tile[T] {
	for i := range p.nets {
		p.rows(p.y, i).Copy(p.record(w, i, &kept))
	}
	return p.y
}

func (p *stackPass[T]) Backward(w *Params[T], dy tile.Tile[T], s Sink[T], wantDX bool) tile.Tile[T] {
	for i := range p.nets {
		p.backward(w, i, p.rows(dy, i), s, wantDX)
	}
	return p.result(wantDX)
}

func (p *stackPass[T]) JVP(w, dw *Params[T], tx tile.Tile[T]) tile.Tile[T] {
	for i := range p.nets {
		p.rows(p.ty, i).Copy(p.jvp(w, dw, i, tx))
	}
	return p.ty
}

func total[T vec.Float](nets []Net[T], size func(Net[T]) int) (n int) {
	for _, net := range nets {
		n += size(net)
	}
	return n
}
