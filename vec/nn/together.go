package nn

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// together is what passes of several nets over one input share: each net's pass, its part of the conditions and of what
// is kept, and the sum of their input adjoints.
type together[T vec.Float] struct {
	nets  []Net[T]
	pass  []Pass[T]
	cond  *Cond[T]
	parts []Cond[T]
	p     int
	dx    tile.Tile[T]
}

func newTogether[T vec.Float](nets []Net[T], a *tile.Arena[T], x tile.Tile[T], c *Cond[T]) *together[T] {
	t := &together[T]{nets: nets, cond: c, parts: make([]Cond[T], len(nets)), p: x.P, dx: a.Tile(nets[0].In(), x.P)}
	for i, n := range nets {
		var part *Cond[T]
		if n.Cond() > 0 {
			part = &t.parts[i]
		}
		t.pass = append(t.pass, n.NewPass(a, x, part))
	}
	return t
}

// condition brings net i's part of the conditions up to date.
func (t *together[T]) condition(i int) {
	if n := t.nets[i].Cond(); n > 0 {
		from := total(t.nets[:i], Net[T].Cond)
		t.cond.part(&t.parts[i], from, from+n)
	}
}

// cut takes net i's part off what is kept.
func (t *together[T]) cut(i int, kept *[]T) []T {
	n := t.nets[i].Kept() * t.p
	if *kept == nil || n == 0 {
		return nil
	}
	k := (*kept)[:n:n]
	*kept = (*kept)[n:]
	return k
}

func (t *together[T]) forward(w *Params[T], i int, keep *[]T) tile.Tile[T] {
	t.condition(i)
	return t.pass[i].Forward(w, t.cut(i, keep))
}

func (t *together[T]) record(w *Params[T], i int, kept *[]T) tile.Tile[T] {
	t.condition(i)
	return t.pass[i].Record(w, t.cut(i, kept))
}

func (t *together[T]) backward(w *Params[T], i int, dy tile.Tile[T], s Sink[T], wantDX bool) {
	t.condition(i)
	dx := t.pass[i].Backward(w, dy, s, wantDX)
	if !wantDX {
		return
	}
	if i == 0 {
		t.dx.Copy(dx)
	} else {
		add(t.dx, t.dx, dx)
	}
}

func (t *together[T]) result(wantDX bool) tile.Tile[T] {
	if !wantDX {
		return tile.Tile[T]{}
	}
	return t.dx
}

func (t *together[T]) jvp(w, dw *Params[T], i int, tx tile.Tile[T]) tile.Tile[T] {
	t.condition(i)
	return t.pass[i].JVP(w, dw, tx)
}
