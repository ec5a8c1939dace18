package jet

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// scalarJets is the Potential of a perceptron, with its Laplacian, by jets.
type scalarJets[T vec.Float] struct {
	*jets[T]
	out tile.Tile[T]
}

func newScalarJets[T vec.Float](net nn.Net[T], in *Input[T], a *tile.Arena[T]) *scalarJets[T] {
	m, time := perceptron(net, in, 1)
	f := &scalarJets[T]{jets: newJets(m, time, in, true, a)}
	f.out = a.Tile(1, f.j*f.p)
	return f
}

func (f *scalarJets[T]) Forward(w *nn.Params[T]) Scalar[T] {
	f.forward(w)
	l := len(f.z)
	w.Apply(f.net.Layers[l], f.x[l], f.out, none[T]())
	rows := tile.Of(f.out.Data, f.j, f.p)
	return Scalar[T]{Value: rows.Slice(0, 1), Grad: rows.Slice(1, f.d+1), Lap: rows.Slice(f.d+1, f.d+2), Rate: rows.Slice(f.d+2, f.d+3)}
}

func (f *scalarJets[T]) Backward(w *nn.Params[T], s nn.Sink[T]) {
	l := len(f.z)
	head := f.net.Layers[l]
	outer(head, f.x[l], f.out, s)
	w.Adjoint(head, f.out, f.bar.Slice(0, head.In), none[T]())
	f.backward(w, s)
}

// Flops leaves out a conditioning net.
func (f *scalarJets[T]) Flops() float64 {
	first, hidden, last := products(f.net)
	return 2*first + 3*float64(f.j)*(hidden+last)
}

// outer tells the sink of a last layer of one output.
func outer[T vec.Float](head nn.Dense, x, dz tile.Tile[T], s nn.Sink[T]) {
	if g, ok := s.(*nn.Gradient[T]); ok {
		vec.DotRows(g.G[head.Off:], 1, x.Data, x.Rows, x.LD, dz.Data)
		return
	}
	s.Dense(head, x, dz)
}
