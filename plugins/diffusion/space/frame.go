// Package space holds the coordinates in which the learned samplers work: y, with x = m + B y, in which a target has about
// unit scale whatever its units are, so that the same noise, the same nets and the same rates fit every target. It can be
// found from a pilot's draws, down to axes along which a target is nearly a product. Densities are taken along: log ρ(y) =
// log ρ(m + By) + log |det B|, ∇_y = Bᵀ ∇_x.
package space

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Frame is x = Mean + B y.
type Frame struct {
	Dim    int
	Mean   []float64 // d
	B      []float64 // d×d, row-major
	Inv    []float64 // of B
	LogDet float64   // log |det B|
	// Active is how many of the coordinates, the last ones, are more than Gaussian: the first Dim − Active are left to what
	// is exact for Gaussians.
	Active int
}

// NewFrame makes a frame of all coordinates active.
func NewFrame(mean, b []float64) (*Frame, error) {
	d := len(mean)
	f := &Frame{Dim: d, Mean: mean, B: b, Active: d}
	var lu mat.LU
	m := mat.NewDense(d, d, b)
	lu.Factorize(m)
	logDet, _ := lu.LogDet()
	var inv mat.Dense
	if err := inv.Inverse(m); err != nil || math.IsInf(logDet, 0) || math.IsNaN(logDet) {
		return nil, fmt.Errorf("space: the axes of a frame do not span the space (log determinant %g)", logDet)
	}
	f.Inv, f.LogDet = inv.RawMatrix().Data, logDet
	return f, nil
}

// Scaled is the frame x = m + s y.
func Scaled(mean []float64, s float64) *Frame {
	d := len(mean)
	f := &Frame{Dim: d, Mean: mean, B: make([]float64, d*d), Inv: make([]float64, d*d), LogDet: float64(d) * math.Log(s), Active: d}
	for i := range d {
		f.B[i*d+i], f.Inv[i*d+i] = s, 1/s
	}
	return f
}

// ToX sets x to the points that y stands for; both n×d row-major, and not the same.
func (f *Frame) ToX(x, y []float64) {
	rows(f.Dim, len(y)/f.Dim, func(i, j int) { x[i*f.Dim+j] = f.Mean[j] + dot(f.B[j*f.Dim:(j+1)*f.Dim], y[i*f.Dim:]) })
}

// ToY is the inverse of ToX.
func (f *Frame) ToY(y, x []float64) {
	d := f.Dim
	r := make([]float64, d)
	for i := range len(x) / d {
		for j := range d {
			r[j] = x[i*d+j] - f.Mean[j]
		}
		for j := range d {
			y[i*d+j] = dot(f.Inv[j*d:(j+1)*d], r)
		}
	}
}

// Score takes gradients by x to gradients by y, Bᵀ g; n×d each, and not the same.
func (f *Frame) Score(gy, gx []float64) {
	d := f.Dim
	for i := range len(gx) / d {
		out := gy[i*d : (i+1)*d]
		clear(out)
		for k, g := range gx[i*d : (i+1)*d] {
			for j, b := range f.B[k*d : (k+1)*d] {
				out[j] += b * g
			}
		}
	}
}

func rows(d, n int, visit func(i, j int)) {
	for i := range n {
		for j := range d {
			visit(i, j)
		}
	}
}

func dot(a, b []float64) (s float64) {
	for i, v := range a {
		s += v * b[i]
	}
	return s
}
