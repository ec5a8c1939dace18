// Package optim moves parameters: gradients gathered in slots, clipped, and handed to Adam or AdamW, with an exponential
// average of the parameters beside them and schedules for the rate.
//
//	g = Σ_slots g_s                              in the order of the slots
//	g ← g·min(1, c/|g|)                          clipping by norm, or by value
//	m ← β₁m + (1−β₁)g,  v ← β₂v + (1−β₂)g²
//	θ ← θ − η λ θ − η m̂/(√v̂ + ε)                AdamW; Adam adds λθ to g instead
//	θ̄ ← θ̄ + (1−d)(θ − θ̄)
//
// Kingma and Ba, "Adam: a method for stochastic optimization", 2015; Loshchilov and Hutter, "Decoupled weight decay
// regularization", 2019; Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", 1992.
//
// A gradient that is not finite is refused: nothing moves, and the step says so. Every vector is worked on in pieces that
// do not depend on the number of workers.
package optim
