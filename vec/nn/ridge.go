package nn

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// RidgeConfig describes a net over learned directions. The input is Fields vectors of Dim rows, the state first, and then
// Shared rows (time); the output Outs vectors of Dim rows.
type RidgeConfig struct {
	Dim, Directions, Shared int
	Fields, Outs            int // 0: 1
	EmbedDim                int
	Scale                   float64   // the projections are multiplied by it: 1/spread of the state; 0 means 1
	Potential               bool      // one output, Σ_j g_j, and not the field Aᵀ g
	MLP                     MLPConfig // of the net shared by the directions
}

// Ridge is a sum of ridge functions: with the rows a_j of A, learned directions, and one net g shared by them (PerDim),
//
//	z = s A x,   y = Aᵀ g(z, t)  or  y = Σ_j g_j(z_j, t),   div y = s Σ_j |a_j|² ∂g_j/∂z_j.
//
// Of several fields x each is projected, and g sees those of its direction; of several outputs each is lifted.
// A target that is a product in some unknown frame is within its reach, and its exact divergence costs one tangent of the
// small net however many dimensions there are. (Projection pursuit: Friedman and Stuetzle, JASA 1981.)
type Ridge[T vec.Float] struct {
	RidgeConfig
	A   Dense // Aᵀ, Dim by Directions, without a bias
	Net *PerDim[T]
}

// NewRidge adds name.directions, name.embed and name.0, name.1, … to a layout. Directions start as normals of unit length
// on average; SetDirections replaces them.
func NewRidge[T vec.Float](l *Layout, name string, c RidgeConfig) *Ridge[T] {
	return NewRidgeAlong[T](l, name, c, NewLinear(l, name+".directions", c.Dim, c.Directions, LeCun(c.Dim, 1)))
}

// NewRidgeAlong is NewRidge over the directions a of another net, which then both train.
func NewRidgeAlong[T vec.Float](l *Layout, name string, c RidgeConfig, a Dense) *Ridge[T] {
	if a.In != c.Dim || a.Out != c.Directions || !a.NoBias {
		panic("nn: the directions do not fit the net")
	}
	if c.Scale == 0 {
		c.Scale = 1
	}
	c.Fields, c.Outs = max(c.Fields, 1), max(c.Outs, 1)
	if c.Potential && c.Outs > 1 {
		panic("nn: a potential has one output")
	}
	r := &Ridge[T]{RidgeConfig: c, A: a}
	r.Net = NewPerDim[T](l, name, PerDimConfig{Dim: c.Directions, Fields: c.Fields, Shared: c.Shared, EmbedDim: c.EmbedDim, Outs: c.Outs, MLP: c.MLP})
	return r
}

// SetDirections sets the directions to the rows of a, Directions by Dim. A Refresh must follow.
func (r *Ridge[T]) SetDirections(p *Params[T], a []float64) {
	if len(a) != r.Dim*r.Directions {
		panic("nn: directions must be Directions by Dim")
	}
	w := Matrix(r.A, p.Theta)
	for j := range r.Directions {
		for i := range r.Dim {
			w[i*r.Directions+j] = T(a[j*r.Dim+i])
		}
	}
}

func (r *Ridge[T]) In() int   { return r.Fields*r.Dim + r.Shared }
func (r *Ridge[T]) Cond() int { return 0 }
func (r *Ridge[T]) Kept() int { return r.Net.Kept() }

func (r *Ridge[T]) Out() int {
	if r.Potential {
		return 1
	}
	return r.Outs * r.Dim
}

// vector is the i-th vector of Dim rows of t, and along the i-th of Directions rows.
func (r *Ridge[T]) vector(t tile.Tile[T], i int) tile.Tile[T] { return t.Slice(i*r.Dim, (i+1)*r.Dim) }
func (r *Ridge[T]) along(t tile.Tile[T], i int) tile.Tile[T] {
	return t.Slice(i*r.Directions, (i+1)*r.Directions)
}

// NewPass returns a pass, a *RidgePass.
func (r *Ridge[T]) NewPass(a *tile.Arena[T], x tile.Tile[T], _ *Cond[T]) Pass[T] {
	if x.Rows != r.In()+1 {
		panic("nn: the input must have In rows and one of ones")
	}
	p := &RidgePass[T]{Ridge: r, x: x, u: a.Input(r.Net.In(), x.P)}
	p.inner = r.Net.NewPass(a, p.u, nil).(*perDimPass[T])
	p.y, p.dx, p.ty = a.Tile(r.Out(), x.P), a.Tile(r.In(), x.P), a.Tile(r.Out(), x.P)
	p.dg, p.tu, p.slope = a.Tile(max(r.Fields, r.Outs)*r.Directions, x.P), a.Tile(r.Net.In(), x.P), a.Tile(r.Directions, x.P)
	return p
}

