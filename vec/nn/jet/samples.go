package jet

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// samples is memory for the gradients that a trace tells of particle by particle. Then nothing is left to sum first, and
// with
//
//	R_i = Scale W_2ᵀ (d_1 ∘ W_1i)    Q_i = Scale W_2 (W_3i ∘ v)
//
// for each coordinate i, row i of W_1 and column i of W_3, the gradients are
//
//	W̄_1 = u z̄_1ᵀ + Σ_i e_i (d_1 ∘ Q_i)ᵀ    W̄_2 = x_1 z̄_2ᵀ + Σ_i Scale (W_1i ∘ d_1) (W_3i ∘ v)ᵀ    W̄_3 = x_2 m̄ᵀ + Σ_i (v ∘ R_i) e_iᵀ.
//
// In few dimensions a sink is told of these sums. In many it is told of whole matrices, as vectors, which is then less: with
// Σ_i Scale W_1i W_3iᵀ = C the second is x_1 z̄_2ᵀ + C ∘ d_1 vᵀ.
type samples[T vec.Float] struct {
	x, dz tile.Tile[T] // the terms of a layer, side by side
	rows  tile.Tile[T] // all of a layer's gradient
}

// manyTerms tells whether a layer's gradients are smaller, for a Gram matrix, than so many terms of them.
func manyTerms(d nn.Dense, terms int) bool {
	return d.Rows()*d.Out < terms*terms*(d.Rows()+d.Out)
}

func (f *trace[T]) samples(w *nn.Params[T], mBar tile.Tile[T], s nn.Sink[T]) {
	t, p, n := &f.sample, f.in.u.P, f.in.Dim
	whole, wide, size := manyTerms(f.net.Layers[1], n+1), 0, 0
	for _, d := range f.net.Layers {
		wide, size = max(wide, d.Rows(), d.Out), max(size, d.Rows()*d.Out)
	}
	if t.x.IsZero() {
		t.x, t.dz = tile.New[T](wide, (n+1)*p), tile.New[T](wide, (n+1)*p)
		if whole {
			t.rows = tile.New[T](size, p)
		}
	}
	if whole {
		f.wholeSamples(w, mBar, s)
	} else {
		f.termSamples(w, mBar, s)
	}
}

// outside sets channel 1+i of dst to Scale W_1i ∘ d_1, for all i, and channel 0 to x_1, with ones.
func (f *trace[T]) outside(w *nn.Params[T], dst tile.Tile[T]) {
	p, w1 := f.in.u.P, nn.Matrix(f.net.Layers[0], w.Theta)
	dst.Columns(0, p).Copy(f.x1)
	for b := range f.d1.Rows {
		for i := range f.in.Dim {
			vec.Scale(dst.Row(b)[(1+i)*p:(2+i)*p], f.scale*w1[i*f.d1.Rows+b], f.d1.Row(b))
		}
	}
	clear(dst.Row(f.d1.Rows)[p:])
}

// inside sets channel 1+i of dst to W_3i ∘ v, for all i, and channel 0 to z̄_2.
func (f *trace[T]) inside(w *nn.Params[T], dst tile.Tile[T]) {
	p, n, w3 := f.in.u.P, f.in.Dim, nn.Matrix(f.net.Layers[2], w.Theta)
	dst.Columns(0, p).Copy(f.z2Bar)
	for a := range f.d2.Rows {
		for i := range n {
			vec.Scale(dst.Row(a)[(1+i)*p:(2+i)*p], w3[a*n+i], f.v.Row(a))
		}
	}
}

