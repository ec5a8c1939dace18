package jet

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// mirror is an Input and the same at −x.
type mirror[T vec.Float] struct{ in, other *Input[T] }

func newMirror[T vec.Float](in *Input[T], dim int, a *tile.Arena[T]) mirror[T] {
	if dim != in.Dim || in.rows() != in.Width() {
		panic("jet: a mirrored net is so in all coordinates")
	}
	return mirror[T]{in, NewInput[T](in.Features, in.u.P, a)}
}

func (m mirror[T]) reflect() {
	nn.Reflect(m.other.u, m.in.u, m.in.Dim)
	m.other.slope.Copy(m.in.slope)
}

// evenScalar is the Potential of an even net, ½(f(x) + f(−x)). The first half's memory holds it.
type evenScalar[T vec.Float] struct {
	mirror[T]
	scalarSum[T]
}

func newEvenScalar[T vec.Float](net *nn.Mirrored[T], in *Input[T], of func(nn.Net[T], *Input[T]) inner[T], a *tile.Arena[T]) *evenScalar[T] {
	if net.Odd {
		panic("jet: an odd potential has no jets")
	}
	m := newMirror(in, net.Dim, a)
	return &evenScalar[T]{m, scalarSum[T]{parts: []Potential[T]{newScalar(net.Net, in, of, a), newScalar(net.Net, m.other, of, a)}}}
}

func (f *evenScalar[T]) Forward(w *nn.Params[T]) Scalar[T] {
	f.reflect()
	a, b := f.parts[0].Forward(w), f.parts[1].Forward(w)
	f.outs = append(f.outs[:0], a, b)
	vec.Scale(b.Grad.Data, -1, b.Grad.Data) // f(−x) has −f′
	a.each(b, func(a, b []T) {
		vec.Scale(a, 0.5, a)
		vec.Axpy(a, 0.5, b)
	})
	return a
}

func (f *evenScalar[T]) Backward(w *nn.Params[T], s nn.Sink[T]) {
	a, b := f.outs[0], f.outs[1]
	a.each(b, func(bar, b []T) {
		vec.Scale(bar, 0.5, bar)
		copy(b, bar)
	})
	vec.Scale(b.Grad.Data, -1, b.Grad.Data)
	f.parts[0].Backward(w, s)
	f.parts[1].Backward(w, s)
}

// oddField is the Field of an odd net, ½(f(x) − f(−x)), whose divergence is the mean of both. The first half's memory holds it.
type oddField[T vec.Float] struct {
	mirror[T]
	fieldSum[T]
	mBar, divBar tile.Tile[T]
}

func newOddField[T vec.Float](net *nn.Mirrored[T], in *Input[T], of func(*Input[T]) Field[T], a *tile.Arena[T]) *oddField[T] {
	if !net.Odd {
		panic("jet: an even field has no jets")
	}
	m := newMirror(in, net.Dim, a)
	return &oddField[T]{m, fieldSum[T]{parts: []Field[T]{of(in), of(m.other)}}, a.Tile(in.Dim, in.u.P), a.Tile(1, in.u.P)}
}

func (f *oddField[T]) Forward(w *nn.Params[T]) (m, div tile.Tile[T]) {
	f.reflect()
	m, div = f.parts[0].Forward(w)
	m2, div2 := f.parts[1].Forward(w)
	nn.Halve(m, m2, true)
	nn.Halve(div, div2, false)
	return m, div
}

func (f *oddField[T]) Backward(w *nn.Params[T], mBar, divBar tile.Tile[T], s nn.Sink[T]) {
	for i := range mBar.Rows {
		vec.Scale(f.mBar.Row(i), 0.5, mBar.Row(i))
	}
	vec.Scale(f.divBar.Row(0), 0.5, divBar.Row(0))
	f.parts[0].Backward(w, f.mBar, f.divBar, s)
	vec.Scale(f.mBar.Data, -1, f.mBar.Data)
	f.parts[1].Backward(w, f.mBar, f.divBar, s)
}

// oddProbe is the Probe of an odd net: −x turns the direction and the derivative along it.
type oddProbe[T vec.Float] struct {
	*oddField[T]
	probes []Probe[T]
}

func newOddProbe[T vec.Float](net *nn.Mirrored[T], in *Input[T], a *tile.Arena[T]) Probe[T] {
	p := &oddProbe[T]{}
	p.oddField = newOddField(net, in, func(in *Input[T]) Field[T] {
		of := NewProbe(net.Net, in, a)
		p.probes = append(p.probes, of)
		return of
	}, a)
	return p
}

func (p *oddProbe[T]) Along(e tile.Tile[T]) {
	for _, of := range p.probes {
		of.Along(e)
	}
}
