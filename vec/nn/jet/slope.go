package jet

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// slope is the Potential of a perceptron, without Laplacian, by reverse mode and the adjoint of that. The package comment
// has the formulas, and the names.
type slope[T vec.Float] struct {
	net   *nn.MLP[T]
	in    *Input[T]
	shift *shift[T] // nil: no conditions
	act   vec.Act
	d     int

	value bool // the value is wanted too

	x         []tile.Tile[T] // x[l] is the input of layer l, with its row of ones
	f1        []tile.Tile[T] // f′(z_l)
	f2a       []tile.Tile[T] // f″(z_l), then f″ a_{l+1}
	s         []tile.Tile[T]
	a         []tile.Tile[T] // a_{l+1}: the last is w, the same for all particles
	abar      []tile.Tile[T] // ā_l, with a row of zeros where x_l has ones
	zbar      []tile.Tile[T]
	bar, bar2 tile.Tile[T] // scratch

	shiftRate tile.Tile[T] // ∂_t of the shift, then its cotangent
	features  tile.Tile[T] // ∇φ by the features
	out       Scalar[T]
	one       tile.Tile[T]
}

func newSlope[T vec.Float](net nn.Net[T], in *Input[T], value bool, a *tile.Arena[T]) *slope[T] {
	m, time := perceptron(net, in, 1)
	p := in.u.P
	f := &slope[T]{net: m, in: in, act: activation(m.Act), d: in.Dim, value: value}
	if time != nil {
		f.shift, f.shiftRate = newShift(time, in, true, a), a.Tile(m.Hidden[0], p)
	}
	f.x = append(f.x, in.u)
	f.abar = append(f.abar, zeros(a, in.u.Rows, p))
	for _, h := range m.Hidden {
		f.x = append(f.x, a.Input(h, p))
		f.abar = append(f.abar, zeros(a, h+1, p))
		f.f1, f.f2a = append(f.f1, a.Tile(h, p)), append(f.f2a, a.Tile(h, p))
		f.s, f.a = append(f.s, a.Tile(h, p)), append(f.a, a.Tile(h, p))
		f.zbar = append(f.zbar, a.Tile(h, p))
	}
	f.bar, f.bar2 = a.Tile(widest(m), p), a.Tile(widest(m), p)
	f.features = a.Tile(m.In(), p)
	f.out = Scalar[T]{Value: zeros(a, 1, p), Grad: a.Tile(f.d, p), Rate: a.Tile(1, p)}
	f.one = a.Tile(1, p)
	f.one.Fill(1)
	return f
}

// Begin fills in a_L.
func (f *slope[T]) Begin(w *nn.Params[T]) {
	l := len(f.a) - 1
	head := w.Transposed(f.net.Layers[l+1])
	for o := range f.a[l].Rows {
		f.a[l].Slice(o, o+1).Fill(head[o])
	}
	if f.shift != nil {
		f.shift.Begin(w)
	}
}

// End has nothing to add.
func (f *slope[T]) End(*nn.Params[T], nn.Sink[T]) {}

func (f *slope[T]) Forward(w *nn.Params[T]) Scalar[T] {
	shift := none[T]()
	if f.shift != nil {
		var rate tile.Tile[T]
		shift, rate = f.shift.forward(w)
		f.shiftRate.Copy(rate)
	}
	for l, h := range f.net.Hidden {
		z, x := f.bar.Slice(0, h), f.x[l+1].Slice(0, h)
		w.Apply(f.net.Layers[l], f.x[l], z, shift)
		shift = none[T]()
		second(f.act, x.Data, f.f1[l].Data, f.f2a[l].Data, z.Data)
		if f.net.Skips(l) {
			vec.Add(x.Data, x.Data, f.x[l].Slice(0, h).Data)
		}
	}
	last := len(f.s)
	if f.value {
		w.Apply(f.net.Layers[last], f.x[last], f.out.Value, none[T]())
	}
	for l := last - 1; l >= 0; l-- {
		vec.Mul(f.s[l].Data, f.f1[l].Data, f.a[l].Data)
		vec.Mul(f.f2a[l].Data, f.f2a[l].Data, f.a[l].Data)
		if l == 0 {
			w.Adjoint(f.net.Layers[0], f.s[0], f.features, none[T]())
			break
		}
		skip := none[T]()
		if f.net.Skips(l) {
			skip = f.a[l]
		}
		w.Adjoint(f.net.Layers[l], f.s[l], f.a[l-1], skip)
	}
	vec.Scale(f.out.Grad.Data, T(f.in.Scale), f.features.Slice(0, f.d).Data)
	rate := f.out.Rate.Data
	clear(rate)
	for k := range f.in.slope.Rows {
		vec.MulAdd(rate, f.features.Row(f.d+k), f.in.slope.Row(k), rate)
	}
	for o := range f.shiftRate.Rows {
		vec.MulAdd(rate, f.s[0].Row(o), f.shiftRate.Row(o), rate)
	}
	return f.out
}

