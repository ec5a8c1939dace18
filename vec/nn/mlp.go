package nn

import (
	"fmt"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// MLPConfig describes a fully connected net. Its zero values are no hidden layer, SiLU, plain, and a last layer that
// starts at zero.
type MLPConfig struct {
	In, Out  int
	Hidden   []int // widths; none makes the net affine
	Act      Activation
	Residual bool // h_l = h_{l−1} + act(z_l) wherever the widths agree
	Cond     bool // the conditions, Hidden[0] of them, are added to the first pre-activation

	Torch    bool    // hidden layers start from uniforms on ±1/√in, as PyTorch's, and not from normals of variance 1/in
	Head     float64 // scale of the last layer's initial weights, normals of variance Head²/in; 0: zero
	HeadBias float64 // initial bias of the last layer
}

// MLP is a fully connected net. Its layers and configuration are open to packages that differentiate it further.
type MLP[T vec.Float] struct {
	MLPConfig
	Layers []Dense // hidden layers, then the last
}

// NewMLP adds the layers name.0, name.1, … to a layout.
func NewMLP[T vec.Float](l *Layout, name string, c MLPConfig) *MLP[T] {
	if c.In < 1 || c.Out < 1 || c.Cond && len(c.Hidden) == 0 {
		panic("nn: an MLP needs inputs and outputs, and a hidden layer to be conditioned")
	}
	m := &MLP[T]{MLPConfig: c}
	in := c.In
	for i, h := range c.Hidden {
		kernel, bias := LeCun(in, 1), Init{}
		if c.Torch {
			kernel = Init{Uniform: LeCun(in, 1).Normal}
			bias = kernel
		}
		m.Layers = append(m.Layers, NewDense(l, fmt.Sprintf("%s.%d", name, i), in, h, kernel, bias))
		in = h
	}
	head := NewDense(l, fmt.Sprintf("%s.%d", name, len(c.Hidden)), in, c.Out, LeCun(in, c.Head), Init{Shift: c.HeadBias})
	m.Layers = append(m.Layers, head)
	return m
}

func (m *MLP[T]) In() int  { return m.MLPConfig.In }
func (m *MLP[T]) Out() int { return m.MLPConfig.Out }

func (m *MLP[T]) Cond() int {
	if m.MLPConfig.Cond {
		return m.Hidden[0]
	}
	return 0
}

// Skips tells whether hidden layer l adds its input to its output.
func (m *MLP[T]) Skips(l int) bool {
	return m.Residual && l > 0 && m.Hidden[l] == m.Hidden[l-1]
}

// keeps tells whether the pre-activation of hidden layer l is worth keeping: a narrow first layer is as quickly made again
// as fetched.
func (m *MLP[T]) keeps(l int) bool { return l > 0 || 4*m.In() > m.Hidden[0] }

func (m *MLP[T]) Kept() int {
	n := 0
	for l, h := range m.Hidden {
		if m.keeps(l) {
			n += h
		}
	}
	return n
}

// NewPass returns a pass.
func (m *MLP[T]) NewPass(a *tile.Arena[T], x tile.Tile[T], c *Cond[T]) Pass[T] {
	if x.Rows != m.In()+1 {
		panic("nn: the input must have In rows and one of ones")
	}
	p := &mlpPass[T]{MLP: m, cond: c, x: make([]tile.Tile[T], len(m.Layers)), d: make([]tile.Tile[T], len(m.Hidden))}
	p.x[0] = x
	wide := 0
	for l, h := range m.Hidden {
		p.x[l+1] = a.Input(h, x.P)
		p.d[l] = a.Tile(h, x.P)
		wide = max(wide, h)
	}
	p.z, p.bar, p.dz = a.Tile(wide, x.P), a.Tile(wide, x.P), a.Tile(wide, x.P)
	p.y, p.dx = a.Tile(m.Out(), x.P), a.Tile(m.In(), x.P)
	return p
}

type mlpPass[T vec.Float] struct {
	*MLP[T]
	cond       *Cond[T]
	x          []tile.Tile[T] // x[l] is the input of layer l, with ones
	d          []tile.Tile[T] // act′ of hidden layer l
	z, bar, dz tile.Tile[T]   // scratch as wide as the widest layer
	y, dx      tile.Tile[T]
	t, tz, ty  tile.Tile[T] // tangents, made when first wanted, and not of an arena that may have moved on
	trace      trace[T]
	blocks     blocks[T]

	shifted []T // see shift; made from parameters of at their version
	of      *Params[T]
	version int
}

func (p *mlpPass[T]) Forward(w *Params[T], keep []T) tile.Tile[T] {
	for l, h := range p.Hidden {
		z := p.z.Slice(0, h)
		if keep != nil && p.keeps(l) {
			z, keep = p.cut(h, keep)
		}
		p.affine(w, l, z)
		Value(p.Act, p.out(l).Flat(), z.Flat())
		p.skip(l)
	}
	return p.last(w)
}

func (p *mlpPass[T]) Record(w *Params[T], kept []T) tile.Tile[T] {
	for l, h := range p.Hidden {
		z := p.z.Slice(0, h)
		if kept != nil && p.keeps(l) {
			z, kept = p.cut(h, kept)
		} else {
			p.affine(w, l, z)
		}
		Derivative(p.Act, p.out(l).Flat(), p.d[l].Flat(), z.Flat())
		p.skip(l)
	}
	return p.last(w)
}

// cut takes the next tile of h rows off what is kept.
func (p *mlpPass[T]) cut(h int, keep []T) (tile.Tile[T], []T) {
	n := h * p.y.P
	return tile.Of(keep, h, p.y.P), keep[n:]
}

// out is the output of hidden layer l, without the ones.
func (p *mlpPass[T]) out(l int) tile.Tile[T] { return p.x[l+1].Slice(0, p.Hidden[l]) }

// affine sets z to the pre-activation of layer l.
func (p *mlpPass[T]) affine(w *Params[T], l int, z tile.Tile[T]) {
	var init tile.Tile[T]
	if l == 0 && p.cond != nil && p.Cond() > 0 {
		if p.cond.Row != nil {
			d := p.Layers[0]
			vec.Gemm(d.Out, z.P, d.Rows(), p.shift(w), d.Rows(), 1, p.x[0].Data, p.x[0].LD, nil, 0, z.Data, z.LD)
			return
		}
		init = p.cond.Tile
	}
	w.Apply(p.Layers[l], p.x[l], z, init)
}

// shift returns the first layer's Wᵀ with the conditions that all particles share added to its bias: a few numbers, where
// the tile has thousands.
func (p *mlpPass[T]) shift(w *Params[T]) []T {
	trans, rows := w.Transposed(p.Layers[0]), p.Layers[0].Rows()
	if p.of != w || p.version != w.version {
		p.shifted = append(p.shifted[:0], trans...)
		p.of, p.version = w, w.version
	}
	for i, v := range p.cond.Row {
		bias := i*rows + rows - 1
		p.shifted[bias] = trans[bias] + v
	}
	return p.shifted
}

func (p *mlpPass[T]) skip(l int) {
	if p.Skips(l) {
		h := p.out(l).Flat()
		vec.Add(h, h, p.out(l-1).Flat())
	}
}

func (p *mlpPass[T]) last(w *Params[T]) tile.Tile[T] {
	l := len(p.Hidden)
	w.Apply(p.Layers[l], p.x[l], p.y, tile.Tile[T]{})
	return p.y
}

func (p *mlpPass[T]) Backward(w *Params[T], dy tile.Tile[T], s Sink[T], wantDX bool) tile.Tile[T] {
	var none tile.Tile[T]
	l := len(p.Hidden)
	if s != nil {
		s.Dense(p.Layers[l], p.x[l], dy)
	}
	if l == 0 {
		if !wantDX {
			return none
		}
		w.Adjoint(p.Layers[0], dy, p.dx, none)
		return p.dx
	}
	bar := p.bar.Slice(0, p.Hidden[l-1])
	w.Adjoint(p.Layers[l], dy, bar, none)
	for l--; l >= 0; l-- {
		dz := p.dz.Slice(0, p.Hidden[l])
		vec.Mul(dz.Flat(), bar.Flat(), p.d[l].Flat())
		if s != nil {
			s.Dense(p.Layers[l], p.x[l], dz)
		}
		if l > 0 {
			init := none
			if p.Skips(l) {
				init = bar
			}
			bar = p.bar.Slice(0, p.Hidden[l-1])
			w.Adjoint(p.Layers[l], dz, bar, init)
			continue
		}
		if p.Cond() > 0 && p.cond.DRow != nil {
			vec.DotRows(p.cond.DRow, 1, dz.Data, dz.Rows, dz.LD, p.x[0].Row(p.In())) // with its ones
		} else if p.Cond() > 0 && !p.cond.DTile.IsZero() {
			p.cond.DTile.Copy(dz)
		}
		if wantDX {
			w.Adjoint(p.Layers[0], dz, p.dx, none)
			return p.dx
		}
	}
	return none
}

func (p *mlpPass[T]) JVP(w, dw *Params[T], tx tile.Tile[T]) tile.Tile[T] {
	if p.ty.IsZero() {
		p.t, p.tz = tile.New[T](p.z.Rows, p.y.P), tile.New[T](p.z.Rows, p.y.P)
		p.ty = tile.New[T](p.Out(), p.y.P)
	}
	t := tx
	for l, h := range p.Hidden {
		tz := p.tz.Slice(0, h)
		p.tangent(w, dw, l, t, tz)
		if l == 0 && p.Cond() > 0 && !p.cond.Tan.IsZero() {
			add(tz, tz, p.cond.Tan)
		}
		next := p.t.Slice(0, h)
		vec.Mul(tz.Flat(), tz.Flat(), p.d[l].Flat())
		if p.Skips(l) {
			vec.Add(next.Flat(), next.Flat(), tz.Flat())
		} else {
			next.Copy(tz)
		}
		t = next
	}
	p.tangent(w, dw, len(p.Hidden), t, p.ty)
	return p.ty
}

// tangent sets tz to the change of layer l's output where its input changes by t, if t is not zero, and its weights by dw.
func (p *mlpPass[T]) tangent(w, dw *Params[T], l int, t, tz tile.Tile[T]) {
	if t.IsZero() {
		tz.Fill(0)
	} else {
		w.Linear(p.Layers[l], t, tz, tile.Tile[T]{})
	}
	if dw != nil {
		dw.Apply(p.Layers[l], p.x[l], tz, tz)
	}
}
