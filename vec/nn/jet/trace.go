package jet

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// trace is the Field of a perceptron of two plain hidden layers. Its divergence is a bilinear form in the slopes d_l = f′(z_l),
//
//	div μ = d_1ᵀ M d_2,    M = W_2 ∘ C,    C = Scale (W_1ᵀ W_3ᵀ)   (W_1 without the rows of other inputs),
//
// one product of matrices for any number of coordinates. With cotangents m̄ and δ of μ and div μ, and S = Mᵀ d_1,
//
//	z̄_2 = d_2 ∘ (W_3 m̄) + f″(z_2) ∘ S δ    z̄_1 = d_1 ∘ (W_2 z̄_2) + f″(z_1) ∘ (M v),    v = d_2 δ
//	W̄_2 = x_1 z̄_2ᵀ + C ∘ M̄    W̄_1 = u z̄_1ᵀ + Scale (C̄ W_3)ᵀ    W̄_3 = x_2 m̄ᵀ + Scale (W_1 C̄)ᵀ,    C̄ = W_2 ∘ M̄
//
// where M̄ = d_1 vᵀ is summed over particles, and taken on to the weights by End.
type trace[T vec.Float] struct {
	net   *nn.MLP[T]
	in    *Input[T]
	shift *shift[T] // nil: no conditions
	act   vec.Act
	scale T

	c, m, mT []T // C and M, widths of the first by the second hidden layer, and Mᵀ

	x1, x2, z          tile.Tile[T] // x_l with its row of ones
	d1, dd1, d2, dd2   tile.Tile[T] // f′ and f″
	s, v               tile.Tile[T] // S and v
	mu, div            tile.Tile[T]
	z1Bar, z2Bar, xBar tile.Tile[T]

	sum    nn.Gradient[T] // of M̄
	form   nn.Dense       // M as sum sees it
	sample samples[T]     // for sinks that want gradients particle by particle
}

func newTrace[T vec.Float](net nn.Net[T], in *Input[T], a *tile.Arena[T]) *trace[T] {
	m, time := perceptron(net, in, in.Dim)
	p, h1, h2 := in.u.P, m.Hidden[0], m.Hidden[1]
	f := &trace[T]{net: m, in: in, act: activation(m.Act), scale: T(in.Scale)}
	if time != nil {
		f.shift = newShift(time, in, false, a)
	}
	for _, v := range []*[]T{&f.c, &f.m, &f.mT} {
		*v = a.Slice(h1 * h2)
	}
	f.x1, f.x2, f.z = a.Input(h1, p), a.Input(h2, p), a.Tile(max(h1, h2), p)
	for _, t := range []*tile.Tile[T]{&f.d1, &f.dd1, &f.z1Bar} {
		*t = a.Tile(h1, p)
	}
	for _, t := range []*tile.Tile[T]{&f.d2, &f.dd2, &f.z2Bar, &f.s, &f.v} {
		*t = a.Tile(h2, p)
	}
	f.xBar, f.mu, f.div = a.Tile(max(h1, h2), p), a.Tile(in.Dim, p), a.Tile(1, p)
	var l nn.Layout
	f.form = nn.NewLinear(&l, "M", h1, h2, nn.Init{})
	f.sum = *nn.NewGradient[T](&l)
	f.sum.G = tile.Aligned[T](l.Size())
	return f
}

// Begin makes C and M.
func (f *trace[T]) Begin(w *nn.Params[T]) {
	first, second, head := f.net.Layers[0], f.net.Layers[1], f.net.Layers[2]
	h1, h2 := first.Out, second.Out
	vec.Gemm(h1, h2, f.in.Dim, nn.Matrix(first, w.Theta), 1, h1, w.Transposed(head), head.Rows(), nil, 0, f.c, h2)
	vec.Scale(f.c, f.scale, f.c)
	vec.Mul(f.m, f.c, nn.Matrix(second, w.Theta)[:h1*h2])
	vec.Transpose(f.mT, h1, f.m, h2, h1, h2)
	if f.shift != nil {
		f.shift.Begin(w)
	}
}

