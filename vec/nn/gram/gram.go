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
	// side is how many rows of a tile of the Gram matrix are one piece of work, if they divide it.
	side = 32
	// padding of rows: strides that are powers of two would fall into few sets of a cache.
	padding = 16
)

// Worker computes with Jacobians of one shape. It owns the scratch memory; a Worker is for one caller at a time.
type Worker[T vec.Float] struct {
	pool    *par.Pool
	j       *Jacobian[T]
	scratch []scratch[T]
	made    []bool // blocks that are made explicit
	rows    int    // side, or the tile's
	strip   []T    // a strip of J, tile by tile, a column of J a row of the tile
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
	if g.rows = j.P; j.P%side == 0 {
		g.rows = side
	}
	a, b, strip := 0, 0, 0
	for _, k := range j.Blocks {
		g.made = append(g.made, explicit(k, j.Samples()))
		cp := k.Terms * j.P
		a, b = max(a, j.P*cp), max(b, j.P*cp, k.Cols*cp, j.P*(2*k.Cols+padding))
		if g.made[len(g.made)-1] {
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
func (g *Worker[T]) Gram(dst []T, j *Jacobian[T]) {
	g.GramMul(dst, nil, j, nil)
	n := j.Samples()
	for r := g.rows; r < n; r += g.rows {
		vec.Transpose(dst[r:], n, dst[r*n:], n, g.rows, r)
	}
}

// GramMul writes J Jᵀ on and below the diagonal to dst, leaving above it what may be anything, and J v to jv, for less than
// that costs by itself; jv and v may be nil.
func (g *Worker[T]) GramMul(dst, jv []T, j *Jacobian[T], v []T) {
	n, nt := j.Samples(), len(j.Tiles)
	pieces := nt * (nt + 1) / 2 * (j.P / g.rows)
	if len(dst) != n*n || v != nil && (len(jv) != n || len(v) != j.Params) {
		panic("gram: the matrix must be samples by samples, and vectors of their lengths")
	}
	g.j, g.k, g.dst, g.v, g.all = j, dst, jv, v, false
	g.pool.For(pieces, g.pairs)
	if v != nil {
		g.pool.For(nt, g.mul)
	}
	for f, b := range j.Blocks {
		if !g.made[f] {
			continue
		}
		g.block = f
		for g.lo = 0; g.lo < b.Rows; g.lo = g.hi {
			g.hi = min(b.Rows, g.lo+stripRows(b))
			g.pool.For(nt, g.fill)
			g.pool.For(pieces, g.strips)
		}
	}
	g.j, g.k, g.dst, g.v = nil, nil, nil, nil
}

// piece is part of a tile of the Gram matrix: rows from to to−1 of samples of tile t, against the first cols samples of
// tile u ≤ t: those up to the diagonal.
type piece struct{ t, u, from, to, cols int }

// piece is the i-th of a tile's after the other.
func (g *Worker[T]) piece(i int) (q piece) {
	each := g.j.P / g.rows
	for q.u = i / each; q.u > q.t; {
		q.t++
		q.u -= q.t
	}
	q.from = i % each * g.rows
	q.to, q.cols = q.from+g.rows, g.j.P
	if q.t == q.u {
		q.cols = q.to
	}
	return q
}

// of is where the piece begins in the Gram matrix.
func (g *Worker[T]) of(q piece) []T {
	return g.k[(q.t*g.j.P+q.from)*g.j.Samples()+q.u*g.j.P:]
}

// pairTask sets a piece of the Gram matrix to the sum over blocks of products of inner products.
func (g *Worker[T]) pairTask(worker, i int) {
	j, s, p, n, q := g.j, g.scratch[worker], g.j.P, g.j.Samples(), g.piece(i)
	k, rows := g.of(q), q.to-q.from
	for r := range rows {
		clear(k[r*n : r*n+q.cols])
	}
	for f, b := range j.Blocks {
		if g.made[f] {
			continue
		}
		ft, fu, cp := j.Tiles[q.t][f], j.Tiles[q.u][f], b.Terms*p
		if b.Vector {
			inner(k, n, ft.A.Data, fu.A.Data, b.Rows, p, q)
			continue
		}
		together := 1 // terms of u
		if q.cols == p {
			together = b.Terms
		}
		for c := range b.Terms {
			for e := 0; e < b.Terms; e += together {
				width := (together-1)*p + q.cols
				ga, gb := s.a[:rows*width], s.b[:rows*width]
				vec.Gemm(rows, width, b.Rows, ft.A.Data[c*p+q.from:], 1, cp, fu.A.Data[e*p:], cp, nil, 0, ga, width)
				vec.Gemm(rows, width, b.Cols, ft.B.Data[c*p+q.from:], 1, cp, fu.B.Data[e*p:], cp, nil, 0, gb, width)
				vec.Mul(ga, ga, gb)
				for r := range rows {
					row := k[r*n : r*n+q.cols]
					for o := range together {
						vec.Add(row, row, ga[r*width+o*p:][:q.cols])
					}
				}
			}
		}
	}
}

// inner adds the inner products of two tiles' columns of J, of that height, to a piece of the Gram matrix.
func inner[T vec.Float](k []T, n int, t, u []T, height, p int, q piece) {
	for lo := 0; lo < height; lo += depth {
		vec.Gemm(q.to-q.from, q.cols, min(depth, height-lo), t[lo*p+q.from:], 1, p, u[lo*p:], p, k, n, k, n)
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

// stripTask adds the strip's part of a piece of the Gram matrix.
func (g *Worker[T]) stripTask(_, i int) {
	q, p, width := g.piece(i), g.j.P, (g.hi-g.lo)*g.j.Blocks[g.block].Cols
	inner(g.of(q), g.j.Samples(), g.strip[q.t*p*width:], g.strip[q.u*p*width:], width, p, q)
}
