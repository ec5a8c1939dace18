package pilot

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/sampan-mc/sampan/plugins/diffusion/space"
)

// Whitened is the frame in which the draws x have unit covariance and their scores g uncorrelated components: mean gᵢgⱼ
// = 0. By mean ggᵀ = −mean ∇² log ρ, and mean gᵢ² ≥ 1 whatever the target is, with equality for a Gaussian: a coordinate
// counts for the more the larger its mean square of the score is. Coordinates come in that order, the largest last.
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
	fisher.SymOuterK(1/float64(n), q.T())
	var eig mat.EigenSym
	if !eig.Factorize(&fisher, true) {
		return nil, fmt.Errorf("the pilot's scores are too far apart for a frame")
	}
	var u, b mat.Dense
	eig.VectorsTo(&u)
	b.Mul(w, &u)
	return space.NewFrame(m.mean, b.RawMatrix().Data)
}

// Isotropic is the frame with the draws' mean and one scale for all coordinates, the root of their mean variance.
func Isotropic(x []float64, d int) *space.Frame {
	n := len(x) / d
	mean, sum := make([]float64, d), 0.0
	for i, v := range x {
		mean[i%d] += v / float64(n)
	}
	for i, v := range x {
		sum += (v - mean[i%d]) * (v - mean[i%d])
	}
	return space.Scaled(mean, math.Sqrt(sum/float64(len(x))))
}
