package pilot

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/sampan-mc/sampan/plugins/diffusion/space"
)

const (
	// mostActive is how many coordinates are active at most where there are more than mostDims.
	mostActive = 64
	// margin is how far above what chance does to a Gaussian's a coordinate's mean square score is to be to count.
	margin = 1.1
)

// Whitened is the frame in which the draws x have unit covariance and their scores g uncorrelated components: mean gᵢgⱼ
// = 0. By mean ggᵀ = −mean ∇² log ρ, and mean gᵢ² ≥ 1 whatever the target is, with equality for a Gaussian: a coordinate
// counts for the more the larger its mean square of the score is. Coordinates come in that order, the largest last.
//
// For a Gaussian, of precision P in the frame, scores are −Px, so that what n draws give is mean ggᵀ = P², whatever chance
// made of their covariance: eigenvalues between (1 ± √(d/n))⁴ (Marchenko and Pastur). Coordinates below the upper one are
// therefore scaled by P^(−1/2), and the mean is moved along them by what scores are off zero on average, so that a Gaussian
// comes out exact. That takes as many draws as tell its covariance; of fewer than 2d, whose covariance is shrunk, coordinates
// stay as they are. In more than a hundred dimensions those below the bound are left inactive.
func Whitened(x, g []float64, d int) (*space.Frame, error) {
	m, err := momentsOf(x, d)
	if err != nil {
		return nil, err
	}
	w := mat.NewDense(d, d, m.whitening())
	n := len(g) / d
	var q mat.Dense
	q.Mul(mat.NewDense(n, d, g), w)
	var fisher mat.SymDense
	stat.CovarianceMatrix(&fisher, &q, nil)
	var eig mat.EigenSym
	if !eig.Factorize(&fisher, true) {
		return nil, fmt.Errorf("the pilot's scores are too far apart for a frame")
	}
	var u, b mat.Dense
	eig.VectorsTo(&u)
	b.Mul(w, &u)
	values := eig.Values(nil) // ascending
	bound := margin * math.Pow(1+math.Sqrt(float64(d)/float64(n)), 4)
	active, pull := d, columnMeans(g, d)
	for j, v := range values {
		if v > bound || !(v > 0) {
			continue
		}
		active = d - 1 - j
		if n < enough*d {
			continue
		}
		scale, off := math.Pow(v, -0.25), 0.0
		for i := range d {
			b.Set(i, j, b.At(i, j)*scale)
			off += b.At(i, j) * pull[i]
		}
		for i := range d {
			m.mean[i] += b.At(i, j) * off
		}
	}
	f, err := space.NewFrame(m.mean, b.RawMatrix().Data)
	if err == nil && d > mostDims {
		f.Active = min(max(active, 1), mostActive)
	}
	return f, err
}

// Isotropic is the frame with the draws' mean and one scale for all coordinates, the root of their mean variance.
func Isotropic(x []float64, d int) *space.Frame {
	mean, sum := columnMeans(x, d), 0.0
	for i, v := range x {
		sum += (v - mean[i%d]) * (v - mean[i%d])
	}
	return space.Scaled(mean, math.Sqrt(sum/float64(len(x))))
}

// columnMeans of the rows x, d values each.
func columnMeans(x []float64, d int) []float64 {
	mean := make([]float64, d)
	for i, v := range x {
		mean[i%d] += v
	}
	for j := range mean {
		mean[j] /= float64(len(x) / d)
	}
	return mean
}
