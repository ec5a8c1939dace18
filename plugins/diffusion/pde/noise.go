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

// kept is how much of the target's variance is left at time t of a noising, and β there.
func kept(t float64) (a2, beta float64) {
	return math.Exp(-noised * math.Pow(1-t, noisingPower)), noised * noisingPower * math.Pow(1-t, noisingPower-1)
}

// narrow is the variance, in the frame, of what is narrow in usual targets.
const narrow = 0.02

// narrowed is l, and its derivative, of a noising: a normal of variance narrow in a target becomes about as wide along
// ρ^l p_0^(1−l) as by the noise, so that little is left to φ. It is 0 at the start and 1 at the target.
func narrowed(t float64) (l, rate float64) {
	share := func(a2 float64) float64 { return narrow * a2 / (narrow*a2 + 1 - a2) }
	a2, beta := kept(t)
	first, _ := kept(0)
	s, d, low := share(a2), narrow*a2+1-a2, share(first)
	return (s - low) / (1 - low), narrow * a2 * beta / (d * d) / (1 - low)
}

// variance is σ²(t).
func (m *model) variance(t float64) float64 {
	if m.noising {
		_, beta := kept(t)
		return beta
	}
	return m.sigma * m.sigma
}

// ends are the factors of a start and of a draw of the target that are on the path, roughly, at time t.
func (m *model) ends(t float64) (start, target float64) {
	switch m.loss.Equation {
	case pinn.Score: // exactly
		a2, _ := kept(t)
		return math.Sqrt(1 - a2), math.Sqrt(a2)
	case pinn.SB: // of Brownian bridges
		return math.Sqrt((1-t)*(1-t) + m.variance(t)*t*(1-t)), t
	}
	return 1 - t, t
}
