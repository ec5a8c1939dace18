package pinn

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/jet"
	"github.com/sampan-mc/sampan/vec/tile"
)

// worker evaluates the residual of one tile at a time.
type worker[T vec.Float] struct {
	in  *jet.Input[T]
	phi jet.Potential[T]
	mu  jet.Field[T]
	fp  bool

	v      jet.Scalar[T] // derivatives of V, then cotangents of φ
	m      tile.Tile[T]  // μ
	r, c   []T           // residuals and their cotangents
	tmp    []T
	mBar   tile.Tile[T]
	dNorm  tile.Tile[T]
	normAt int // where z begins in the parameters
}

func newWorker[T vec.Float](l *Loss[T], p int) *worker[T] {
	var a tile.Arena[T]
	k := &worker[T]{in: jet.NewInput[T](l.Features, p, &a), fp: l.Equation == LogFP, normAt: l.norm.Off}
	k.mu = jet.NewField(l.Drift, k.in, &a)
	if k.fp {
		k.phi = jet.NewPotential(l.Potential, k.in, &a)
	} else {
		k.phi = jet.NewSlope(l.Potential, k.in, l.Known, &a)
	}
	k.r, k.c, k.tmp = a.Slice(p), a.Slice(p), a.Slice(p)
	k.mBar, k.dNorm = a.Tile(l.Dim, p), a.Tile(l.norm.Size(), p)
	return k
}

// end tells a gradient what the nets left for the end of a slot.
func (k *worker[T]) end(w *nn.Params[T], s nn.Sink[T]) {
	k.phi.End(w, s)
	k.mu.End(w, s)
}

func (k *worker[T]) begin(w *nn.Params[T]) {
	k.phi.Begin(w)
	k.mu.Begin(w)
}

// residual computes r at the points.
func (k *worker[T]) residual(w *nn.Params[T], b *Points[T]) {
	k.in.Set(b.X, b.Time)
	k.v = k.phi.Forward(w)
	m, div := k.mu.Forward(w)
	k.m = m
	grad, rate, r, s := k.v.Grad, k.v.Rate.Data, k.r, k.tmp
	if n := b.Known; n != nil {
		vec.MulAdd(rate, rate, n.Gain, n.Rate)
		vec.MulAdd(rate, k.v.Value.Data, n.GainRate, rate)
		for i := range n.Norm.Rows {
			vec.Axpy(rate, -w.Theta[k.normAt+i], n.Norm.Row(i))
		}
		for i := range grad.Rows {
			vec.MulAdd(grad.Row(i), grad.Row(i), n.Gain, n.Grad.Row(i))
		}
		if k.fp {
			vec.MulAdd(k.v.Lap.Data, k.v.Lap.Data, n.Gain, n.Lap)
		}
	}
	vec.Add(r, rate, div.Data)
	for i := range grad.Rows {
		vec.MulAdd(r, grad.Row(i), m.Row(i), r)
	}
	if !k.fp {
		return
	}
	copy(s, k.v.Lap.Data)
	for i := range grad.Rows {
		vec.MulAdd(s, grad.Row(i), grad.Row(i), s)
	}
	vec.Mul(s, s, b.Sigma2)
	vec.Axpy(r, -0.5, s)
}

// back takes the cotangents c of r back to the parameters.
func (k *worker[T]) back(w *nn.Params[T], b *Points[T], s nn.Sink[T]) {
	grad, c := k.v.Grad, k.c
	for i := range grad.Rows {
		g, m := grad.Row(i), k.m.Row(i)
		vec.Mul(k.mBar.Row(i), c, g)
		if k.fp {
			vec.Mul(g, g, b.Sigma2)
			vec.Sub(g, m, g)
			vec.Mul(g, g, c)
		} else {
			vec.Mul(g, m, c)
		}
	}
	copy(k.v.Rate.Data, c)
	clear(k.v.Value.Data)
	if k.fp {
		vec.Mul(k.v.Lap.Data, c, b.Sigma2)
		vec.Scale(k.v.Lap.Data, -0.5, k.v.Lap.Data)
	}
	if n := b.Known; n != nil {
		vec.Mul(k.v.Value.Data, c, n.GainRate)
		vec.Mul(k.v.Rate.Data, c, n.Gain)
		for i := range grad.Rows {
			vec.Mul(grad.Row(i), grad.Row(i), n.Gain)
		}
		if k.fp {
			vec.Mul(k.v.Lap.Data, k.v.Lap.Data, n.Gain)
		}
		for i := range n.Norm.Rows {
			vec.Mul(k.dNorm.Row(i), c, n.Norm.Row(i))
			vec.Scale(k.dNorm.Row(i), -1, k.dNorm.Row(i))
		}
		if n.Norm.Rows > 0 {
			s.Vector(k.normAt, k.dNorm)
		}
	}
	k.phi.Backward(w, s)
	k.mu.Backward(w, k.mBar, tile.Of(c, 1, len(c)), s)
}
