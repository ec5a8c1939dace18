package pinn

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
)

// Ridge adds to both nets a sum over learned directions, the rows a_j of a matrix that they share:
//
//	φ = Σ_j h_j(z_j, t) + MLP(x, t)    μ = Aᵀ g(z, t) + MLP(x, t)    z = A x
//
// Targets that are products in a frame unknown to anyone are within the sums' reach, and what is left to the perceptrons.
type Ridge struct {
	Directions int
	Hidden     []int // of the nets h and g, which the directions share
	Embed      int   // length of the embedding by which they know the direction
	Act        nn.Activation
	Head       float64
	Alone      bool // no perceptrons
}

// nets makes φ and μ as the configuration says.
func nets[T vec.Float](l *nn.Layout, name string, c Config) (phi, mu nn.Net[T]) {
	m := nn.MLPConfig{In: c.Width(), Hidden: c.Hidden, Act: c.Act, Residual: c.Residual, Head: c.Head}
	r := c.Ridge
	if r == nil || !r.Alone {
		p, f := m, m
		if p.Out, f.Out = 1, c.Dim; c.Equation.Gradient() {
			f.Out = 1
		}
		phi = nn.NewMLP[T](l, name+".potential", p)
		if c.Equation != Score {
			mu = nn.NewMLP[T](l, name+".drift", f)
		}
	}
	if r == nil {
		return phi, mu
	}
	rc := nn.RidgeConfig{
		Dim: c.Dim, Directions: r.Directions, Shared: c.Time.Rows(), EmbedDim: r.Embed,
		MLP: nn.MLPConfig{Hidden: r.Hidden, Act: r.Act, Head: r.Head},
	}
	if c.Equation == Score {
		rc.Potential = true
		h := nn.NewRidge[T](l, name+".potential.ridge", rc)
		if r.Alone {
			return h, nil
		}
		return nn.NewSum[T](h, phi), nil
	}
	rc.Potential = c.Equation.Gradient()
	g := nn.NewRidge[T](l, name+".drift.ridge", rc)
	rc.Potential = true
	h := nn.NewRidgeAlong[T](l, name+".potential.ridge", rc, g.A)
	if r.Alone {
		return h, g
	}
	return nn.NewSum[T](h, phi), nn.NewSum[T](g, mu)
}

// SetDirections sets the directions of a loss with Ridge to the rows of a, Directions by Dim. A Refresh must follow.
func (l *Loss[T]) SetDirections(w *nn.Params[T], a []float64) {
	of := l.Drift
	if of == nil {
		of = l.Potential
	}
	if m, ok := of.(*nn.Mirrored[T]); ok {
		of = m.Net
	}
	switch net := of.(type) {
	case *nn.Ridge[T]:
		net.SetDirections(w, a)
	case *nn.Sum[T]:
		net.Nets[0].(*nn.Ridge[T]).SetDirections(w, a)
	default:
		panic("pinn: the nets have no directions")
	}
}
