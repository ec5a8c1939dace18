package spring

import (
	"math"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/par"
)

const (
	// panel is the width of the blocks that are factored one entry at a time; all else is matrix products.
	panel = 32
	// strip is how many columns of what a panel leaves to do are one piece of work, and
	strip = 2 * panel
	// shared the number of columns from which on it is shared: below, handing it out takes longer than doing it.
	shared = 128
)

// cholesky factors symmetric positive definite matrices of order n: A = L Lᵀ, by blocks, right-looking.
type cholesky struct {
	pool *par.Pool
	n    int
	inv  []float64 // transposed inverse of the diagonal block of L
	rows []float64 // a copy of the panel below that
	negT []float64 // −(panel of L)ᵀ

	// What the loops' bodies, made once, read: the matrix, where what is below the panel begins, and the panel's width.
	a              []float64
	k, w           int
	column, remain func(worker, i int)
}

func newCholesky(pool *par.Pool, n int) *cholesky {
	f := &cholesky{pool: pool, n: n, inv: make([]float64, panel*panel), rows: make([]float64, n*panel), negT: make([]float64, panel*n)}
	f.column, f.remain = f.columnTask, f.remainTask
	return f
}

// factor replaces the lower triangle of a by L; what is above the diagonal is neither read nor kept. It returns false,
// with a half done, when a is not positive definite to rounding or not finite.
func (f *cholesky) factor(a []float64) bool {
	n := f.n
	for k := 0; k < n; k += panel {
		w := min(panel, n-k)
		if !factorBlock(a[k*n+k:], n, w) {
			return false
		}
		below := n - k - w
		if below == 0 {
			break
		}
		f.invert(a[k*n+k:], w)
		f.a, f.k, f.w = a, k+w, w
		f.each(below, f.column)
		f.each(below, f.remain)
		f.a = nil
	}
	return true
}

// each calls task for each strip of what a panel leaves to do.
func (f *cholesky) each(below int, task func(worker, i int)) {
	pieces := (below + strip - 1) / strip
	if below >= shared {
		f.pool.For(pieces, task)
		return
	}
	for i := range pieces {
		task(0, i)
	}
}

// columnTask sets a strip of the panel's rows below its diagonal block to their part of L.
func (f *cholesky) columnTask(_, i int) {
	n, w, from := f.n, f.w, i*strip
	below := n - f.k
	m := min(strip, below-from)
	l, rows, neg := f.a[(f.k+from)*n+f.k-w:], f.rows[from*w:(from+m)*w], f.negT[from:]
	for r := range m {
		copy(rows[r*w:(r+1)*w], l[r*n:])
	}
	vec.Gemm(m, w, w, rows, w, 1, f.inv, w, nil, 0, l, n)
	vec.Transpose(neg, below, l, n, m, w)
	for c := range w {
		vec.Scale(neg[c*below:][:m], -1, neg[c*below:][:m])
	}
}

// remainTask takes the panel's part off a strip of columns of the trailing lower triangle.
func (f *cholesky) remainTask(_, i int) {
	n, k, w, c := f.n, f.k, f.w, i*strip
	m := n - k - c
	t, l := f.a[(k+c)*n+k+c:], f.a[(k+c)*n+k-w:]
	vec.Gemm(m, min(strip, m), w, l, n, 1, f.negT[c:], n-k, t, n, t, n)
}

// factorBlock is the plain algorithm on a w×w block.
func factorBlock(a []float64, ld, w int) bool {
	for j := range w {
		rj := a[j*ld : j*ld+j+1]
		s := rj[j]
		for _, x := range rj[:j] {
			s -= x * x
		}
		if !(s > 0) || math.IsInf(s, 1) {
			return false
		}
		d := math.Sqrt(s)
		rj[j] = d
		for i := j + 1; i < w; i++ {
			ri := a[i*ld : i*ld+j+1]
			s := ri[j]
			for c, x := range rj[:j] {
				s -= ri[c] * x
			}
			ri[j] = s / d
		}
	}
	return true
}

// invert sets inv to L⁻ᵀ of the w×w block.
func (f *cholesky) invert(a []float64, w int) {
	inv := f.inv[:w*w]
	clear(inv)
	for c := range w { // column c of L⁻¹ is row c of L⁻ᵀ
		x := inv[c*w : (c+1)*w]
		x[c] = 1 / a[c*f.n+c]
		for i := c + 1; i < w; i++ {
			s := 0.0
			for k := c; k < i; k++ {
				s -= a[i*f.n+k] * x[k]
			}
			x[i] = s / a[i*f.n+i]
		}
	}
}

// solve replaces b by A⁻¹ b, given the factor of A.
func (f *cholesky) solve(l, b []float64) {
	n := f.n
	for i := range n {
		b[i] = (b[i] - vec.Dot(l[i*n:i*n+i], b[:i])) / l[i*n+i]
	}
	for i := n - 1; i >= 0; i-- {
		b[i] /= l[i*n+i]
		vec.Axpy(b[:i], -b[i], l[i*n:i*n+i])
	}
}
