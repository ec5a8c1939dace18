package regress

import (
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
)

// node is what is known of time k of the way back from a draw y.
type node struct {
	alpha, std float64 // x_k | y ~ N(α y, std²)
	ratio      float64 // r = std²/α
	c1, c2, w  float64 // x_{k+1} | x_k, y ~ N(c_1 x_k + c_2 y, w)
}

// nodes works out times 0 to K−1.
func nodes(s *chain.Spec) ([]node, error) {
	if s.Back != chain.Fixed || s.Betas != nil {
		return nil, fmt.Errorf("regression on the way back needs one that is known, and %s learns it", s.Name)
	}
	k := s.K()
	out := make([]node, k)
	alpha, variance := 1.0, 0.0 // of time k+1
	for i := k - 1; i >= 0; i-- {
		b, n := s.Steps[i].Backward, &out[i]
		if b.Var == 0 { // the start is the point 0; r is its limit
			n.c2, n.w = alpha, variance
			n.ratio = variance/alpha + s.Steps[i].Forward.Var
			break
		}
		d := b.Var + b.Keep*b.Keep*variance
		n.c1, n.c2, n.w = b.Keep*variance/d, alpha*b.Var/d, variance*b.Var/d
		alpha, variance = b.Keep*alpha, b.Keep*b.Keep*variance+b.Var
		n.alpha, n.std, n.ratio = alpha, math.Sqrt(variance), variance/alpha
	}
	return out, nil
}
