package nn

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// BlockDivergent is a pass whose output is blocks of n = Out()/len(c) rows, fields each over the first n rows of the input,
// and that knows the divergence of any combination of them. Passes of MLP are.
type BlockDivergent[T vec.Float] interface {
	// BlockDivergence adds Σ_b c_b Σ_i ∂y_{bn+i}/∂x_i at the recorded input to div, one value a particle.
	BlockDivergence(w *Params[T], c, div []T)
}

// blocks is what the divergence of a combination needs: of the matrices G = (Σ_b c_b W₃ᵇ) W₁ those of the blocks, last
// hidden layer by first, and M = W₂ᵀ ∘ G where there are two hidden layers, see trace.
type blocks[T vec.Float] struct {
	g       []tile.Tile[T]
	m, s    tile.Tile[T]
	left, t tile.Tile[T]
	w3      []T // Σ_b c_b W₃ᵇ, n by the last hidden width
	of      *Params[T]
	version int
}

// BlockDivergence takes a product of matrices a tile where there are one or two hidden layers, and else a tangent for each
// row of a block, that only passes between the first and the last layer.
func (p *mlpPass[T]) BlockDivergence(w *Params[T], c, div []T) {
	n := p.Out() / len(c)
	if n*len(c) != p.Out() || n > p.In() || len(p.Hidden) == 0 {
		panic("nn: blocks of an output need as many inputs as rows, and a hidden layer")
	}
	b, last := &p.blocks, len(p.Hidden)-1
	h1, h := p.Hidden[0], p.Hidden[last]
	if last > 1 {
		p.blockTangents(w, c, div, n)
		return
	}
	if b.of != w || b.version != w.version || len(b.g) != len(c) {
		b.of, b.version = w, w.version
		for len(b.g) < len(c) {
			b.g = append(b.g, tile.New[T](h, h1))
		}
		b.g = b.g[:len(c)]
		w1, w3, out := Matrix(p.Layers[0], w.Theta), Matrix(p.Layers[last+1], w.Theta), p.Out()
		for i, g := range b.g {
			vec.Gemm(h, h1, n, w3[i*n:], out, 1, w1, h1, nil, 0, g.Data, h1)
		}
		if b.m.IsZero() {
			b.m, b.s = tile.New[T](h, h1), tile.New[T](h, p.y.P)
		}
	}
	g := b.m // of the combination
	g.Fill(0)
	for i, f := range c {
		vec.Axpy(g.Flat(), f, b.g[i].Flat())
	}
	if last == 0 || p.Skips(1) {
		for a := range h1 {
			vec.Axpy(div, g.Row(a)[a], p.d[0].Row(a))
		}
		if last == 0 {
			return
		}
	}
	w2, ld := w.Transposed(p.Layers[1]), p.Layers[1].Rows()
	for a := range h {
		vec.Mul(g.Row(a), g.Row(a), w2[a*ld:a*ld+h1])
	}
	d1, d2 := p.d[0], p.d[1]
	vec.Gemm(h, p.y.P, h1, g.Data, h1, 1, d1.Data, d1.LD, nil, 0, b.s.Data, b.s.LD)
	for a := range h {
		vec.MulAdd(div, b.s.Row(a), d2.Row(a), div)
	}
}

func (p *mlpPass[T]) blockTangents(w *Params[T], c, div []T, n int) {
	b, last := &p.blocks, len(p.Hidden)-1
	h1, h, out := p.Hidden[0], p.Hidden[last], p.Out()
	if b.t.IsZero() {
		b.t, b.left = tile.New[T](p.z.Rows, p.y.P), tile.New[T](p.z.Rows, p.y.P)
	}
	if len(b.w3) != n*h {
		b.w3 = make([]T, n*h)
	}
	w1, w3 := Matrix(p.Layers[0], w.Theta), Matrix(p.Layers[last+1], w.Theta)
	for a := range h {
		for i := range n {
			var sum T
			for k, f := range c {
				sum += f * w3[a*out+k*n+i]
			}
			b.w3[i*h+a] = sum
		}
	}
	for i := range n {
		t := b.t.Slice(0, h1)
		for a := range h1 {
			vec.Scale(t.Row(a), w1[i*h1+a], p.d[0].Row(a))
		}
		for l := 1; l <= last; l++ {
			next := b.left.Slice(0, p.Hidden[l])
			w.Linear(p.Layers[l], t, next, tile.Tile[T]{})
			if p.Skips(l) {
				vec.MulAdd(next.Flat(), next.Flat(), p.d[l].Flat(), t.Flat())
			} else {
				vec.Mul(next.Flat(), next.Flat(), p.d[l].Flat())
			}
			b.t, b.left = b.left, b.t
			t = next
		}
		for a := range h {
			vec.Axpy(div, b.w3[i*h+a], t.Row(a))
		}
	}
}
