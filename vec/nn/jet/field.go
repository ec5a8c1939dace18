package jet

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Field evaluates a vector field of as many outputs as there are coordinates, with its divergence. It belongs to one
// worker, and works on the tile that its Input holds.
type Field[T vec.Float] struct {
	*jets[T]
	m, div tile.Tile[T]
	head   tile.Tile[T] // cotangents of the last layer's channels, for sinks that want to see them
}

// NewField makes the memory of one worker.
func NewField[T vec.Float](net *nn.MLP[T], in *Input[T], a *tile.Arena[T]) *Field[T] {
	check(net, in, in.Dim)
	f := &Field[T]{jets: newJets(net, in, false, a), m: a.Tile(in.Dim, in.u.P), div: a.Tile(1, in.u.P)}
	f.head = a.Tile(f.d, f.j*f.p)
	f.head.Fill(0)
	return f
}

// Forward returns the field, Dim by P, and its divergence, a row.
func (f *Field[T]) Forward(w *nn.Params[T]) (m, div tile.Tile[T]) {
	f.forward(w)
	l := len(f.z)
	x, head := f.x[l], f.net.Layers[l]
	w.Apply(head, f.channel(x, 0), f.m, none[T]())
	clear(f.div.Data)
	for i := range f.d { // div μ = Σ_i w_i·(∂_i x): only the diagonal of the last layer's gradient channels
		vec.Gemm(1, f.p, head.In, w.Transposed(head)[i*head.Rows():], 0, 1, x.Data[(1+i)*f.p:], x.LD, f.div.Data, f.p, f.div.Data, f.p)
	}
	return f.m, f.div
}

// Backward takes back the cotangents of both to the parameters.
func (f *Field[T]) Backward(w *nn.Params[T], mBar, divBar tile.Tile[T], s nn.Sink[T]) {
	l := len(f.z)
	x, head := f.x[l], f.net.Layers[l]
	if g, ok := s.(*nn.Gradient[T]); ok {
		s.Dense(head, f.channel(x, 0), mBar)
		for i := range f.d {
			vec.DotRows(g.G[head.Off+i:], head.Out, x.Data[(1+i)*f.p:], head.In, x.LD, divBar.Data)
		}
	} else {
		f.channel(f.head, 0).Copy(mBar)
		for i := range f.d {
			copy(f.channel(f.head, 1+i).Row(i), divBar.Data)
		}
		s.Dense(head, x, f.head)
	}
	bar := f.bar.Slice(0, head.In)
	w.Adjoint(head, mBar, f.channel(bar, 0), none[T]())
	for i := range f.d {
		vec.Gemm(head.In, f.p, 1, w.Theta[head.Off+i:], head.Out, 1, divBar.Data, f.p, nil, 0, bar.Data[(1+i)*f.p:], bar.LD)
	}
	f.backward(w, s)
}
