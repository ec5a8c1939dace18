package targets

import (
	"context"
	"slices"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// maxSpread bounds the squared distance of a component from the centre, in units of its own standard deviations, up to
// which squares are multiplied out: more would cost digits that Eval has.
const maxSpread = 1e5

// Tiles32 and Tiles64 are the tile forms.
func (g *mixture) Tiles32(p int) TileDensity[float32] {
	return newEdge[float32](g.info, p, tileQuantities, newMixtureTiles(g).form(), g.plain())
}

func (g *mixture) Tiles64(p int) TileDensity[float64] {
	return newEdge[float64](g.info, p, tileQuantities, newMixtureTiles(g).form(), g.plain())
}

// mixtureTiles evaluates the components as matrix products. With y = x − c, c the mean of the means, and the features
// f = (y, y², 1), the log density of component k is row k of a matrix times f,
//
//	ℓ_k = a_k·y − ½ p_k·y² + c_k,  a_k = p_k (m_k − c)
//
// from which the log density is a log-sum-exp over k, and the score Σ_k w_k (a_k − p_k y), w the softmax of ℓ, two products
// with the transpose. Where all components have the same precisions p, the squares are left out of f and added at the end.
type mixtureTiles struct {
	*mixture
	alike   bool
	minusC  []float64
	nf      int       // number of features
	rows    []float64 // k×nf
	half    []float64 // −½ p, where all have the same
	ones    []float64
	squares []float64 // k×nf: |∇ℓ_k|² of the features; |a_k|² alone, where all have the same precisions
	scratch tile.Arena[float64]
}

func newMixtureTiles(g *mixture) *mixtureTiles {
	d := g.d
	f := &mixtureTiles{mixture: g, alike: true, minusC: make([]float64, d), ones: constant(max(g.k, d), 1)}
	for i, m := range g.mean {
		f.minusC[i%d] -= m / float64(g.k)
		f.alike = f.alike && g.precision[i] == g.precision[i%d]
	}
	f.nf = 2*d + 1
	if f.alike {
		f.nf = d + 1
		f.half = slices.Clone(g.precision[:d])
		for j := range f.half {
			f.half[j] *= -0.5
		}
	}
	f.rows = make([]float64, g.k*f.nf)
	f.squares = make([]float64, g.k*f.nf)
	for k := range g.k {
		row, square := f.rows[k*f.nf:(k+1)*f.nf], f.squares[k*f.nf:(k+1)*f.nf]
		last := f.nf - 1
		row[last] = g.logW[k]
		for j := range d {
			p := g.precision[k*d+j]
			off := g.mean[k*d+j] + f.minusC[j]
			a := p * off
			row[j] = a
			row[last] -= 0.5 * a * off
			square[last] += a * a
			if !f.alike {
				row[d+j] = -0.5 * p
				square[j], square[d+j] = -2*a*p, p*p
			}
		}
	}
	return f
}

// form is nil, for one lane after the other in the plain form, where squares must not be multiplied out.
func (f *mixtureTiles) form() tileForm[float64] {
	for k := range f.k {
		spread := 0.0
		for j := range f.d {
			off := f.mean[k*f.d+j] + f.minusC[j]
			spread += off * off * f.precision[k*f.d+j]
		}
		if !(spread <= maxSpread) {
			return nil
		}
	}
	return f.eval
}

func (f *mixtureTiles) eval(_ context.Context, b *TileBatch[float64]) error {
	f.scratch.Release(tile.Mark{})
	p, d := b.X.P, f.d
	features := f.scratch.Tile(f.nf, p)
	one := features.Slice(f.nf-1, f.nf)
	one.Fill(1)
	y := features.Slice(0, d)
	vec.Gemm(d, p, 1, f.minusC, 1, 1, one.Data, p, b.X.Data, p, y.Data, p)
	if !f.alike {
		vec.Mul(features.Slice(d, 2*d).Flat(), y.Flat(), y.Flat())
	}
	w, lse := f.scratch.Tile(f.k, p), f.scratch.Slice(p)
	vec.Gemm(f.k, p, f.nf, f.rows, f.nf, 1, features.Data, p, nil, 0, w.Data, p)
	if b.Want() == LogP {
		vec.LogSumExpRows(lse, w.Data, f.k, p)
	} else {
		vec.SoftmaxRows(w.Data, p, lse, w.Data, f.k, p)
	}
	if b.LogP != nil {
		if f.alike {
			square := f.scratch.Tile(d, p)
			vec.Mul(square.Flat(), y.Flat(), y.Flat())
			total(b.LogP, f.half, square, lse)
		} else {
			copy(b.LogP, lse)
		}
	}
	if b.Want() == LogP {
		return nil
	}
	curvature := f.scratch.Tile(d, p) // −½ Σ_k w_k p_k
	f.curvature(curvature, w)
	if g := b.Grad; !g.IsZero() {
		f.weighted(g, w)
		t := f.scratch.Tile(d, p)
		vec.Mul(t.Flat(), y.Flat(), curvature.Flat())
		vec.Axpy(g.Flat(), 2, t.Flat())
	}
	if !b.HVP.IsZero() {
		f.hvp(b.HVP, b.V, features, w, curvature)
	}
	if b.Laplacian != nil {
		f.laplacian(b.Laplacian, features, w, curvature)
	}
	return nil
}

// weighted sets dst to Σ_k w_k a_k.
func (f *mixtureTiles) weighted(dst, w tile.Tile[float64]) {
	vec.Gemm(f.d, w.P, f.k, f.rows, 1, f.nf, w.Data, w.P, nil, 0, dst.Data, w.P)
}

// curvature sets dst to −½ Σ_k w_k p_k for weights that add up to one.
func (f *mixtureTiles) curvature(dst, w tile.Tile[float64]) {
	if !f.alike {
		vec.Gemm(f.d, w.P, f.k, f.rows[f.d:], 1, f.nf, w.Data, w.P, nil, 0, dst.Data, w.P)
		return
	}
	for j, h := range f.half {
		row := dst.Row(j)
		for i := range row {
			row[i] = h
		}
	}
}

// hvp: the Hessian is −Σ w_k p_k + Σ w_k g_k g_kᵀ − g gᵀ with g_k = ∇ℓ_k and g = Σ w_k g_k. With s_k = g_k·v, of mean s,
//
//	Hv = Σ_k w_k (s_k − s) g_k − Σ_k w_k p_k v
//
// to which what the g_k have in common adds nothing.
func (f *mixtureTiles) hvp(hv, v, features, w, curvature tile.Tile[float64]) {
	p, d := v.P, f.d
	y := features.Slice(0, d)
	s, mean, t := f.scratch.Tile(f.k, p), f.scratch.Slice(p), f.scratch.Tile(d, p)
	vec.Gemm(f.k, p, d, f.rows, f.nf, 1, v.Data, p, nil, 0, s.Data, p)
	if !f.alike {
		vec.Mul(t.Flat(), y.Flat(), v.Flat())
		vec.Scale(t.Flat(), 2, t.Flat())
		vec.Gemm(f.k, p, d, f.rows[d:], f.nf, 1, t.Data, p, s.Data, p, s.Data, p)
	}
	r := f.scratch.Tile(f.k, p)
	vec.Mul(r.Flat(), w.Flat(), s.Flat())
	total(mean, f.ones[:f.k], r, nil)
	for k := range f.k {
		vec.Sub(s.Row(k), s.Row(k), mean)
	}
	vec.Mul(r.Flat(), w.Flat(), s.Flat())
	f.weighted(hv, r)
	if !f.alike {
		f.curvature(t, r)
		vec.Mul(t.Flat(), t.Flat(), y.Flat())
		vec.Axpy(hv.Flat(), 2, t.Flat())
	}
	vec.Mul(t.Flat(), curvature.Flat(), v.Flat())
	vec.Axpy(hv.Flat(), 2, t.Flat())
}

// laplacian is Σ_k w_k |g_k|² − |g|² − Σ_j Σ_k w_k p_kj; where all have the same precisions, a_k does for g_k.
func (f *mixtureTiles) laplacian(dst []float64, features, w, curvature tile.Tile[float64]) {
	p, d := w.P, f.d
	vec.Scale(curvature.Flat(), 2, curvature.Flat())
	total(dst, f.ones[:d], curvature, nil)
	g := f.scratch.Tile(d, p)
	f.weighted(g, w)
	t := f.scratch.Tile(f.k, p)
	vec.Gemm(f.k, p, f.nf, f.squares, f.nf, 1, features.Data, p, nil, 0, t.Data, p)
	vec.Mul(t.Flat(), t.Flat(), w.Flat())
	total(dst, f.ones[:f.k], t, dst)
	if !f.alike {
		vec.Mul(curvature.Flat(), curvature.Flat(), features.Slice(0, d).Flat())
		vec.Add(g.Flat(), g.Flat(), curvature.Flat())
	}
	vec.Mul(g.Flat(), g.Flat(), g.Flat())
	vec.Scale(g.Flat(), -1, g.Flat())
	total(dst, f.ones[:d], g, dst)
}

// plain has the Hessian of hvp, and its trace Σ_k w_k |g_k − g|² − Σ_k w_k p_k, from g_k as it is.
func (g *mixture) plain() plainForm {
	w, own := make([]float64, g.k), make([]float64, g.d)
	return func(x, v, grad, hv []float64) (logp, laplacian float64) {
		if grad == nil {
			grad = own
		}
		logp = g.at(x, grad, w)
		clear(hv)
		sum := 0.0
		for _, u := range w {
			sum += u
		}
		for k, u := range w {
			u /= sum
			s := 0.0
			for j := range x {
				p := g.precision[k*g.d+j]
				off := -(x[j]-g.mean[k*g.d+j])*p - grad[j]
				laplacian += u * (off*off - p)
				if hv != nil {
					s += off * v[j]
					hv[j] -= u * p * v[j]
				}
			}
			for j := range hv {
				hv[j] += u * s * (-(x[j]-g.mean[k*g.d+j])*g.precision[k*g.d+j] - grad[j])
			}
		}
		return logp, laplacian
	}
}
