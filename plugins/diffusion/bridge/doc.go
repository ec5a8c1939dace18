// Package bridge is bridge matching: one regression on a pilot's draws (package match) gives the drift of a stochastic
// equation from a normal to the target, that of its reversal, the variances of its steps, and the velocity of an ordinary
// equation with the same densities p_t.
//
// With X_t = (1−t)x₀ + t x₁ + σ√(t(1−t)) ε, x₀ ~ N(0, S₀²I), x₁ a draw of the target, and a net for a = E[x₁ − x₀ | X_t],
// s = ∇ log p_t and Var[x₁ | X_t]:
//
//	there      N(x + h(a + σ²t s), σ²h(1−t′)/(1−t) + (h/(1−t))² Var[x₁ | X_t = x])         t′ = t + h
//	back       N(x′ + h(−a + σ²(1−t′)s), σ²h t/t′ + (h/t′)² Var[x₀ | X_t′ = x′])
//	velocity   a + σ²(t−½) s
//
// Both kernels have the mean and the variance of what they stand for, the laws of X_t′ given X_t and of X_t given X_t′, for
// steps of any length, and are exact for a Gaussian target from the start: the net learns what is left. Var[x₀ | X] follows
// from Var[x₁ | X]:
//
//	Var[x₀ | X_t] = S₀²σ²t r + (t S₀² r)² Var[x₁ | X_t]      r = 1/((1−t)S₀² + σ²t)
//
// The coordinates are those of a frame: whitened, with uncorrelated scores, where nothing else is asked for.
//
// Where the pilot was poor, the model's own draws, weighted, can take the place of a part of its draws, and the regression
// be run again.
//
// See package match for the formulas of the regression and its literature.
package bridge
