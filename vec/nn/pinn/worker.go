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
	eq  Equation
	phi jet.Potential[T]
	mu  jet.Field[T]     // nil where the drift is a gradient, or V's
	by  jet.Potential[T] // Φ; nil where it is none

	probes [2]jet.Probe[T] // in place of mu, if asked for; else nil
	r2     []T             // the second probe's residual
	c1, c2 []T             // cotangents of both
	zero   tile.Tile[T]

	v      jet.Scalar[T] // derivatives of V, then cotangents of φ
	f      jet.Scalar[T] // derivatives of Φ, then its cotangents
	m      tile.Tile[T]  // μ
	r, c   []T           // residuals and their cotangents
	tmp    []T
	mBar   tile.Tile[T]
	dNorm  tile.Tile[T]
	normAt int // where z begins in the parameters
}

func newWorker[T vec.Float](l *Loss[T], p int) *worker[T] {
	var a tile.Arena[T]
	k := &worker[T]{in: jet.NewInput[T](l.Features, p, &a), eq: l.Equation, normAt: l.norm.Off}
	switch {
	case k.eq.Gradient():
		k.by = jet.NewPotential(l.Drift, k.in, &a)
	case k.eq != Score:
		k.mBar = a.Tile(l.Dim, p)
		if !l.Probes {
			k.mu = jet.NewField(l.Drift, k.in, &a)
			break
		}
		for i := range k.probes {
			k.probes[i] = jet.NewProbe(l.Drift, k.in, &a)
		}
		k.mu = k.probes[0]
		k.r2, k.c1, k.c2, k.zero = a.Slice(p), a.Slice(p), a.Slice(p), a.Tile(l.Dim, p)
		k.zero.Fill(0)
	}
	if k.eq.Noisy() {
		k.phi = jet.NewPotential(l.Potential, k.in, &a)
	} else {
		k.phi = jet.NewSlope(l.Potential, k.in, l.Known, &a)
	}
	k.r, k.c, k.tmp = a.Slice(p), a.Slice(p), a.Slice(p)
	k.dNorm = a.Tile(l.norm.Size(), p)
	return k
}

// end tells a gradient what the nets left for the end of a slot.
func (k *worker[T]) end(w *nn.Params[T], s nn.Sink[T]) {
	k.phi.End(w, s)
	if k.mu != nil {
		k.mu.End(w, s)
	}
	if k.probes[1] != nil {
		k.probes[1].End(w, s)
	}
	if k.by != nil {
		k.by.End(w, s)
	}
}

func (k *worker[T]) begin(w *nn.Params[T]) {
	k.phi.Begin(w)
	if k.mu != nil {
		k.mu.Begin(w)
	}
	if k.probes[1] != nil {
		k.probes[1].Begin(w)
	}
	if k.by != nil {
		k.by.Begin(w)
	}
}

// residual computes r at the points.
func (k *worker[T]) residual(w *nn.Params[T], b *Points[T]) {
	k.in.Set(b.X, b.Time)
	k.density(w, b)
	rate, grad, r, s := k.v.Rate.Data, k.v.Grad, k.r, k.tmp
	switch {
	case k.mu != nil:
		for i, p := range k.probes {
			if p != nil {
				p.Along(b.Probes[i])
			}
		}
		m, div := k.mu.Forward(w)
		k.m = m
		vec.Add(r, rate, div.Data)
		if p := k.probes[1]; p != nil { // what the second has more than the first
			_, div2 := p.Forward(w)
			vec.Sub(k.r2, div2.Data, div.Data)
		}
	case k.by != nil:
		k.f = k.by.Forward(w)
		k.m = k.f.Grad
		vec.Add(r, rate, k.f.Lap.Data)
	default:
		k.noising(b)
		return
	}
	for i := range grad.Rows {
		vec.MulAdd(r, grad.Row(i), k.m.Row(i), r)
	}
	if k.eq.Noisy() {
		copy(s, k.v.Lap.Data)
		for i := range grad.Rows {
			vec.MulAdd(s, grad.Row(i), grad.Row(i), s)
		}
		vec.Mul(s, s, b.Sigma2)
		vec.Axpy(r, -0.5, s)
	}
	if k.by != nil {
		k.second(b)
	}
	if k.r2 != nil {
		vec.Add(k.r2, k.r2, r)
	}
}

// density sets v to V's derivatives.
func (k *worker[T]) density(w *nn.Params[T], b *Points[T]) {
	k.v = k.phi.Forward(w)
	n := b.Known
	if n == nil {
		return
	}
	grad, rate := k.v.Grad, k.v.Rate.Data
	vec.MulAdd(rate, rate, n.Gain, n.Rate)
	vec.MulAdd(rate, k.v.Value.Data, n.GainRate, rate)
	for i := range n.Norm.Rows {
		vec.Axpy(rate, -w.Theta[k.normAt+i], n.Norm.Row(i))
	}
	for i := range grad.Rows {
		vec.MulAdd(grad.Row(i), grad.Row(i), n.Gain, n.Grad.Row(i))
	}
	if k.eq.Noisy() {
		vec.MulAdd(k.v.Lap.Data, k.v.Lap.Data, n.Gain, n.Lap)
	}
}

