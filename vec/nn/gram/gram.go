package gram

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/tile"
)

// stripCols is how many columns of an explicit J are made at a time.
const stripCols = 512

// padding of a transposed tile's rows: widths that are powers of two would fall into few sets of a cache.
const padding = 16

// Worker computes with Jacobians of one shape. It owns the scratch memory; a Worker is for one caller at a time.
type Worker[T vec.Float] struct {
	pool    *par.Pool
	j       *Jacobian[T]
	scratch []scratch[T]
	strip   []T // samples × stripCols, a strip of J
	stripT  []T // the same transposed, tile by tile

	// What the loops' bodies, made once, read.
	k      []T
	block  int
	lo, hi int
	v, w   []T
	dst    []T

	pairs, fill, strips, mul, mulT func(worker, i int)
}

type scratch[T vec.Float] struct{ ga, gb, t []T }

// NewWorker makes a worker for Jacobians shaped like j.
func NewWorker[T vec.Float](pool *par.Pool, j *Jacobian[T]) *Worker[T] {
	g := &Worker[T]{pool: pool}
	wide, long, strip := 0, 0, 0
	for _, b := range j.Blocks {
		if explicit(b, j.Samples()) {
			strip = max(strip, stripRows(b)*b.Cols)
		}
		wide = max(wide, b.Terms*j.P)
		long = max(long, b.Terms*j.P*(b.Cols+padding))
	}
	g.strip, g.stripT = tile.Aligned[T](j.Samples()*strip), tile.Aligned[T](j.Samples()*strip)
	g.scratch = make([]scratch[T], pool.Workers())
	for i := range g.scratch {
		g.scratch[i] = scratch[T]{tile.Aligned[T](max(j.P*wide, long)), tile.Aligned[T](j.P * wide), tile.Aligned[T](long)}
	}
	g.pairs, g.fill, g.strips, g.mul, g.mulT = g.pairTask, g.fillTask, g.stripTask, g.mulTask, g.mulTTask
	return g
}

// explicit tells whether a strip of J is cheaper than products of inner products, in multiply-adds a pair of samples;
// making the strip is shared by all pairs.
func explicit(b Block, samples int) bool {
	c, r, q := float64(b.Terms), float64(b.Rows), float64(b.Cols)
	return r*q+4*c*r*q/float64(samples) < c*c*(r+q)
}

func stripRows(b Block) int { return min(b.Rows, max(1, stripCols/b.Cols)) }

// Gram writes J Jᵀ, symmetric, to dst, row-major.
func (g *Worker[T]) Gram(dst []T, j *Jacobian[T]) {
	n, nt := j.Samples(), len(j.Tiles)
	if len(dst) != n*n {
		panic("gram: the matrix must be samples by samples")
	}
	g.j, g.k = j, dst
	g.pool.For(nt*(nt+1)/2, g.pairs)
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
	g.j, g.k = nil, nil
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
		if explicit(b, n) {
			continue
		}
		ft, fu, cp := j.Tiles[t][f], j.Tiles[u][f], b.Terms*p
		ga, gb := s.ga[:p*cp], s.gb[:p*cp]
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

// fillTask makes rows lo to hi−1 of the block's gradients explicit, for a tile of samples.
func (g *Worker[T]) fillTask(worker, t int) {
	j, b, p := g.j, g.j.Blocks[g.block], g.j.P
	f, cp, ld, rows := j.Tiles[t][g.block], b.Terms*p, b.Cols+padding, g.hi-g.lo
	bt := g.scratch[worker].t
	vec.Transpose(bt, ld, f.B.Data, cp, b.Cols, cp)
	width := rows * b.Cols
	jt := g.strip[t*p*width : (t+1)*p*width]
	for n := range p {
		vec.Gemm(rows, b.Cols, b.Terms, f.A.Data[g.lo*cp+n:], cp, p, bt[n*ld:], p*ld, nil, 0, jt[n*width:], b.Cols)
	}
	vec.Transpose(g.stripT[t*p*width:], p, jt, width, p, width)
}

// stripTask adds the strip's part of the tile (t, u) of the Gram matrix.
func (g *Worker[T]) stripTask(_, i int) {
	t, u := pair(i)
	p, n, width := g.j.P, g.j.Samples(), (g.hi-g.lo)*g.j.Blocks[g.block].Cols
	k := g.k[t*p*n+u*p:]
	vec.Gemm(p, p, width, g.strip[t*p*width:], width, 1, g.stripT[u*p*width:], p, k, n, k, n)
}
