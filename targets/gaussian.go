package targets

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/sampan-mc/sampan/vec/rng"
)

// log2Pi is log 2π.
const log2Pi = 1.8378770664093454835606594728112352797227949472755668

// NewGaussian is a normal density of mean m and covariance C, d×d, offset so that its integral is exp(logZ):
//
//	log p(x) = logZ − ½ (x−m)ᵀ C⁻¹ (x−m) − ½ log det 2πC
func NewGaussian(mean []float64, cov mat.Symmetric, logZ float64) (Density, error) {
	d := len(mean)
	if n := cov.SymmetricDim(); d == 0 || n != d {
		return nil, fmt.Errorf("gaussian: mean has %d entries, covariance %d rows", d, n)
	}
	var chol mat.Cholesky
	if !chol.Factorize(cov) {
		return nil, errors.New("gaussian: covariance is not positive definite")
	}
	var lower mat.TriDense
	chol.LTo(&lower)
	var precision mat.SymDense
	if err := chol.InverseTo(&precision); err != nil {
		return nil, fmt.Errorf("gaussian: covariance: %w", err)
	}
	g := &gaussian{mean: mean, l: dense(&lower), q: dense(&precision)}
	sd := make([]float64, d)
	for i := range sd {
		sd[i] = math.Sqrt(cov.At(i, i))
	}
	g.pointwise = newPointwise(g.info(logZ, sd), func() pointFunc {
		r, qr := make([]float64, d), make([]float64, d)
		c := logZ - 0.5*(chol.LogDet()+float64(d)*log2Pi)
		return func(x, grad []float64) float64 { return c + g.quadratic(x, grad, r, qr) }
	})
	return g, nil
}

// NewDiagonalGaussian is NewGaussian for independent coordinates, at a cost linear in the dimension.
func NewDiagonalGaussian(mean, sd []float64, logZ float64) (Density, error) {
	d := len(mean)
	if d == 0 || len(sd) != d {
		return nil, fmt.Errorf("gaussian: mean has %d entries, sd %d", d, len(sd))
	}
	c := logZ - 0.5*float64(d)*log2Pi
	for i, s := range sd {
		if !(s > 0) || math.IsInf(s, 1) {
			return nil, fmt.Errorf("gaussian: sd[%d] is %v; accepted: a positive number", i, s)
		}
		c -= math.Log(s)
	}
	g := &gaussian{mean: mean, sd: sd}
	g.pointwise = newPointwise(g.info(logZ, sd), func() pointFunc {
		return func(x, grad []float64) float64 {
			s := 0.0
			for i, m := range mean {
				z := (x[i] - m) / sd[i]
				s += z * z
				if grad != nil {
					grad[i] = -z / sd[i]
				}
			}
			return c - 0.5*s
		}
	})
	return g, nil
}

type gaussian struct {
	*pointwise
	mean []float64
	l, q []float64 // d×d: lower Cholesky factor of the covariance, and its inverse; nil if diagonal
	sd   []float64 // if diagonal
}

func (g *gaussian) info(logZ float64, sd []float64) Info {
	return Info{
		Name: "gaussian", Params: Reals("x", len(g.mean)), Can: LogP | Grad, Normalised: logZ == 0,
		Known: Known{LogZ: logZ, Mean: g.mean, SD: sd, Source: "exact"},
	}
}

// quadratic is −½ rᵀQr at r = x−m, with its gradient −Qr.
func (g *gaussian) quadratic(x, grad, r, qr []float64) float64 {
	for i, m := range g.mean {
		r[i] = x[i] - m
	}
	d, s := len(r), 0.0
	for i := range d {
		qr[i] = dot(g.q[i*d:(i+1)*d], r)
		s += qr[i] * r[i]
	}
	for i := range grad {
		grad[i] = -qr[i]
	}
	return -0.5 * s
}

// Sample draws m + Lz.
func (g *gaussian) Sample(_ context.Context, first, n int, key rng.Key, x []float64) error {
	d := len(g.mean)
	z := make([]float64, d)
	for i := range n {
		key.Normals(z, uint32(first+i), 0, 0)
		row := x[i*d : (i+1)*d]
		for j, m := range g.mean {
			if g.sd != nil {
				row[j] = m + g.sd[j]*z[j]
			} else {
				row[j] = m + dot(g.l[j*d:j*d+j+1], z[:j+1])
			}
		}
	}
	return nil
}

// dot is the inner product, summed in four interleaved parts.
func dot(a, b []float64) float64 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float64
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}

// dense is the row-major content of m.
func dense(m mat.Matrix) []float64 {
	r, c := m.Dims()
	out := make([]float64, 0, r*c)
	for i := range r {
		for j := range c {
			out = append(out, m.At(i, j))
		}
	}
	return out
}

func gaussianItems() []item {
	return []item{
		{
			name: "gaussian", kind: kindFamily,
			summary: "normal density of any mean and covariance",
			options: []Option{
				{"dim", "integer", "2", "dimension, where mean, sd and cov do not say"},
				{"mean", "list", "zeros", "mean"},
				{"sd", "list", "ones", "standard deviations of independent coordinates; not with cov"},
				{"cov", "matrix", "", "covariance, a list of rows; not with sd"},
				{"log_z", "number", "0", "log of the integral"},
			},
			build: buildGaussian,
		},
		{
			name: "gaussian_d50", kind: kindInstance,
			summary: "normal density in 50 dimensions, dense covariance, condition number about 500, log Z = 12.5",
			build: func(*reader, string) (Density, error) {
				const d = 50
				mean, cov := make([]float64, d), mat.NewSymDense(d, nil)
				for i := range d {
					mean[i] = float64(i%5) - 2
					for j := range i + 1 {
						cov.SetSym(i, j, scaleD50(i)*scaleD50(j)*math.Pow(0.7, float64(i-j)))
					}
				}
				return NewGaussian(mean, cov, 12.5)
			},
		},
	}
}

// scaleD50 is the standard deviation of coordinate i of gaussian_d50: from 1/2 to 2, geometric.
func scaleD50(i int) float64 { return 0.5 * math.Pow(4, float64(i)/49) }

func buildGaussian(r *reader, _ string) (Density, error) {
	d := r.int("dim", 0, 1, 100_000)
	want := -1
	if d > 0 {
		want = d
	}
	mean := r.vector("mean", want)
	if mean != nil {
		want = len(mean)
	}
	sd := r.vector("sd", want)
	cov, rows, _ := r.matrix("cov", want, want, false)
	logZ := r.float("log_z", 0, "a number", anyNumber)
	if sd != nil && cov != nil {
		r.fault("sd", "both sd and cov", "one of them")
		return nil, nil
	}
	d = max(d, len(mean), len(sd), rows)
	if d == 0 {
		d = 2
	}
	if mean == nil {
		mean = make([]float64, d)
	}
	if cov != nil {
		return gaussianOfMatrix(r, mean, cov, d, logZ)
	}
	if sd == nil {
		sd = make([]float64, d)
		fill(sd, 1)
	}
	for i, s := range sd {
		if s <= 0 {
			r.fault(fmt.Sprintf("sd[%d]", i), show(s), "a positive number")
		}
	}
	return NewDiagonalGaussian(mean, sd, logZ)
}

func gaussianOfMatrix(r *reader, mean, cov []float64, d int, logZ float64) (Density, error) {
	sym := r.symmetric("cov", cov, d)
	if sym == nil {
		return nil, nil
	}
	return NewGaussian(mean, sym, logZ)
}