func (f *trace[T]) Forward(w *nn.Params[T]) (m, div tile.Tile[T]) {
	shift := none[T]()
	if f.shift != nil {
		shift, _ = f.shift.forward(w)
	}
	h1, h2 := f.d1.Rows, f.d2.Rows
	f.layer(w, 0, f.in.u, f.x1, f.d1, f.dd1, shift)
	f.layer(w, 1, f.x1, f.x2, f.d2, f.dd2, none[T]())
	w.Apply(f.net.Layers[2], f.x2, f.mu, none[T]())
	vec.Gemm(h2, f.s.P, h1, f.mT, h1, 1, f.d1.Data, f.d1.LD, nil, 0, f.s.Data, f.s.LD)
	clear(f.div.Data)
	for a := range h2 {
		vec.MulAdd(f.div.Data, f.d2.Row(a), f.s.Row(a), f.div.Data)
	}
	return f.mu, f.div
}

func (f *trace[T]) layer(w *nn.Params[T], l int, x, y, d, dd, init tile.Tile[T]) {
	z := f.z.Slice(0, d.Rows)
	w.Apply(f.net.Layers[l], x, z, init)
	second(f.act, y.Slice(0, d.Rows).Data, d.Data, dd.Data, z.Data)
}

func (f *trace[T]) Backward(w *nn.Params[T], mBar, divBar tile.Tile[T], s nn.Sink[T]) {
	h1, h2 := f.d1.Rows, f.d2.Rows
	head := f.net.Layers[2]
	xBar := f.xBar.Slice(0, h2)
	w.Adjoint(head, mBar, xBar, none[T]())
	for a := range h2 {
		vec.Mul(f.v.Row(a), f.d2.Row(a), divBar.Data)
		vec.Mul(f.s.Row(a), f.s.Row(a), divBar.Data)
	}
	vec.Mul(f.z2Bar.Data, f.dd2.Data, f.s.Data)
	vec.MulAdd(f.z2Bar.Data, f.d2.Data, xBar.Data, f.z2Bar.Data)
	xBar, mv := f.xBar.Slice(0, h1), f.z.Slice(0, h1)
	w.Adjoint(f.net.Layers[1], f.z2Bar, xBar, none[T]())
	vec.Gemm(h1, mv.P, h2, f.m, h2, 1, f.v.Data, f.v.LD, nil, 0, mv.Data, mv.LD)
	vec.Mul(f.z1Bar.Data, f.dd1.Data, mv.Data)
	vec.MulAdd(f.z1Bar.Data, f.d1.Data, xBar.Data, f.z1Bar.Data)
	if f.shift != nil {
		f.shift.backward(w, f.z1Bar, none[T](), s)
	}
	if _, ok := s.(*nn.Gradient[T]); !ok {
		f.samples(w, mBar, s)
		return
	}
	s.Dense(head, f.x2, mBar)
	s.Dense(f.net.Layers[1], f.x1, f.z2Bar)
	s.Dense(f.net.Layers[0], f.in.u, f.z1Bar)
	f.sum.Dense(f.form, f.d1, f.v)
}

// End takes M̄ to the weights.
func (f *trace[T]) End(w *nn.Params[T], s nn.Sink[T]) {
	g, ok := s.(*nn.Gradient[T])
	if !ok {
		return
	}
	first, second, head := f.net.Layers[0], f.net.Layers[1], f.net.Layers[2]
	h1, h2, n, mBar := first.Out, second.Out, f.in.Dim, f.sum.G[:first.Out*second.Out]
	w2Bar := nn.Matrix(second, g.G)[:h1*h2]
	vec.MulAdd(w2Bar, f.c, mBar, w2Bar)
	vec.Mul(mBar, nn.Matrix(second, w.Theta)[:h1*h2], mBar)
	vec.Scale(mBar, f.scale, mBar) // now Scale C̄
	cT := f.mT                     // made again before it is read
	vec.Transpose(cT, h1, mBar, h2, h1, h2)
	w1Bar, w3Bar := nn.Matrix(first, g.G), nn.Matrix(head, g.G)
	vec.Gemm(n, h1, h2, w.Transposed(head), head.Rows(), 1, cT, h1, w1Bar, h1, w1Bar, h1)
	vec.Gemm(h2, n, h1, cT, h1, 1, w.Transposed(first), first.Rows(), w3Bar, n, w3Bar, n)
	vec.Transpose(f.mT, h1, f.m, h2, h1, h2)
	clear(mBar)
}

// Flops leaves out a conditioning net, and what is done once for many tiles.
func (f *trace[T]) Flops() float64 {
	first, hidden, last := products(f.net)
	return 2*first + 6*hidden + 3*last
}
