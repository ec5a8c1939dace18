// Package nn holds the neural networks of the learned samplers: small, fully connected, evaluated on feature-major tiles
// (package tile), with adjoints written by hand. There is no tape and no graph: a net is a formula, its reverse pass is
// the formula's adjoint, and both are a few calls of package vec.
//
// # Parts
//
// All parameters of a model are one vector, described by a Layout and held, with the transposes that a step needs, by
// Params. A Net is an architecture; a Pass is its memory for one tile of P particles and belongs to one worker:
//
//	Forward   y = f(x)                             values only
//	Record    the same, keeping what follows need
//	Backward  (∂L/∂y) ↦ ∂L/∂x, and ∂L/∂θ to a Sink   the vector–Jacobian product
//	JVP       (ẋ, θ̇) ↦ ẏ                            the Jacobian–vector product
//
// The layers of an MLP are, with a row of ones under each input so that a bias is the last row of its matrix,
//
//	z_l = W_lᵀ [h_{l−1}; 1],   h_l = act(z_l)  or, residual,  h_l = h_{l−1} + act(z_l)
//	∂L/∂z_l = ∂L/∂h_l ∘ act′(z_l),   ∂L/∂W_l = [h_{l−1}; 1] (∂L/∂z_l)ᵀ,   ∂L/∂h_{l−1} = W_l ∂L/∂z_l
//
// PerDim shares one small net over the dimensions, Ridge over learned directions; Sum adds nets; Mirrored makes one even or odd; Gated adds multiples of
// inputs (a score, the state) whose factors depend on time; Heads bounds outputs; Fourier and Sinusoid embed time. What
// depends on time alone, where all particles share it, is evaluated once a time step by a Grid and enters a Pass as its
// Cond; where each particle has a time of its own, Conditioned evaluates it beside them.
//
// # Memory or time
//
// A loss of whole trajectories needs the activations of every step again in its reverse pass. Memory keeps the
// pre-activations of as many evaluations as a cap allows; the others are recomputed. The result is the same to the bit.
//
// # What it does not do
//
// It takes no second derivatives: jets and the reverse pass over a reverse pass live in package jet. Convolutions and
// attention are not there, and neither is a general automatic differentiation.
package nn
