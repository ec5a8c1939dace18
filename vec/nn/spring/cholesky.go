package spring

import (
	"math"

	"github.com/sampan-mc/sampan/vec"
)

// panel is the width of the blocks that are factored one entry at a time; all else is matrix products.
const panel = 32

// cholesky factors symmetric positive definite matrices of order n: A = L Lᵀ, by blocks, right-looking.
type cholesky struct {
	n    int
	inv  []float64 // transposed inverse of the diagonal block of L
	rows []float64 // a copy of the panel below it
	negT []float64 // −(panel of L)ᵀ
}

func newCholesky(n int) *cholesky {
	return &cholesky{n, make([]float64, panel*panel), make([]float64, n*panel), make([]float64, panel*n)}
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
		for i := range below {
			copy(f.rows[i*w:(i+1)*w], a[(k+w+i)*n+k:][:w])
		}
		l := a[(k+w)*n+k:] // the panel of L, below × w
		vec.Gemm(below, w, w, f.rows, w, 1, f.inv, w, nil, 0, l, n)
		vec.Transpose(f.negT, below, l, n, below, w)
		for i, x := range f.negT[:w*below] {
			f.negT[i] = -x
		}
		for c := 0; c < below; c += 2 * panel { // the trailing lower triangle, by strips of columns
			cols, m := min(2*panel, below-c), below-c
			t := a[(k+w+c)*n+k+w+c:]
			vec.Gemm(m, cols, w, l[c*n:], n, 1, f.negT[c:], below, t, n, t, n)
		}
	}
	return true
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
		row := l[i*n : i*n+i]
		s := b[i]
		for k, x := range row {
			s -= x * b[k]
		}
		b[i] = s / l[i*n+i]
	}
	for i := n - 1; i >= 0; i-- {
		b[i] /= l[i*n+i]
		x := b[i]
		for k, y := range l[i*n : i*n+i] {
			b[k] -= x * y
		}
	}
}
