package jet

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Scalar is a scalar's value with its derivatives on a tile of points, or the cotangents of all that: a row each of
// value, Laplacian and time derivative, Dim rows of gradient. Lap is the zero tile where there is no Laplacian.
type Scalar[T vec.Float] struct{ Value, Grad, Lap, Rate tile.Tile[T] }

// Potential evaluates a scalar with its gradient, Laplacian and time derivative, by jets. It belongs to one worker, and
// works on the tile that its Input holds.
type Potential[T vec.Float] struct {
	*jets[T]
	out tile.Tile[T]
}

// NewPotential makes the memory of one worker.
func NewPotential[T vec.Float](net *nn.MLP[T], in *Input[T], a *tile.Arena[T]) *Potential[T] {
	check(net, in, 1)
	f := &Potential[T]{jets: newJets(net, in, true, a)}
	f.out = a.Tile(1, f.j*f.p)
	return f
}

// Forward returns the scalar.
func (f *Potential[T]) Forward(w *nn.Params[T]) Scalar[T] {
	f.forward(w)
	l := len(f.z)
	w.Apply(f.net.Layers[l], f.x[l], f.out, none[T]())
	rows := tile.Of(f.out.Data, f.j, f.p)
	return Scalar[T]{Value: rows.Slice(0, 1), Grad: rows.Slice(1, f.d+1), Lap: rows.Slice(f.d+1, f.d+2), Rate: rows.Slice(f.d+2, f.d+3)}
}

// Backward takes the scalar's cotangents back to the parameters. They must stand where Forward's result stood, written
// over it.
func (f *Potential[T]) Backward(w *nn.Params[T], s nn.Sink[T]) {
	l := len(f.z)
	head := f.net.Layers[l]
	if g, ok := s.(*nn.Gradient[T]); ok {
		vec.DotRows(g.G[head.Off:], 1, f.x[l].Data, head.Rows(), f.x[l].LD, f.out.Data)
	} else {
		s.Dense(head, f.x[l], f.out)
	}
	w.Adjoint(head, f.out, f.bar.Slice(0, head.In), none[T]())
	f.backward(w, s)
}
