package targets

import (
	"context"
	"math"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Tiles32 is the tile form in float32. Unlike those of the cheap densities it computes in float32, in which the products
// with the design matrix run at twice the rate: the log density is good to 1e-6 of its value, derivatives to 1e-6 of the
// sum of the sizes of their terms, times the largest linear predictor where that is beyond one.
func (l *logistic) Tiles32(p int) TileDensity[float32] {
	return newEdge[float32](l.info, p, tileQuantities, newLogisticTiles[float32](l, p).eval, l.plain())
}

// Tiles64 is the tile form in float64.
func (l *logistic) Tiles64(p int) TileDensity[float64] {
	return newEdge[float64](l.info, p, tileQuantities, newLogisticTiles[float64](l, p).eval, l.plain())
}

// blockRows observations are taken at a time: their predictors stay in the nearest caches.
const blockRows = 48

// logisticTiles has the signs of the responses in the design matrix, b_i = (2y_i − 1) a_i and u = −B w:
//
//	log likelihood = −Σ log(1 + exp u_i),  gradient = Bᵀ σ(u),  Hessian = −Bᵀ diag(σ(1 − σ)) B
type logisticTiles[T vec.Float] struct {
	n, d      int
	precision float64 // of the prior; 0 if it is flat
	constant  float64 // of its log density
	b         []T     // n×d
	norms     []T     // n: −|b_i|²
	group     int     // factors of the likelihood that share a logarithm: fewer where less is needed to overflow
	ones      []T
	prior     []float64
	scratch   tile.Arena[T]
	wide      tile.Arena[float64]
}

func newLogisticTiles[T vec.Float](l *logistic, p int) *logisticTiles[T] {
	n, d := l.a.Rows, l.a.Cols
	f := &logisticTiles[T]{n: n, d: d, b: tile.Aligned[T](n * d), norms: make([]T, n), group: 4, ones: make([]T, max(p, blockRows)), prior: make([]float64, d)}
	if _, double := any(f.b).([]float64); double {
		f.group = 16
	}
	if l.proper {
		f.precision = 1 / (l.priorSD * l.priorSD)
		f.constant = -float64(d) * (math.Log(l.priorSD) + 0.5*log2Pi)
		fill(f.prior, -0.5*f.precision)
	}
	for i := range n {
		norm := 0.0
		for j, a := range l.a.Data[i*d : (i+1)*d] {
			f.b[i*d+j] = T((2*l.y[i] - 1) * a)
			norm += a * a
		}
		f.norms[i] = T(-norm)
	}
	for i := range f.ones {
		f.ones[i] = 1
	}
	return f
}

func (f *logisticTiles[T]) eval(_ context.Context, b *TileBatch[T]) error {
	f.scratch.Release(tile.Mark{})
	f.wide.Release(tile.Mark{})
	p := b.X.P
	minus, u := f.scratch.Tile(f.d, p), f.scratch.Tile(blockRows, p)
	vec.Scale(minus.Flat(), -1, b.X.Flat())
	if b.LogP != nil {
		f.logPrior(b.LogP, b.X)
	}
	if !b.Grad.IsZero() {
		vec.Scale(b.Grad.Flat(), T(f.precision), minus.Flat())
	}
	if !b.HVP.IsZero() {
		vec.Scale(b.HVP.Flat(), T(-f.precision), b.V.Flat())
	}
	if b.Laplacian != nil {
		fill(b.Laplacian, -float64(f.d)*f.precision)
	}
	for from := 0; from < f.n; from += blockRows {
		u.Rows = min(blockRows, f.n-from)
		f.times(u, from, minus)
		f.block(b, from, u)
	}
	return nil
}

// logPrior sets dst to the log density of the prior.
func (f *logisticTiles[T]) logPrior(dst []float64, x tile.Tile[T]) {
	square := f.wide.Tile(f.d, x.P)
	widen(square.Flat(), x.Flat())
	vec.Mul(square.Flat(), square.Flat(), square.Flat())
	fill(dst, f.constant)
	total(dst, f.prior, square, dst)
}

// times sets dst to the rows of B from that one on, times x.
func (f *logisticTiles[T]) times(dst tile.Tile[T], from int, x tile.Tile[T]) {
	vec.Gemm(dst.Rows, x.P, f.d, f.b[from*f.d:], f.d, 1, x.Data, x.P, nil, 0, dst.Data, x.P)
}

// back adds to dst those rows, transposed, times r.
func (f *logisticTiles[T]) back(dst tile.Tile[T], from int, r tile.Tile[T]) {
	vec.Gemm(f.d, r.P, r.Rows, f.b[from*f.d:], 1, f.d, r.Data, r.P, dst.Data, r.P, dst.Data, r.P)
}

// block adds what the observations from that one on contribute.
func (f *logisticTiles[T]) block(b *TileBatch[T], from int, u tile.Tile[T]) {
	mark, wideMark := f.scratch.Mark(), f.wide.Mark()
	defer func() { f.scratch.Release(mark); f.wide.Release(wideMark) }()
	p := u.P
	slope := f.scratch.Tile(u.Rows, p) // σ(1 − σ)
	flat := u.Rows * p
	if b.LogP != nil {
		f.logLik(b.LogP, u)
	}
	if b.HVP.IsZero() && b.Laplacian == nil {
		if b.Grad.IsZero() {
			return
		}
		vec.Sigmoid(u.Data[:flat], u.Data[:flat])
	} else {
		vec.SigmoidD(u.Data[:flat], slope.Data, u.Data[:flat])
	}
	if !b.Grad.IsZero() {
		f.back(b.Grad, from, u)
	}
	if b.Laplacian != nil {
		sum, wide := f.scratch.Slice(p), f.wide.Slice(p)
		vec.Gemm(1, p, u.Rows, f.norms[from:], f.n, 1, slope.Data, p, nil, 0, sum, p)
		widen(wide, sum)
		vec.Add(b.Laplacian, b.Laplacian, wide)
	}
	if !b.HVP.IsZero() {
		f.times(u, from, b.V)
		vec.Mul(u.Data[:flat], u.Data[:flat], slope.Data)
		vec.Scale(u.Data[:flat], -1, u.Data[:flat])
		f.back(b.HVP, from, u)
	}
}

// logLik takes Σ log(1 + exp u) off dst, as the logarithms of products of 1 + exp u. Lanes in which one overflows get the
// sum of the terms as they are.
func (f *logisticTiles[T]) logLik(dst []float64, u tile.Tile[T]) {
	p := u.P
	h, product := f.scratch.Tile(u.Rows, p), f.scratch.Slice(p)
	wide, sum := f.wide.Slice(p), f.wide.Slice(p)
	clear(sum)
	vec.Exp(h.Data, u.Data[:u.Rows*p])
	for at := 0; at < u.Rows; at += f.group {
		copy(product, f.ones)
		for i := at; i < min(at+f.group, u.Rows); i++ {
			vec.MulAdd(product, h.Row(i), product, product)
		}
		vec.Log(product, product)
		widen(wide, product)
		vec.Add(sum, sum, wide)
	}
	if !finite(sum) {
		vec.Softplus(h.Data, u.Data[:u.Rows*p])
		vec.Gemm(1, p, u.Rows, f.ones, blockRows, 1, h.Data, p, nil, 0, product, p)
		for j, s := range sum {
			if s*0 != 0 {
				sum[j] = float64(product[j])
			}
		}
	}
	vec.Sub(dst, dst, sum)
}

// plain has the Hessian of the formula, an observation at a time.
func (l *logistic) plain() plainForm {
	n, d := l.a.Rows, l.a.Cols
	s := &logisticScratch{z: make([]float64, n), r: make([]float64, n), g: make([]float64, d)}
	return func(x, v, grad, hv []float64) (logp, laplacian float64) {
		precision := 0.0
		logp = l.likelihood(x, grad, s)
		if l.proper {
			precision = 1 / (l.priorSD * l.priorSD)
			logp += logNormalPrior(x, s.g, l.priorSD)
			for j := range grad {
				grad[j] += s.g[j]
			}
		}
		laplacian = -float64(d) * precision
		for j := range hv {
			hv[j] = -precision * v[j]
		}
		for i := range n {
			a := l.a.Data[i*d : (i+1)*d]
			e := math.Exp(-math.Abs(s.z[i]))
			slope := e / ((1 + e) * (1 + e))
			laplacian -= slope * dot(a, a)
			if hv != nil {
				t := slope * dot(a, v)
				for j := range hv {
					hv[j] -= t * a[j]
				}
			}
		}
		return logp, laplacian
	}
}
