package smc

import (
	"math"

	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// weightedCorrelation is the weighted covariance of points x, n×d, each coordinate divided by its scale.
func weightedCorrelation(w, x, scale []float64) *mat.SymDense {
	d := len(scale)
	mean, row := make([]float64, d), make([]float64, d)
	for i, v := range w {
		if v > 0 {
			for j := range mean {
				mean[j] += v * x[i*d+j]
			}
		}
	}
	cov := mat.NewSymDense(d, nil)
	raw := cov.RawSymmetric()
	for i, v := range w {
		if v > 0 {
			for j := range row {
				row[j] = (x[i*d+j] - mean[j]) / scale[j]
			}
			blas64.Syr(v, blas64.Vector{N: d, Inc: 1, Data: row}, raw)
		}
	}
	return cov
}

// condition is the condition number of the covariance c in the coordinates of the packed lower triangular factor, nil for
// the identity; +Inf if c is singular or not finite.
func condition(c *mat.SymDense, factor []float64) float64 {
	d := c.SymmetricDim()
	m := mat.DenseCopyOf(c)
	if factor != nil {
		l := unpack(factor, d)
		// L⁻¹ C L⁻ᵀ
		if err := m.Inverse(l); err != nil {
			return math.Inf(1)
		}
		var t mat.Dense
		t.Mul(m, c)
		m.Mul(&t, m.T())
	}
	sym := mat.NewSymDense(d, nil)
	for i := range d {
		for j := i; j < d; j++ {
			sym.SetSym(i, j, m.At(i, j))
		}
	}
	var eig mat.EigenSym
	if !eig.Factorize(sym, false) {
		return math.Inf(1)
	}
	v := eig.Values(nil) // ascending
	if !(v[0] > 0) || math.IsInf(v[d-1], 0) {
		return math.Inf(1)
	}
	return v[d-1] / v[0]
}

// unpack is the lower triangular matrix of its rows packed one after another.
func unpack(factor []float64, d int) *mat.TriDense {
	l := mat.NewTriDense(d, mat.Lower, nil)
	k := 0
	for i := range d {
		for j := range i + 1 {
			l.SetTri(i, j, factor[k])
			k++
		}
	}
	return l
}

// cholesky is the packed lower triangular factor of c, nil if c is not positive definite.
func cholesky(c *mat.SymDense) []float64 {
	var ch mat.Cholesky
	if !ch.Factorize(c) {
		return nil
	}
	d := c.SymmetricDim()
	l := mat.NewTriDense(d, mat.Lower, nil)
	ch.LTo(l)
	packed := make([]float64, 0, d*(d+1)/2)
	for i := range d {
		for j := range i + 1 {
			packed = append(packed, l.At(i, j))
		}
	}
	return packed
}
