package nn

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Mirrored is a net made even or odd in its first Dim inputs x, whatever the others, u, are:
//
//	½(N(x, u) + N(−x, u))          Odd: ½(N(x, u) − N(−x, u))
//
// for twice the work. The same numbers enter both halves, so that the symmetry is exact to the bit.
type Mirrored[T vec.Float] struct {
	Net Net[T]
	Dim int
	Odd bool
}

// NewMirrored checks that the net has such inputs, and no conditions.
func NewMirrored[T vec.Float](net Net[T], dim int, odd bool) *Mirrored[T] {
	if dim < 1 || dim > net.In() || net.Cond() > 0 {
		panic("nn: a mirrored net needs inputs to mirror, and takes no conditions")
	}
	return &Mirrored[T]{net, dim, odd}
}

func (m *Mirrored[T]) In() int   { return m.Net.In() }
func (m *Mirrored[T]) Out() int  { return m.Net.Out() }
func (m *Mirrored[T]) Cond() int { return 0 }
func (m *Mirrored[T]) Kept() int { return 2 * m.Net.Kept() }

// Reflect sets dst to x with the first dim rows of the other sign.
func Reflect[T vec.Float](dst, x tile.Tile[T], dim int) {
	dst.Copy(x)
	for i := range dim {
		vec.Scale(dst.Row(i), -1, dst.Row(i))
	}
}

// Halve sets a to ½(a + b), or ½(a − b).
func Halve[T vec.Float](a, b tile.Tile[T], minus bool) {
	sign := T(0.5)
	if minus {
		sign = -sign
	}
	for i := range a.Rows {
		vec.Scale(a.Row(i), 0.5, a.Row(i))
		vec.Axpy(a.Row(i), sign, b.Row(i))
	}
}

// NewPass returns a pass.
func (m *Mirrored[T]) NewPass(a *tile.Arena[T], x tile.Tile[T], _ *Cond[T]) Pass[T] {
	p := &mirroredPass[T]{Mirrored: m, x: x, other: a.Input(m.In(), x.P)}
	p.there, p.back = m.Net.NewPass(a, x, nil), m.Net.NewPass(a, p.other, nil)
	p.y, p.dy, p.dx, p.tx = a.Tile(m.Out(), x.P), a.Tile(m.Out(), x.P), a.Tile(m.In(), x.P), a.Tile(m.In(), x.P)
	return p
}

type mirroredPass[T vec.Float] struct {
	*Mirrored[T]
	x, other      tile.Tile[T]
	there, back   Pass[T]
	y, dy, dx, tx tile.Tile[T]
}

// halves cuts what is kept in two.
func (p *mirroredPass[T]) halves(kept []T) (a, b []T) {
	if kept == nil {
		return nil, nil
	}
	n := p.Net.Kept() * p.x.P
	return kept[:n:n], kept[n:]
}

func (p *mirroredPass[T]) Forward(w *Params[T], keep []T) tile.Tile[T] {
	Reflect(p.other, p.x, p.Dim)
	a, b := p.halves(keep)
	p.y.Copy(p.there.Forward(w, a))
	Halve(p.y, p.back.Forward(w, b), p.Odd)
	return p.y
}

func (p *mirroredPass[T]) Record(w *Params[T], kept []T) tile.Tile[T] {
	Reflect(p.other, p.x, p.Dim)
	a, b := p.halves(kept)
	p.y.Copy(p.there.Record(w, a))
	Halve(p.y, p.back.Record(w, b), p.Odd)
	return p.y
}

func (p *mirroredPass[T]) Backward(w *Params[T], dy tile.Tile[T], s Sink[T], wantDX bool) tile.Tile[T] {
	for i := range dy.Rows {
		vec.Scale(p.dy.Row(i), 0.5, dy.Row(i))
	}
	if dx := p.there.Backward(w, p.dy, s, wantDX); wantDX {
		p.dx.Copy(dx)
	}
	if p.Odd {
		vec.Scale(p.dy.Flat(), -1, p.dy.Flat())
	}
	dx := p.back.Backward(w, p.dy, s, wantDX)
	if !wantDX {
		return tile.Tile[T]{}
	}
	for i := range p.dx.Rows {
		if i < p.Dim {
			vec.Sub(p.dx.Row(i), p.dx.Row(i), dx.Row(i))
		} else {
			vec.Add(p.dx.Row(i), p.dx.Row(i), dx.Row(i))
		}
	}
	return p.dx
}

func (p *mirroredPass[T]) JVP(w, dw *Params[T], tx tile.Tile[T]) tile.Tile[T] {
	p.y.Copy(p.there.JVP(w, dw, tx))
	if !tx.IsZero() {
		Reflect(p.tx, tx, p.Dim)
		tx = p.tx
	}
	Halve(p.y, p.back.JVP(w, dw, tx), p.Odd)
	return p.y
}
