package jet

import (
	"math"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Probe is a Field whose divergence is estimated as ε·(∂μ/∂x)ε, by one direction ε for each particle: without bias where the
// entries of ε are independent, of mean 0 and variance 1. It takes one channel of jets, whatever the dimension. Nets along directions keep
// their exact divergence, which is as cheap.
type Probe[T vec.Float] interface {
	Field[T]
	// Along sets the directions, Dim by P, for the tiles from here on.
	Along(e tile.Tile[T])
}

// NewProbe evaluates a net that NewField takes.
func NewProbe[T vec.Float](net nn.Net[T], in *Input[T], a *tile.Arena[T]) Probe[T] {
	switch net := net.(type) {
	case *nn.Sum[T]:
		s := &probeSum[T]{}
		for _, n := range net.Nets {
			p := NewProbe(n, in, a)
			s.parts = append(s.parts, p)
			s.probes = append(s.probes, p)
		}
		return s
	case *nn.Mirrored[T]:
		return newOddProbe(net, in, a)
	case *nn.Ridge[T]:
		return exact[T]{newRidgeField(net, in, a)}
	}
	return newFieldProbe(net, in, a)
}

// exact is a Field that needs no directions.
type exact[T vec.Float] struct{ Field[T] }

func (exact[T]) Along(tile.Tile[T]) {}

type probeSum[T vec.Float] struct {
	fieldSum[T]
	probes []Probe[T]
}

func (s *probeSum[T]) Along(e tile.Tile[T]) {
	for _, p := range s.probes {
		p.Along(e)
	}
}

// fieldProbe is the Probe of a perceptron.
type fieldProbe[T vec.Float] struct {
	*jets[T]
	e      tile.Tile[T]
	m, div tile.Tile[T]
	out    tile.Tile[T] // the last layer's channels, then their cotangents
}

func newFieldProbe[T vec.Float](net nn.Net[T], in *Input[T], a *tile.Arena[T]) *fieldProbe[T] {
	m, time := perceptron(net, in, in.Dim)
	f := &fieldProbe[T]{jets: newJetsOf(m, time, in, 1, false, a), e: a.Tile(in.Dim, in.u.P), m: a.Tile(in.Dim, in.u.P), div: a.Tile(1, in.u.P)}
	f.probe, f.out = a.Tile(in.Dim, in.u.P), a.Tile(in.Dim, 2*in.u.P)
	return f
}

func (f *fieldProbe[T]) Along(e tile.Tile[T]) {
	f.e.Copy(e)
	vec.Scale(f.probe.Data, T(f.in.Scale), f.e.Data)
}

func (f *fieldProbe[T]) Forward(w *nn.Params[T]) (m, div tile.Tile[T]) {
	f.forward(w)
	l := len(f.z)
	w.Apply(f.net.Layers[l], f.x[l], f.out, none[T]())
	f.m.Copy(f.channel(f.out, 0))
	clear(f.div.Data)
	for i := range f.e.Rows {
		vec.MulAdd(f.div.Data, f.e.Row(i), f.channel(f.out, 1).Row(i), f.div.Data)
	}
	return f.m, f.div
}

func (f *fieldProbe[T]) Backward(w *nn.Params[T], mBar, divBar tile.Tile[T], s nn.Sink[T]) {
	l := len(f.z)
	head := f.net.Layers[l]
	f.channel(f.out, 0).Copy(mBar)
	for i := range f.e.Rows {
		vec.Mul(f.channel(f.out, 1).Row(i), f.e.Row(i), divBar.Data)
	}
	s.Dense(head, f.x[l], f.out)
	w.Adjoint(head, f.out, f.bar.Slice(0, head.In), none[T]())
	f.backward(w, s)
}

// Flops leaves out a conditioning net.
func (f *fieldProbe[T]) Flops() float64 {
	first, hidden, last := products(f.net)
	return 4*first + 6*(hidden+last)
}

// Signs sets e to entries of ±1 by fair coins, of which u, of as many rows, holds uniforms: the directions of least variance.
func Signs[T vec.Float](e, u tile.Tile[T]) {
	for i := range e.Rows {
		for j, v := range u.Row(i) {
			e.Row(i)[j] = T(math.Copysign(1, float64(v)-0.5))
		}
	}
}
