package pilot

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/sampan-mc/sampan/plugins/diffusion/space"
)

// known is by how much the draws' variances along idle coordinates may be off 1 where those are what the curvature says
// they are, as a factor.
const known = 1.5

// settle makes the first coordinates of a frame, in which curvature does not change, standard normal given the others, and
// exactly so, whatever chance made of the draws' covariance. With P the negative mean Hessian in the frame, idle
// coordinates are of precision P_ii around −P_ii⁻¹P_ia y_a, and their mean is where draws of them, moved by their scores,
// are on average, which does not scatter. The frame stays as it is where the draws do not bear this out.
func settle(f *space.Frame, hs []*mat.SymDense, x, g []float64) *space.Frame {
	d, idle := f.Dim, f.Dim-f.Active
	if idle == 0 {
		return f
	}
	b := mat.NewDense(d, d, append([]float64(nil), f.B...))
	p := precision(hs, b)
	var chol mat.Cholesky
	ii := mat.NewSymDense(idle, nil)
	for i := range idle {
		for j := range i + 1 {
			ii.SetSym(i, j, p.At(i, j))
		}
	}
	var eig mat.EigenSym
	if !chol.Factorize(ii) || !eig.Factorize(ii, true) {
		return f
	}
	first, last := b.Slice(0, d, 0, idle).(*mat.Dense), b.Slice(0, d, idle, d).(*mat.Dense)
	var shear, along, u, scaled mat.Dense
	if chol.SolveTo(&shear, p.Slice(0, idle, idle, d)) != nil {
		return f
	}
	along.Mul(first, &shear)
	last.Sub(last, &along)
	eig.VectorsTo(&u)
	scaled.Mul(first, &u)
	for j, v := range eig.Values(nil) {
		for i := range d {
			first.Set(i, j, scaled.At(i, j)/math.Sqrt(v))
		}
	}
	moved, err := space.NewFrame(append([]float64(nil), f.Mean...), b.RawMatrix().Data)
	if err != nil {
		return f
	}
	y, q := make([]float64, len(x)), make([]float64, len(x))
	moved.ToY(y, x)
	moved.Score(q, g)
	n := float64(len(x) / d)
	for j := range idle {
		mean, square, off := 0.0, 0.0, 0.0
		for i := j; i < len(y); i += d {
			mean += y[i] / n
			square += y[i] * y[i] / n
			off += (y[i] + q[i]) / n
		}
		if v := square - mean*mean; !(v < known && v > 1/known) || !(math.Abs(off-mean) < known) {
			return f
		}
		for i := range d {
			moved.Mean[i] += moved.B[i*d+j] * off
		}
	}
	moved.Active = f.Active
	return moved
}

// precision is the mean of −bᵀ H b.
func precision(hs []*mat.SymDense, b *mat.Dense) *mat.Dense {
	d, _ := b.Dims()
	sum := mat.NewDense(d, d, nil)
	for _, h := range hs {
		sum.Add(sum, h)
	}
	sum.Scale(-1/float64(len(hs)), sum)
	var t, p mat.Dense
	t.Mul(b.T(), sum)
	p.Mul(&t, b)
	return &p
}