// noising is the residual of Score.
func (k *worker[T]) noising(b *Points[T]) {
	grad, s := k.v.Grad, k.tmp
	copy(s, k.v.Lap.Data)
	for i := range grad.Rows {
		g := grad.Row(i)
		vec.MulAdd(s, g, g, s)
		vec.MulAdd(s, g, b.X.Row(i), s)
	}
	for j := range s {
		s[j] = (s[j] + T(grad.Rows)) / 2
	}
	vec.MulAdd(k.r, s, b.Sigma2, k.v.Rate.Data)
}

// second adds the residual of Φ.
func (k *worker[T]) second(b *Points[T]) {
	s := k.tmp
	clear(s)
	for i := range k.m.Rows {
		vec.MulAdd(s, k.m.Row(i), k.m.Row(i), s)
	}
	if k.eq.Noisy() {
		vec.MulAdd(s, k.f.Lap.Data, b.Sigma2, s)
	}
	vec.Scale(s, 0.5, s)
	vec.Add(s, s, k.f.Rate.Data)
	vec.MulAdd(k.r, s, b.Second, k.r)
}

// back takes the cotangents c of r back to the parameters.
func (k *worker[T]) back(w *nn.Params[T], b *Points[T], s nn.Sink[T]) {
	switch {
	case k.mu != nil:
		for i := range k.mBar.Rows {
			vec.Mul(k.mBar.Row(i), k.c, k.v.Grad.Row(i))
		}
	case k.by != nil:
		k.secondBack(b)
	}
	k.densityBack(w, b, s)
	switch {
	case k.probes[1] != nil:
		k.mu.Backward(w, k.mBar, tile.Of(k.c1, 1, len(k.c1)), s)
		k.probes[1].Backward(w, k.zero, tile.Of(k.c2, 1, len(k.c2)), s)
	case k.mu != nil:
		k.mu.Backward(w, k.mBar, tile.Of(k.c, 1, len(k.c)), s)
	case k.by != nil:
		k.by.Backward(w, s)
	}
}

// secondBack turns V's gradient into the part of its cotangents that needs no more of V than μ, and f into Φ's cotangents.
func (k *worker[T]) secondBack(b *Points[T]) {
	c, rate := k.c, k.f.Rate.Data
	vec.Mul(rate, c, b.Second)
	for i := range k.m.Rows {
		g, m, t := k.v.Grad.Row(i), k.m.Row(i), k.tmp
		vec.Mul(t, c, g)
		vec.MulAdd(t, rate, m, t)
		if k.eq.Noisy() {
			vec.Mul(g, g, b.Sigma2)
			vec.Sub(g, m, g)
		} else {
			copy(g, m)
		}
		copy(m, t)
	}
	copy(k.f.Lap.Data, c)
	if k.eq.Noisy() {
		vec.Mul(k.tmp, rate, b.Sigma2)
		vec.Axpy(k.f.Lap.Data, 0.5, k.tmp)
	}
	clear(k.f.Value.Data)
}

// densityBack takes the cotangents of V to φ and z.
func (k *worker[T]) densityBack(w *nn.Params[T], b *Points[T], s nn.Sink[T]) {
	grad, c := k.v.Grad, k.c
	for i := range grad.Rows {
		g := grad.Row(i)
		switch {
		case k.by != nil: // as it is
		case k.mu == nil:
			vec.Axpy(g, 0.5, b.X.Row(i))
			vec.Mul(g, g, b.Sigma2)
		case k.eq.Noisy():
			vec.Mul(g, g, b.Sigma2)
			vec.Sub(g, k.m.Row(i), g)
		default:
			copy(g, k.m.Row(i))
		}
		vec.Mul(g, g, c)
	}
	copy(k.v.Rate.Data, c)
	clear(k.v.Value.Data)
	if k.eq.Noisy() {
		half := T(-0.5)
		if k.eq == Score {
			half = 0.5
		}
		vec.Mul(k.v.Lap.Data, c, b.Sigma2)
		vec.Scale(k.v.Lap.Data, half, k.v.Lap.Data)
	}
	if n := b.Known; n != nil {
		vec.Mul(k.v.Value.Data, c, n.GainRate)
		vec.Mul(k.v.Rate.Data, c, n.Gain)
		for i := range grad.Rows {
			vec.Mul(grad.Row(i), grad.Row(i), n.Gain)
		}
		if k.eq.Noisy() {
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
}
