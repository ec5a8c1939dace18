package jet

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// ridgeScalar is the Potential φ = Σ_j h_j(z_j, t) of a ridge net.
type ridgeScalar[T vec.Float] struct {
	*ridge[T]
	inner       []inner[T]
	parts       []Scalar[T]  // what the inner ones put out
	slope, lap  tile.Tile[T] // h′_j and h″_j, a row each
	slopeBar, u tile.Tile[T] // cotangents of h′, and of σ⁻¹∇φ
	out         Scalar[T]
}

func newRidgeScalar[T vec.Float](net *nn.Ridge[T], in *Input[T], of func(nn.Net[T], *Input[T]) inner[T], a *tile.Arena[T]) *ridgeScalar[T] {
	if !net.Potential {
		panic("jet: a ridge field is no potential")
	}
	p := in.u.P
	f := &ridgeScalar[T]{ridge: newRidge(net, in, a), slope: a.Tile(net.Directions, p), slopeBar: a.Tile(net.Directions, p)}
	f.lap, f.u = a.Tile(net.Directions, p), a.Tile(in.Dim, p)
	for _, g := range f.groups {
		f.inner = append(f.inner, of(net.Net.Net, g.in))
	}
	f.parts = make([]Scalar[T], len(f.inner))
	f.out = Scalar[T]{Value: a.Tile(1, p), Grad: a.Tile(in.Dim, p), Rate: a.Tile(1, p)}
	if _, ok := f.inner[0].(*scalarJets[T]); ok {
		f.out.Lap = a.Tile(1, p)
	}
	return f
}

func (f *ridgeScalar[T]) Begin(w *nn.Params[T]) {
	f.begin(w)
	for _, inner := range f.inner {
		inner.Begin(w)
	}
}

// End has nothing to add.
func (f *ridgeScalar[T]) End(*nn.Params[T], nn.Sink[T]) {}

func (f *ridgeScalar[T]) Forward(w *nn.Params[T]) Scalar[T] {
	f.project(w)
	clear(f.out.Value.Data)
	clear(f.out.Rate.Data)
	p := f.in.u.P
	for i, inner := range f.inner {
		g, v := &f.groups[i], inner.Forward(w)
		f.parts[i] = v
		g.part(f.slope).Copy(v.Grad)
		if !v.Lap.IsZero() {
			g.part(f.lap).Copy(v.Lap)
		}
		for j := 0; j < g.in.u.P; j += p {
			vec.Add(f.out.Value.Data, f.out.Value.Data, v.Value.Data[j:j+p])
			vec.Add(f.out.Rate.Data, f.out.Rate.Data, v.Rate.Data[j:j+p])
		}
	}
	w.Adjoint(f.net.A, f.slope, f.out.Grad, none[T]())
	vec.Scale(f.out.Grad.Data, f.sigma, f.out.Grad.Data)
	if !f.out.Lap.IsZero() {
		f.squared(f.out.Lap, f.lap, f.sigma*f.sigma)
	}
	return f.out
}

func (f *ridgeScalar[T]) Backward(w *nn.Params[T], s nn.Sink[T]) {
	vec.Scale(f.u.Data, f.sigma, f.out.Grad.Data)
	w.Linear(f.net.A, f.u, f.slopeBar, none[T]())
	p := f.in.u.P
	for i, inner := range f.inner {
		g, v := &f.groups[i], f.parts[i]
		v.Grad.Copy(g.part(f.slopeBar))
		for j := 0; j < g.in.u.P; j += p {
			copy(v.Value.Data[j:j+p], f.out.Value.Data)
			copy(v.Rate.Data[j:j+p], f.out.Rate.Data)
			if !v.Lap.IsZero() {
				vec.Scale(v.Lap.Data[j:j+p], f.sigma*f.sigma*f.norm[g.from+j/p], f.out.Lap.Data)
			}
		}
		inner.Backward(w, s)
		inner.inputs(w, g.bar)
		f.gather(g, s)
	}
	f.directions(s, f.u, f.slope)
	if !f.out.Lap.IsZero() {
		f.squaredBack(w, s, f.out.Lap, f.lap, f.sigma*f.sigma)
	}
}

func (f *ridgeScalar[T]) Flops() float64 {
	return f.products() + float64(f.net.Directions)*f.inner[0].Flops()
}
