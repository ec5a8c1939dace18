package smc

import (
	"context"

	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// Reference is γ_0, where the path starts: a normalised density that can be drawn from and is known, with its gradient,
// at any point. It must reach wherever the target has mass; tails lighter than the target's cost weight.
type Reference interface {
	targets.Density
	// Sample fills x, n×d, with the draws of slots first … first+n−1.
	Sample(ctx context.Context, first, n int, key rng.Key, x []float64) error
}
