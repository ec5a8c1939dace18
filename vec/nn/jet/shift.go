package jet

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// shift is what a net of time adds to a first pre-activation, and its time derivative: jets without coordinates.
type shift[T vec.Float] struct {
	*jets[T]
	out tile.Tile[T]
}

// newShift evaluates the net on the last features of in, with time derivatives if rate.
func newShift[T vec.Float](net *nn.MLP[T], in *Input[T], rate bool, a *tile.Arena[T]) *shift[T] {
	n := net.In()
	time := &Input[T]{
		Features: Features{Time: in.Time},
		u:        in.u.Slice(in.Width()-n, in.Width()+1),
		slope:    in.slope.Slice(in.slope.Rows-n, in.slope.Rows),
	}
	s := &shift[T]{jets: newJets(net, nil, time, rate, a)}
	s.out = zeros(a, net.Out(), s.j*s.p)
	return s
}

// forward returns the shift and, if asked for, its time derivative.
func (f *shift[T]) forward(w *nn.Params[T]) (value, rate tile.Tile[T]) {
	f.jets.forward(w)
	l := len(f.z)
	w.Apply(f.net.Layers[l], f.x[l], f.out, none[T]())
	if f.full {
		rate = f.rate(f.out)
	}
	return f.channel(f.out, 0), rate
}

// backward takes back the cotangents of both.
func (f *shift[T]) backward(w *nn.Params[T], value, rate tile.Tile[T], s nn.Sink[T]) {
	f.channel(f.out, 0).Copy(value)
	if f.full {
		f.rate(f.out).Copy(rate) // the Laplacian's channel is zero, and so is its cotangent
	}
	l := len(f.z)
	head := f.net.Layers[l]
	s.Dense(head, f.x[l], f.out)
	w.Adjoint(head, f.out, f.bar.Slice(0, head.In), none[T]())
	f.jets.backward(w, s)
}
