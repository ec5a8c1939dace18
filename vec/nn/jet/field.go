package jet

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// fieldJets is the Field of a perceptron, by jets of values and gradients.
type fieldJets[T vec.Float] struct {
	*jets[T]
	m, div tile.Tile[T]
	head   tile.Tile[T] // cotangents of the last layer's channels, for sinks that want to see them
}

func newFieldJets[T vec.Float](net nn.Net[T], in *Input[T], a *tile.Arena[T]) *fieldJets[T] {
	m, time := perceptron(net, in, in.Dim)
	f := &fieldJets[T]{jets: newJets(m, time, in, false, a), m: a.Tile(in.Dim, in.u.P), div: a.Tile(1, in.u.P)}
	f.head = zeros(a, f.d, f.j*f.p)
	return f
}

func (f *fieldJets[T]) Forward(w *nn.Params[T]) (m, div tile.Tile[T]) {
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

func (f *fieldJets[T]) Backward(w *nn.Params[T], mBar, divBar tile.Tile[T], s nn.Sink[T]) {
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

// Flops leaves out a conditioning net.
func (f *fieldJets[T]) Flops() float64 {
	first, hidden, last := products(f.net)
	return 2*first + 3*hidden*float64(f.j) + 6*last
}
