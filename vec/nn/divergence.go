package nn

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Divergent is a pass that knows the divergence of its output as a field over the first Out() rows of its input: the
// trace of that part of the Jacobian. Passes of Ridge, of MLP and of their Sum do.
type Divergent[T vec.Float] interface {
	// Divergence adds Σ_i ∂y_i/∂x_i at the recorded input to div, one value a particle.
	Divergence(w *Params[T], div []T)
}

// Divergence adds the divergences of the nets.
func (p *sumPass[T]) Divergence(w *Params[T], div []T) {
	for _, pass := range p.pass {
		d, ok := pass.(Divergent[T])
		if !ok {
			panic("nn: a net of the sum does not know its divergence")
		}
		d.Divergence(w, div)
	}
}

// trace is what an MLP's divergence needs beside the pass. With D_l the slopes act′ and two plain hidden layers,
//
//	tr(W₃ᵀ D₂ W₂ᵀ D₁ W₁ᵀ) = Σ_ab d₂ₐ M_ab d₁_b,   M = W₂ᵀ ∘ (W₃ W₁),
//
// W₁ without the rows of other inputs. M is made once a step, and the trace is one product of matrices in any dimension.
type trace[T vec.Float] struct {
	m       tile.Tile[T] // M, widths of the second by the first hidden layer
	s       tile.Tile[T]
	tx      tile.Tile[T]
	of      *Params[T] // whose M it is, and as of which Refresh
	version int
}

// Divergence takes a product of matrices a tile where there are two plain hidden layers, and else a tangent a dimension.
func (p *mlpPass[T]) Divergence(w *Params[T], div []T) {
	n := p.Out()
	if n > p.In() {
		panic("nn: a field needs as many inputs as outputs")
	}
	if len(p.Hidden) != 2 || p.Residual {
		p.divergenceByTangents(w, div)
		return
	}
	t, h1, h2 := &p.trace, p.Hidden[0], p.Hidden[1]
	if t.m.IsZero() {
		t.m, t.s = tile.New[T](h2, h1), tile.New[T](h2, p.y.P)
	}
	if t.of != w || t.version != w.version {
		t.of, t.version = w, w.version
		vec.Gemm(h2, h1, n, Matrix(p.Layers[2], w.Theta), n, 1, Matrix(p.Layers[0], w.Theta), h1, nil, 0, t.m.Data, h1)
		w2, ld := w.Transposed(p.Layers[1]), p.Layers[1].Rows()
		for a := range h2 {
			vec.Mul(t.m.Row(a), t.m.Row(a), w2[a*ld:a*ld+h1])
		}
	}
	d1, d2 := p.d[0], p.d[1]
	vec.Gemm(h2, p.y.P, h1, t.m.Data, h1, 1, d1.Data, d1.LD, nil, 0, t.s.Data, t.s.LD)
	for a := range h2 {
		vec.MulAdd(div, t.s.Row(a), d2.Row(a), div)
	}
}

func (p *mlpPass[T]) divergenceByTangents(w *Params[T], div []T) {
	if p.trace.tx.IsZero() {
		p.trace.tx = tile.New[T](p.In(), p.y.P)
	}
	tx := p.trace.tx
	for i := range p.Out() {
		tx.Fill(0)
		tx.Slice(i, i+1).Fill(1)
		vec.Add(div, div, p.JVP(w, nil, tx).Row(i))
	}
}
