package pde

import (
	"math"

	"github.com/sampan-mc/sampan/vec/nn/pinn"
)

// noising is β at the start and at the target of a reversed noising, linear in between: enough for the target, of about unit
// scale in the frame, to be all but normal by the start.
const noisingStart, noisingEnd = 10, 0.1

// secondWeight is √α: how much the equation of Φ counts beside that of V.
const secondWeight = 1

// variance is σ²(t).
func (m *model) variance(t float64) float64 {
	if m.loss.Equation == pinn.Score {
		return noisingStart + (noisingEnd-noisingStart)*t
	}
	return m.sigma * m.sigma
}

// ends are the factors of a start and of a draw of the target that are on the path, roughly, at time t.
func (m *model) ends(t float64) (start, target float64) {
	switch m.loss.Equation {
	case pinn.Score: // exactly
		target = math.Exp(-(1 - t) * (m.variance(t) + noisingEnd) / 4)
		return math.Sqrt(1 - target*target), target
	case pinn.SB: // of Brownian bridges
		return math.Sqrt((1-t)*(1-t) + m.variance(t)*t*(1-t)), t
	}
	return 1 - t, t
}
