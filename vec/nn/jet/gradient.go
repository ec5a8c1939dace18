package jet

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Gradient is ∇φ as a net of its own, of a scalar perceptron φ by the first Dim rows of its input: a field without rotation,
// whose Jacobian is the Hessian of φ. Its pass is reverse mode, and the adjoint of that; with changes ẋ of the inputs and Ẇ of
// the weights its own changes by
//
//	ż_l = W_lᵀ ẋ_l + Ẇ_lᵀ x_l     ẋ_{l+1} = f′ ż_l
//	ȧ_L = ẇ     ṡ_l = f′ ȧ_{l+1} + f″ a_{l+1} ż_l     ȧ_l = W_l ṡ_l + Ẇ_l s_l     (∇φ)˙ = ȧ_0
type Gradient[T vec.Float] struct {
	Phi *nn.MLP[T]
	Dim int
}

// NewGradient checks that phi is a scalar, and has a hidden layer.
func NewGradient[T vec.Float](phi *nn.MLP[T], dim int) *Gradient[T] {
	if phi.Out() != 1 || dim > phi.In() || len(phi.Hidden) == 0 {
		panic("jet: a potential has one output, a hidden layer, and the coordinates among its inputs")
	}
	activation(phi.Act) // that it has a second derivative
	return &Gradient[T]{phi, dim}
}

func (g *Gradient[T]) In() int   { return g.Phi.In() }
func (g *Gradient[T]) Out() int  { return g.Dim }
func (g *Gradient[T]) Cond() int { return 0 }
func (g *Gradient[T]) Kept() int { return 0 }

// NewPass returns a pass.
func (g *Gradient[T]) NewPass(a *tile.Arena[T], x tile.Tile[T], _ *nn.Cond[T]) nn.Pass[T] {
	if x.Rows != g.In()+1 {
		panic("jet: the input must have In rows and one of ones")
	}
	in := &Input[T]{Features: Features{Dim: g.Dim, Scale: 1}, u: x} // other rows are constants
	return &gradientPass[T]{slope: newSlope[T](g.Phi, in, false, a), dx: a.Tile(g.In(), x.P)}
}

type gradientPass[T vec.Float] struct {
	*slope[T]
	dx     tile.Tile[T]
	rate   []tile.Tile[T] // ż_l
	up, to tile.Tile[T]   // scratch of JVP
	ty     tile.Tile[T]
}

// Forward keeps nothing.
func (p *gradientPass[T]) Forward(w *nn.Params[T], _ []T) tile.Tile[T] { return p.Record(w, nil) }

func (p *gradientPass[T]) Record(w *nn.Params[T], _ []T) tile.Tile[T] {
	p.Begin(w)
	return p.slope.Forward(w).Grad
}

func (p *gradientPass[T]) Backward(w *nn.Params[T], dy tile.Tile[T], s nn.Sink[T], wantDX bool) tile.Tile[T] {
	if s == nil {
		s = nowhere[T]{}
	}
	p.out.Grad.Copy(dy)
	p.slope.Backward(w, s)
	if !wantDX {
		return none[T]()
	}
	p.inputs(w, p.dx)
	return p.dx
}

// nowhere is a sink that forgets.
type nowhere[T vec.Float] struct{}

func (nowhere[T]) Dense(nn.Dense, tile.Tile[T], tile.Tile[T]) {}
func (nowhere[T]) Vector(int, tile.Tile[T])                   {}

func (p *gradientPass[T]) JVP(w, dw *nn.Params[T], tx tile.Tile[T]) tile.Tile[T] {
	if p.ty.IsZero() {
		n := p.in.u.P
		for _, h := range p.net.Hidden {
			p.rate = append(p.rate, tile.New[T](h, n))
		}
		wide := max(widest(p.net), p.net.In())
		p.up, p.to, p.ty = tile.New[T](wide, n), tile.New[T](wide, n), tile.New[T](p.d, n)
	}
	last, t := len(p.rate), tx
	for l, z := range p.rate { // up the forward pass
		if t.IsZero() {
			z.Fill(0)
		} else {
			w.Linear(p.net.Layers[l], t, z, none[T]())
		}
		if dw != nil {
			dw.Apply(p.net.Layers[l], p.x[l], z, z)
		}
		next := p.to.Slice(0, z.Rows)
		if p.net.Skips(l) {
			vec.MulAdd(next.Data, p.f1[l].Data, z.Data, t.Data)
		} else {
			vec.Mul(next.Data, p.f1[l].Data, z.Data)
		}
		t, p.up, p.to = next, p.to, p.up
	}
	bar := p.up.Slice(0, p.net.Hidden[last-1])
	bar.Fill(0)
	if dw != nil {
		for o, v := range dw.Transposed(p.net.Layers[last])[:bar.Rows] {
			bar.Slice(o, o+1).Fill(v)
		}
	}
	for l := last - 1; l >= 0; l-- { // down the reverse pass
		layer, s, skip := p.net.Layers[l], p.rate[l], none[T]()
		vec.Mul(s.Data, p.f2a[l].Data, s.Data)
		vec.MulAdd(s.Data, p.f1[l].Data, bar.Data, s.Data)
		if p.net.Skips(l) {
			skip = bar
		}
		next := p.to.Slice(0, layer.In)
		w.Adjoint(layer, s, next, skip)
		if dw != nil {
			dw.Adjoint(layer, p.s[l], next, next)
		}
		bar, p.up, p.to = next, p.to, p.up
	}
	p.ty.Copy(bar.Slice(0, p.d))
	return p.ty
}
