package pde

import (
	"math"

	"github.com/sampan-mc/sampan/vec/nn/pinn"
)

// noised is ∫β of a noising from the target to the start, after which the target, of about unit scale in the frame, is all but
// normal: (1−t)^noisingPower of it from t on, so that what is narrow in the target blurs slowly.
const noised, noisingPower = 5, 4

// secondWeight is √α: how much the equation of Φ counts beside that of V.
const secondWeight = 1

// variance is σ²(t).
func (m *model) variance(t float64) float64 {
	if m.loss.Equation == pinn.Score {
		return noised * noisingPower * math.Pow(1-t, noisingPower-1)
	}
	return m.sigma * m.sigma
}

// ends are the factors of a start and of a draw of the target that are on the path, roughly, at time t.
func (m *model) ends(t float64) (start, target float64) {
	switch m.loss.Equation {
	case pinn.Score: // exactly
		target = math.Exp(-noised / 2. * math.Pow(1-t, noisingPower))
		return math.Sqrt(1 - target*target), target
	case pinn.SB: // of Brownian bridges
		return math.Sqrt((1-t)*(1-t) + m.variance(t)*t*(1-t)), t
	}
	return 1 - t, t
}