func (f *trace[T]) termSamples(w *nn.Params[T], mBar tile.Tile[T], s nn.Sink[T]) {
	first, second, head := f.net.Layers[0], f.net.Layers[1], f.net.Layers[2]
	t, p, n := &f.sample, f.in.u.P, f.in.Dim
	out, in := t.x.Slice(0, second.Rows()), t.dz.Slice(0, second.Out)
	f.outside(w, out)
	f.inside(w, in)
	s.Dense(second, out, in)

	// Scale is in the outer factors already: the products below are R and Q, and R needs no more of it.
	r := t.dz.Slice(0, second.Out).Columns(p, (n+1)*p)
	w.Linear(second, out.Slice(0, second.In).Columns(p, (n+1)*p), r, none[T]())
	x := t.x.Slice(0, head.Rows())
	x.Columns(0, p).Copy(f.x2)
	for a := range f.v.Rows {
		for i := range n {
			vec.Mul(x.Row(a)[(1+i)*p:(2+i)*p], r.Row(a)[i*p:(i+1)*p], f.v.Row(a))
		}
	}
	clear(x.Row(head.In)[p:])
	units := t.dz.Slice(0, n)
	units.Fill(0)
	units.Columns(0, p).Copy(mBar)
	for i := range n {
		units.Slice(i, i+1).Columns((1+i)*p, (2+i)*p).Fill(1)
	}
	s.Dense(head, x, units)

	in = t.x.Slice(0, second.Out)
	f.inside(w, in)
	q := t.dz.Slice(0, first.Out)
	w.Adjoint(second, in.Columns(p, (n+1)*p), q.Columns(p, (n+1)*p), none[T]())
	q.Columns(0, p).Copy(f.z1Bar)
	for b := range first.Out {
		for i := range n {
			r := q.Row(b)[(1+i)*p : (2+i)*p]
			vec.Mul(r, r, f.d1.Row(b))
		}
	}
	u := t.x.Slice(0, first.Rows())
	u.Fill(0)
	u.Columns(0, p).Copy(f.in.u)
	for i := range n {
		u.Slice(i, i+1).Columns((1+i)*p, (2+i)*p).Fill(f.scale)
	}
	s.Dense(first, u, q)
}

func (f *trace[T]) wholeSamples(w *nn.Params[T], mBar tile.Tile[T], s nn.Sink[T]) {
	first, second, head := f.net.Layers[0], f.net.Layers[1], f.net.Layers[2]
	t, p, n, w3 := &f.sample, f.in.u.P, f.in.Dim, nn.Matrix(f.net.Layers[2], w.Theta)

	rows := t.rows.Slice(0, first.Rows()*first.Out)
	inner := t.x.Slice(0, second.Out).Columns(0, p)
	for i := range first.Rows() {
		row := rows.Slice(i*first.Out, (i+1)*first.Out)
		for b := range first.Out {
			vec.Mul(row.Row(b), f.in.u.Row(i), f.z1Bar.Row(b))
		}
		if i < n { // + d_1 ∘ Q_i
			for a := range second.Out {
				vec.Scale(inner.Row(a), f.scale*w3[a*n+i], f.v.Row(a))
			}
			q := t.dz.Slice(0, first.Out).Columns(0, p)
			w.Adjoint(second, inner, q, none[T]())
			for b := range first.Out {
				vec.MulAdd(row.Row(b), f.d1.Row(b), q.Row(b), row.Row(b))
			}
		}
	}
	s.Vector(first.Off, rows)

	rows = t.rows.Slice(0, second.Rows()*second.Out)
	dv := t.x.Slice(0, 1).Columns(0, p).Row(0)
	for b := range second.Rows() {
		for a := range second.Out {
			row := rows.Row(b*second.Out + a)
			vec.Mul(row, f.x1.Row(b), f.z2Bar.Row(a))
			if b < second.In {
				vec.Scale(dv, f.c[b*second.Out+a], f.v.Row(a))
				vec.MulAdd(row, f.d1.Row(b), dv, row)
			}
		}
	}
	s.Vector(second.Off, rows)

	rows = t.rows.Slice(0, head.Rows()*n)
	outer := t.x.Slice(0, second.Rows())
	f.outside(w, outer)
	r := t.dz.Slice(0, second.Out).Columns(p, (n+1)*p)
	w.Linear(second, outer.Slice(0, second.In).Columns(p, (n+1)*p), r, none[T]())
	for a := range head.Rows() {
		for i := range n {
			row := rows.Row(a*n + i)
			vec.Mul(row, f.x2.Row(a), mBar.Row(i))
			if a < head.In {
				vec.MulAdd(row, f.v.Row(a), r.Row(a)[i*p:(i+1)*p], row)
			}
		}
	}
	s.Vector(head.Off, rows)
}
