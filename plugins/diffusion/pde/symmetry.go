package pde

import (
	"context"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/targets"
)

// The symmetries that nets may have.
const (
	anyhow = "none"
	even   = "even" // V(−x, t) = V(x, t), by an even φ and an odd drift
)

const (
	mirrors = 256  // draws of the pilot's that a target is looked at at, and at their reflections
	uneven  = 1e-6 // is by how much its log density may differ, of its size
)

// reflected is the draws x of the pilot's, each followed by its reflection, so that what is made of them knows the symmetry. An
// error says that the target does not have it.
func reflected(ctx context.Context, target targets.Density, x []float64) ([]float64, error) {
	d := target.Info().Dim()
	both := make([]float64, 0, 2*len(x))
	for at := 0; at < len(x); at += d {
		both = append(both, x[at:at+d]...)
		for _, v := range x[at : at+d] {
			both = append(both, -v)
		}
	}
	b := targets.NewBatch(min(2*mirrors, len(both)/d), d, targets.LogP)
	copy(b.X, both)
	if err := target.Eval(ctx, b); err != nil {
		return nil, err
	}
	for i := 0; i < b.N; i += 2 {
		if l, m := b.LogP[i], b.LogP[i+1]; !(math.Abs(l-m) <= uneven*(1+math.Abs(l))) {
			return nil, fmt.Errorf("symmetry: %q found, and the log density of %s is %g at a draw of the pilot's and %g at its reflection; accepted: %q, or a target that is even about nought in the coordinates that samplers work in", even, target.Info().Name, l, m, anyhow)
		}
	}
	return both, nil
}
