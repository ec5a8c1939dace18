package targets

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/sampan-mc/sampan/vec"
)

// lower is a lower triangular matrix, row i of i+1 numbers after row i−1. Its products take several vectors at once: a
// matrix too large for the cache is read once for all of them, and each vector's result is the same as alone.
type lower struct {
	d int
	a []float64
}

// cholesky is the factor L of a = L Lᵀ.
func cholesky(a *mat.SymDense) (lower, error) {
	var chol mat.Cholesky
	if !chol.Factorize(a) {
		return lower{}, fmt.Errorf("covariance is not positive definite")
	}
	var u mat.TriDense
	chol.UTo(&u)
	raw, d := u.RawTriangular(), a.SymmetricDim()
	l := lower{d, make([]float64, d*(d+1)/2)}
	for i := range d {
		row := l.row(i)
		for j := range row {
			row[j] = raw.Data[j*raw.Stride+i]
		}
	}
	return l, nil
}

func (l lower) row(i int) []float64 { return l.a[i*(i+1)/2 : (i+1)*(i+2)/2] }

// times fills y = L x for n vectors, n×d row-major each; y is not x.
func (l lower) times(n int, x, y []float64) {
	for i := range l.d {
		row := l.row(i)
		for p := 0; p < n*l.d; p += l.d {
			y[p+i] = vec.Dot(row, x[p:p+i+1])
		}
	}
}

// transposed fills y = Lᵀ x.
func (l lower) transposed(n int, x, y []float64) {
	clear(y[:n*l.d])
	for i := range l.d {
		row := l.row(i)
		for p := 0; p < n*l.d; p += l.d {
			vec.Axpy(y[p:p+i+1], x[p+i], row)
		}
	}
}

// solve fills y = L⁻¹ x; y may be x.
func (l lower) solve(n int, x, y []float64) {
	for i := range l.d {
		row := l.row(i)
		for p := 0; p < n*l.d; p += l.d {
			y[p+i] = (x[p+i] - vec.Dot(row[:i], y[p:p+i])) / row[i]
		}
	}
}

// solveTransposed turns x into L⁻ᵀ x.
func (l lower) solveTransposed(n int, x []float64) {
	for i := l.d - 1; i >= 0; i-- {
		row := l.row(i)
		for p := 0; p < n*l.d; p += l.d {
			x[p+i] /= row[i]
			vec.Axpy(x[p:p+i], -x[p+i], row[:i])
		}
	}
}