// RidgePass is the pass of a Ridge, which also knows the divergence.
type RidgePass[T vec.Float] struct {
	*Ridge[T]
	x, u, y, dx   tile.Tile[T] // u: the projections and the shared rows, the input of the inner net
	dg, tu, slope tile.Tile[T]
	ty, g         tile.Tile[T]
	inner         *perDimPass[T]
}

// project sets u to the projections of x's fields and x's shared rows.
func (p *RidgePass[T]) project(w *Params[T], u, x tile.Tile[T]) {
	for f := range p.Fields {
		w.Linear(p.A, p.vector(x, f), p.along(u, f), tile.Tile[T]{})
	}
	z, n := u.Slice(0, p.Fields*p.Directions), p.Fields*p.Dim
	vec.Scale(z.Flat(), T(p.Scale), z.Flat())
	u.Slice(z.Rows, z.Rows+p.Shared).Copy(x.Slice(n, n+p.Shared))
}

// lift sets y to Aᵀ g, or to Σ g.
func (p *RidgePass[T]) lift(w *Params[T], y, g tile.Tile[T]) {
	if !p.Potential {
		for o := range p.Outs {
			w.Adjoint(p.A, p.along(g, o), p.vector(y, o), tile.Tile[T]{})
		}
		return
	}
	y.Copy(g.Slice(0, 1))
	for j := 1; j < g.Rows; j++ {
		vec.Add(y.Row(0), y.Row(0), g.Row(j))
	}
}

func (p *RidgePass[T]) Forward(w *Params[T], keep []T) tile.Tile[T] {
	p.project(w, p.u, p.x)
	p.lift(w, p.y, p.inner.Forward(w, keep))
	return p.y
}

func (p *RidgePass[T]) Record(w *Params[T], kept []T) tile.Tile[T] {
	p.project(w, p.u, p.x)
	p.g = p.inner.Record(w, kept)
	p.lift(w, p.y, p.g)
	return p.y
}

func (p *RidgePass[T]) Backward(w *Params[T], dy tile.Tile[T], s Sink[T], wantDX bool) tile.Tile[T] {
	if p.Potential {
		for j := range p.Directions {
			copy(p.dg.Row(j), dy.Row(0))
		}
	} else {
		for o := range p.Outs {
			w.Linear(p.A, p.vector(dy, o), p.along(p.dg, o), tile.Tile[T]{})
			if s != nil {
				s.Dense(p.A, p.vector(dy, o), p.along(p.g, o))
			}
		}
	}
	du := p.inner.Backward(w, p.dg.Slice(0, p.Outs*p.Directions), s, true)
	dz := du.Slice(0, p.Fields*p.Directions)
	vec.Scale(dz.Flat(), T(p.Scale), dz.Flat())
	for f := range p.Fields {
		if s != nil {
			s.Dense(p.A, p.vector(p.x, f), p.along(dz, f))
		}
		if wantDX {
			w.Adjoint(p.A, p.along(dz, f), p.vector(p.dx, f), tile.Tile[T]{})
		}
	}
	if !wantDX {
		return tile.Tile[T]{}
	}
	p.dx.Slice(p.Fields*p.Dim, p.In()).Copy(du.Slice(dz.Rows, du.Rows))
	return p.dx
}

func (p *RidgePass[T]) JVP(w, dw *Params[T], tx tile.Tile[T]) tile.Tile[T] {
	tz := p.tu.Slice(0, p.Fields*p.Directions)
	if tx.IsZero() {
		p.tu.Fill(0)
	} else {
		p.project(w, p.tu, tx)
	}
	if dw != nil { // s Ȧ x: scaled like the rest, and added to it
		for f := range p.Fields {
			dw.Linear(p.A, p.vector(p.x, f), p.along(p.dg, f), tile.Tile[T]{})
		}
		vec.Axpy(tz.Flat(), T(p.Scale), p.dg.Slice(0, tz.Rows).Flat())
	}
	p.lift(w, p.ty, p.inner.JVP(w, dw, p.tu))
	if dw != nil && !p.Potential {
		for o := range p.Outs {
			dw.Adjoint(p.A, p.along(p.g, o), p.vector(p.ty, o), p.vector(p.ty, o))
		}
	}
	return p.ty
}

// Divergence adds Σ_i ∂y_i/∂x_i of the field at the recorded input to div, one value a particle.
func (p *RidgePass[T]) Divergence(w *Params[T], div []T) {
	if p.Potential || p.Fields > 1 || p.Outs > 1 {
		panic("nn: only one vector of the state alone has a divergence")
	}
	p.inner.slope(w, p.slope)
	a := Matrix(p.A, w.Theta)
	for j := range p.Directions {
		var norm T
		for i := range p.Dim {
			v := a[i*p.Directions+j]
			norm += v * v
		}
		vec.Axpy(div, T(p.Scale)*norm, p.slope.Row(j))
	}
}
