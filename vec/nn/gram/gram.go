package gram

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn/optim"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/tile"
)

const (
	// stripCols is how many columns of an explicit J are made at a time, and
	stripCols = 2048
	// depth how many enter a product before the next: their tiles then stay in a near cache.
	depth = 512
	// padding of rows: strides that are powers of two would fall into few sets of a cache.
	padding = 16
)

// Worker computes with Jacobians of one shape. It owns the scratch memory; a Worker is for one caller at a time.
type Worker[T vec.Float] struct {
	pool    *par.Pool
	j       *Jacobian[T]
	scratch []scratch[T]
	strip   []T // a strip of J, tile by tile, a column of J a row of the tile
	slots   *optim.Slots[T]

	// What the loops' bodies, made once, read.
	k      []T
	block  int
	lo, hi int
	v, w   []T
	dst    []T
	all    bool

	pairs, fill, strips, mul, mulT func(worker, i int)
}

// scratch is one loop body's memory: products of inner products, or a strip's factors, sample by sample, and the strip.
type scratch[T vec.Float] struct{ a, b, j []T }

// NewWorker makes a worker for Jacobians shaped like j.
func NewWorker[T vec.Float](pool *par.Pool, j *Jacobian[T]) *Worker[T] {
	g := &Worker[T]{pool: pool, slots: optim.NewSlots[T](j.Params, len(j.Tiles))}
	a, b, strip := 0, 0, 0
	for _, k := range j.Blocks {
		cp := k.Terms * j.P
		a, b = max(a, j.P*cp), max(b, j.P*cp, k.Cols*cp, j.P*(2*k.Cols+padding))
		if explicit(k, j.Samples()) {
			a, b = max(a, j.P*(k.Terms*stripRows(k)+padding)), max(b, j.P*(k.Terms*k.Cols+padding))
			strip = max(strip, stripRows(k)*k.Cols)
		}
	}
	g.strip = tile.Aligned[T](j.Samples() * strip)
	g.scratch = make([]scratch[T], pool.Workers())
	for i := range g.scratch {
		g.scratch[i] = scratch[T]{tile.Aligned[T](a), tile.Aligned[T](b), tile.Aligned[T](j.P * strip)}
	}
	g.pairs, g.fill, g.strips, g.mul, g.mulT = g.pairTask, g.fillTask, g.stripTask, g.mulTask, g.mulTTask
	return g
}

// explicit tells whether a strip of J is cheaper than products of inner products, in multiply-adds a pair of samples;
// making the strip is shared by all pairs.
func explicit(b Block, samples int) bool {
	c, r, q := float64(b.Terms), float64(b.Rows), float64(b.Cols)
	return !b.Vector && r*q+4*c*r*q/float64(samples) < c*c*(r+q)
}

func stripRows(b Block) int { return min(b.Rows, max(1, stripCols/b.Cols)) }

// Gram writes J Jᵀ, symmetric, to dst, row-major.
func (g *Worker[T]) Gram(dst []T, j *Jacobian[T]) { g.GramMul(dst, nil, j, nil) }

// GramMul is Gram, and writes J v to jv, for less than it costs by itself; both may be nil.
func (g *Worker[T]) GramMul(dst, jv []T, j *Jacobian[T], v []T) {
	n, nt := j.Samples(), len(j.Tiles)
	if len(dst) != n*n || v != nil && (len(jv) != n || len(v) != j.Params) {
		panic("gram: the matrix must be samples by samples, and vectors of their lengths")
	}
	g.j, g.k, g.dst, g.v, g.all = j, dst, jv, v, false
	g.pool.For(nt*(nt+1)/2, g.pairs)
	if v != nil {
		g.pool.For(nt, g.mul)
	}
	for f, b := range j.Blocks {
		if !explicit(b, n) {
			continue
		}
		g.block = f
		for g.lo = 0; g.lo < b.Rows; g.lo = g.hi {
			g.hi = min(b.Rows, g.lo+stripRows(b))
			g.pool.For(nt, g.fill)
			g.pool.For(nt*(nt+1)/2, g.strips)
		}
	}
	for t := range nt {
		for u := range t {
			vec.Transpose(dst[u*j.P*n+t*j.P:], n, dst[t*j.P*n+u*j.P:], n, j.P, j.P)
		}
	}
	g.j, g.k, g.dst, g.v = nil, nil, nil, nil
}

