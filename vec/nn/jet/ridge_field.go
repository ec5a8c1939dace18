package jet

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// ridgeField is the Field μ = Aᵀ g of a ridge net: two channels of jets along each direction, whatever the dimension.
type ridgeField[T vec.Float] struct {
	*ridge[T]
	inner      []*fieldJets[T]
	g, slope   tile.Tile[T] // g_j and g′_j, a row each
	gBar, sBar tile.Tile[T] // their cotangents
	m, div     tile.Tile[T]
}

func newRidgeField[T vec.Float](net *nn.Ridge[T], in *Input[T], a *tile.Arena[T]) *ridgeField[T] {
	if net.Potential {
		panic("jet: a ridge potential is no field")
	}
	f := &ridgeField[T]{ridge: newRidge(net, in, a), m: a.Tile(in.Dim, in.u.P), div: a.Tile(1, in.u.P)}
	for _, t := range []*tile.Tile[T]{&f.g, &f.slope, &f.gBar, &f.sBar} {
		*t = a.Tile(net.Directions, in.u.P)
	}
	for _, g := range f.groups {
		f.inner = append(f.inner, newFieldJets[T](net.Net.Net, g.in, a))
	}
	return f
}

func (f *ridgeField[T]) Begin(w *nn.Params[T]) {
	f.begin(w)
	for _, inner := range f.inner {
		inner.Begin(w)
	}
}

// End has nothing to add.
func (f *ridgeField[T]) End(*nn.Params[T], nn.Sink[T]) {}

func (f *ridgeField[T]) Forward(w *nn.Params[T]) (m, div tile.Tile[T]) {
	f.project(w)
	for i, inner := range f.inner {
		g, slope := inner.Forward(w)
		f.groups[i].part(f.g).Copy(g)
		f.groups[i].part(f.slope).Copy(slope)
	}
	w.Adjoint(f.net.A, f.g, f.m, none[T]())
	f.squared(f.div, f.slope, f.sigma)
	return f.m, f.div
}

func (f *ridgeField[T]) Backward(w *nn.Params[T], mBar, divBar tile.Tile[T], s nn.Sink[T]) {
	w.Linear(f.net.A, mBar, f.gBar, none[T]())
	for j, v := range f.norm {
		vec.Scale(f.sBar.Row(j), f.sigma*v, divBar.Data)
	}
	for i, inner := range f.inner {
		g := &f.groups[i]
		inner.Backward(w, g.part(f.gBar), g.part(f.sBar), s)
		inner.inputs(w, g.bar)
		f.gather(g, s)
	}
	f.directions(s, mBar, f.g)
	f.squaredBack(w, s, divBar, f.slope, f.sigma)
}

func (f *ridgeField[T]) Flops() float64 {
	return f.products() + float64(f.net.Directions)*f.inner[0].Flops()
}