func (f *slope[T]) Backward(w *nn.Params[T], s nn.Sink[T]) {
	vec.Scale(f.abar[0].Slice(0, f.d).Data, T(f.in.Scale), f.out.Grad.Data)
	for k := range f.in.slope.Rows {
		vec.Mul(f.abar[0].Row(f.d+k), f.in.slope.Row(k), f.out.Rate.Data)
	}
	init := none[T]()
	if f.shift != nil { // the time derivative is s_0 · ∂_t shift, besides what comes by the features
		init = f.bar2.Slice(0, f.shiftRate.Rows)
		for o := range f.shiftRate.Rows {
			rate := f.shiftRate.Row(o)
			vec.Mul(init.Row(o), rate, f.out.Rate.Data)
			vec.Mul(rate, f.s[0].Row(o), f.out.Rate.Data)
		}
	}
	last := len(f.s)
	for l, h := range f.net.Hidden { // up the reverse pass
		layer, sbar, next := f.net.Layers[l], f.bar.Slice(0, h), f.abar[l+1].Slice(0, h)
		s.Dense(layer, f.abar[l], f.s[l])
		w.Linear(layer, f.abar[l].Slice(0, layer.In), sbar, init)
		init = none[T]()
		if f.net.Skips(l) {
			vec.MulAdd(next.Data, f.f1[l].Data, sbar.Data, f.abar[l].Slice(0, h).Data)
		} else {
			vec.Mul(next.Data, f.f1[l].Data, sbar.Data)
		}
		vec.Mul(f.zbar[l].Data, f.f2a[l].Data, sbar.Data)
	}
	head, xbar := f.net.Layers[last], none[T]()
	outer(head, f.abar[last], f.one, s)
	if f.value {
		outer(head, f.x[last], f.out.Value, s)
		xbar = f.bar.Slice(0, head.In)
		w.Adjoint(head, f.out.Value, xbar, none[T]())
	}
	for l := last - 1; l >= 0; l-- { // down the forward pass
		layer, zbar := f.net.Layers[l], f.zbar[l]
		if !xbar.IsZero() {
			vec.MulAdd(zbar.Data, f.f1[l].Data, xbar.Data, zbar.Data)
		}
		s.Dense(layer, f.x[l], zbar)
		if l == 0 {
			break
		}
		skip := none[T]()
		if f.net.Skips(l) {
			skip = xbar
		}
		xbar = f.bar2.Slice(0, layer.In)
		w.Adjoint(layer, zbar, xbar, skip)
		f.bar, f.bar2 = f.bar2, f.bar
	}
	if f.shift != nil {
		f.shift.backward(w, f.zbar[0], f.shiftRate, s)
	}
}

// inputs sets dst to the cotangent of the input's rows.
func (f *slope[T]) inputs(w *nn.Params[T], dst tile.Tile[T]) {
	w.Adjoint(f.net.Layers[0], f.zbar[0], dst, none[T]())
}

// Flops leaves out a conditioning net.
func (f *slope[T]) Flops() float64 {
	first, hidden, _ := products(f.net)
	return 5*first + 6*hidden
}