// pair is the i-th pair of tiles u ≤ t.
func pair(i int) (t, u int) {
	for i > t {
		i -= t + 1
		t++
	}
	return t, i
}

// pairTask sets the tile (t, u) of the Gram matrix to the sum over blocks of products of inner products.
func (g *Worker[T]) pairTask(worker, i int) {
	t, u := pair(i)
	j, s, p, n := g.j, g.scratch[worker], g.j.P, g.j.Samples()
	k := g.k[t*p*n+u*p:]
	for r := range p {
		clear(k[r*n : r*n+p])
	}
	for f, b := range j.Blocks {
		ft, fu, cp := j.Tiles[t][f], j.Tiles[u][f], b.Terms*p
		if b.Vector {
			inner(k, n, ft.A.Data, fu.A.Data, b.Rows, p)
			continue
		}
		if explicit(b, n) {
			continue
		}
		ga, gb := s.a[:p*cp], s.b[:p*cp]
		for c := range b.Terms {
			vec.Gemm(p, cp, b.Rows, ft.A.Data[c*p:], 1, cp, fu.A.Data, cp, nil, 0, ga, cp)
			vec.Gemm(p, cp, b.Cols, ft.B.Data[c*p:], 1, cp, fu.B.Data, cp, nil, 0, gb, cp)
			vec.Mul(ga, ga, gb)
			for r := range p {
				row := k[r*n : r*n+p]
				for e := range b.Terms {
					vec.Add(row, row, ga[r*cp+e*p:r*cp+(e+1)*p])
				}
			}
		}
	}
}

// inner adds the inner products of two tiles' columns of J, rows of them, to a tile of the Gram matrix.
func inner[T vec.Float](k []T, n int, t, u []T, rows, p int) {
	for lo := 0; lo < rows; lo += depth {
		vec.Gemm(p, p, min(depth, rows-lo), t[lo*p:], 1, p, u[lo*p:], p, k, n, k, n)
	}
}

// fillTask makes rows lo to hi−1 of the block's gradients explicit, for a tile of samples.
func (g *Worker[T]) fillTask(worker, t int) {
	j, b, p, s, rows := g.j, g.j.Blocks[g.block], g.j.P, g.scratch[worker], g.hi-g.lo
	f, cp, width := j.Tiles[t][g.block], b.Terms*p, (g.hi-g.lo)*b.Cols
	lda, ldb := b.Terms*rows+padding, b.Terms*b.Cols+padding
	for c := range b.Terms { // a sample's factors, one after the other
		vec.Transpose(s.a[c*rows:], lda, f.A.Data[g.lo*cp+c*p:], cp, rows, p)
		vec.Transpose(s.b[c*b.Cols:], ldb, f.B.Data[c*p:], cp, b.Cols, p)
	}
	jt := s.j[:p*width]
	for n := range p {
		vec.Gemm(rows, b.Cols, b.Terms, s.a[n*lda:], 1, rows, s.b[n*ldb:], b.Cols, nil, 0, jt[n*width:], b.Cols)
	}
	if g.v != nil {
		vec.DotRows(g.dst[t*p:], 1, jt, p, width, g.v[b.Off+g.lo*b.Cols:][:width])
	}
	vec.Transpose(g.strip[t*p*width:], p, jt, width, p, width)
}

// stripTask adds the strip's part of the tile (t, u) of the Gram matrix.
func (g *Worker[T]) stripTask(_, i int) {
	t, u := pair(i)
	p, n, width := g.j.P, g.j.Samples(), (g.hi-g.lo)*g.j.Blocks[g.block].Cols
	inner(g.k[t*p*n+u*p:], n, g.strip[t*p*width:], g.strip[u*p*width:], width, p)
}
