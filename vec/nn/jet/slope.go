package jet

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Slope evaluates a scalar with its gradient and time derivative by reverse mode, and has the adjoint of that. It belongs
// to one worker, and works on the tile that its Input holds. The package comment has the formulas, and the names.
type Slope[T vec.Float] struct {
	net *nn.MLP[T]
	in  *Input[T]
	act vec.Act
	d   int
	p   int

	value bool // cotangents of the value are wanted too

	x      []tile.Tile[T] // x[l] is the input of layer l ≥ 1, with its row of ones
	f1     []tile.Tile[T] // f′(z_l)
	f2a    []tile.Tile[T] // f″(z_l), then f″ a_{l+1}
	s      []tile.Tile[T]
	a      []tile.Tile[T] // a_{l+1}: the last is w, the same for all particles
	abar   []tile.Tile[T] // ā_l, with a row of zeros where x_l has ones
	zbar   []tile.Tile[T]
	z, bar tile.Tile[T] // scratch

	slope  tile.Tile[T] // ∇φ by the features
	out    Scalar[T]
	rowOne tile.Tile[T]
}

// NewSlope makes the memory of one worker. Without value only the derivatives of the scalar are computed and taken back.
func NewSlope[T vec.Float](net *nn.MLP[T], in *Input[T], value bool, a *tile.Arena[T]) *Slope[T] {
	check(net, in, 1)
	p := in.u.P
	f := &Slope[T]{net: net, in: in, act: activation(net.Act), d: in.Dim, p: p, value: value}
	f.x = append(f.x, in.u)
	f.abar = append(f.abar, zeros(a, net.In()+1, p))
	for _, h := range net.Hidden {
		f.x = append(f.x, a.Input(h, p))
		f.abar = append(f.abar, zeros(a, h+1, p))
		f.f1, f.f2a = append(f.f1, a.Tile(h, p)), append(f.f2a, a.Tile(h, p))
		f.s, f.a = append(f.s, a.Tile(h, p)), append(f.a, a.Tile(h, p))
		f.zbar = append(f.zbar, a.Tile(h, p))
	}
	f.z, f.bar = a.Tile(widest(net), p), a.Tile(widest(net), p)
	f.slope = a.Tile(net.In(), p)
	f.out = Scalar[T]{Value: zeros(a, 1, p), Grad: a.Tile(f.d, p), Rate: a.Tile(1, p)}
	f.rowOne = a.Tile(1, p)
	f.rowOne.Fill(1)
	return f
}

func zeros[T vec.Float](a *tile.Arena[T], rows, p int) tile.Tile[T] {
	t := a.Tile(rows, p)
	t.Fill(0)
	return t
}

// Begin fills in a_L, which depends on the weights alone: once per change of the parameters, before the first tile.
func (f *Slope[T]) Begin(w *nn.Params[T]) {
	l := len(f.a) - 1
	head := w.Transposed(f.net.Layers[l+1])
	for o := range f.a[l].Rows {
		f.a[l].Slice(o, o+1).Fill(head[o])
	}
}

// Forward returns the scalar, without a Laplacian.
func (f *Slope[T]) Forward(w *nn.Params[T]) Scalar[T] {
	for l, h := range f.net.Hidden {
		z := f.z.Slice(0, h)
		w.Apply(f.net.Layers[l], f.x[l], z, none[T]())
		second(f.act, f.x[l+1].Slice(0, h).Data, f.f1[l].Data, f.f2a[l].Data, z.Data)
	}
	last := len(f.s)
	if f.value {
		w.Apply(f.net.Layers[last], f.x[last], f.out.Value, none[T]())
	}
	for l := last - 1; l >= 0; l-- {
		vec.Mul(f.s[l].Data, f.f1[l].Data, f.a[l].Data)
		vec.Mul(f.f2a[l].Data, f.f2a[l].Data, f.a[l].Data)
		if l > 0 {
			w.Adjoint(f.net.Layers[l], f.s[l], f.a[l-1], none[T]())
		} else {
			w.Adjoint(f.net.Layers[0], f.s[0], f.slope, none[T]())
		}
	}
	vec.Scale(f.out.Grad.Data, T(f.in.Scale), f.slope.Slice(0, f.d).Data)
	rate := f.out.Rate.Data
	clear(rate)
	for k := range f.in.Time.Rows() {
		vec.MulAdd(rate, f.slope.Row(f.d+k), f.in.slope.Row(k), rate)
	}
	return f.out
}

// Backward takes the scalar's cotangents back to the parameters. They must stand where Forward's result stood, written
// over it.
func (f *Slope[T]) Backward(w *nn.Params[T], s nn.Sink[T]) {
	vec.Scale(f.abar[0].Slice(0, f.d).Data, T(f.in.Scale), f.out.Grad.Data)
	for k := range f.in.Time.Rows() {
		vec.Mul(f.abar[0].Row(f.d+k), f.in.slope.Row(k), f.out.Rate.Data)
	}
	last := len(f.s)
	for l, h := range f.net.Hidden { // up the reverse pass
		layer, sbar := f.net.Layers[l], f.bar.Slice(0, h)
		s.Dense(layer, f.abar[l], f.s[l])
		w.Linear(layer, f.abar[l].Slice(0, layer.In), sbar, none[T]())
		vec.Mul(f.abar[l+1].Slice(0, h).Data, f.f1[l].Data, sbar.Data)
		vec.Mul(f.zbar[l].Data, f.f2a[l].Data, sbar.Data)
	}
	head := f.net.Layers[last]
	f.outer(head, f.abar[last], f.rowOne, s)
	if f.value {
		f.outer(head, f.x[last], f.out.Value, s)
	}
	for l := last - 1; l >= 0; l-- { // down the forward pass
		layer, zbar := f.net.Layers[l], f.zbar[l]
		xbar := f.bar.Slice(0, zbar.Rows)
		if l < last-1 {
			w.Adjoint(f.net.Layers[l+1], f.zbar[l+1], xbar, none[T]())
			vec.MulAdd(zbar.Data, f.f1[l].Data, xbar.Data, zbar.Data)
		} else if f.value {
			w.Adjoint(head, f.out.Value, xbar, none[T]())
			vec.MulAdd(zbar.Data, f.f1[l].Data, xbar.Data, zbar.Data)
		}
		s.Dense(layer, f.x[l], zbar)
	}
}

// outer tells the sink of the last layer, of one output.
func (f *Slope[T]) outer(head nn.Dense, x, dz tile.Tile[T], s nn.Sink[T]) {
	if g, ok := s.(*nn.Gradient[T]); ok {
		vec.DotRows(g.G[head.Off:], 1, x.Data, x.Rows, x.LD, dz.Data)
		return
	}
	s.Dense(head, x, dz)
}
