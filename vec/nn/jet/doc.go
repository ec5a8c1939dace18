// Package jet carries derivatives by space and time through multilayer perceptrons, and the gradients of losses that
// contain them. It is what losses made of partial differential equations need: residuals with ∂V/∂t, ∇V, ΔV and div μ
// of nets V and μ, exact, and their derivatives by the parameters, with no general automatic differentiation.
//
// # Jets
//
// A jet is a row of J channels for every feature: value z, gradient g_i by the d coordinates and, if asked for, the
// Laplacian ℓ and the time derivative τ, so J = d+1 or d+3. In tiles the channels lie side by side, [feature][channel]
// [particle], so that a linear layer is one matrix product over J·P columns; its bias acts on the value channel alone. An
// activation h = f(z) maps a jet to
//
//	h = f(z)    g_i ← f′ g_i    ℓ ← f′ ℓ + f″ Σ g_i²    τ ← f′ τ
//
// and, b being the cotangent of what comes out, its adjoint is
//
//	ḡ_i = f′ b_i + 2 f″ g_i b_ℓ     ℓ̄ = f′ b_ℓ     τ̄ = f′ b_τ
//	z̄ = f′ b_z + f″ (Σ b_i g_i + b_τ τ + b_ℓ ℓ) + f‴ b_ℓ Σ g_i²
//
// (the forward Laplacian of Li et al. 2024, "A computational framework for neural network-based variational Monte Carlo
// with forward Laplacian", Nature Machine Intelligence 6; the adjoint is worked out here). The gradient channels of the
// first layer are rows of its weights, the same for every particle, and are never computed.
//
//   - Field: a vector field μ, d outputs, and its divergence, by gradient-only jets.
//   - Potential: a scalar with gradient, Laplacian and time derivative.
//
// # Reverse over reverse
//
// Where only first derivatives of a scalar φ are wanted, Slope is cheaper than jets: six passes of matrix products in all,
// whatever d is, rather than 3(d+2). With layers x_{l+1} = f(z_l), z_l = W_lᵀ x_l + b_l, l < L, and φ = w·x_L + b,
//
//	a_L = w    s_l = f′(z_l) a_{l+1}    a_l = W_l s_l    ∇φ = a_0
//
// For a loss with cotangents ḡ of ∇φ and φ̄ of φ the adjoint runs up through that reverse pass and down through the
// forward one:
//
//	ā_0 = ḡ     s̄_l = W_lᵀ ā_l     ā_{l+1} = f′ s̄_l     ζ_l = f″ a_{l+1} s̄_l     w̄ = Σ (ā_L + φ̄ x_L)
//	x̄_L = φ̄ w   z̄_l = ζ_l + f′ x̄_{l+1}   x̄_l = W_l z̄_l
//	W̄_l = Σ_particles ā_l s_lᵀ + x_l z̄_lᵀ     b̄_l = Σ_particles z̄_l
//
// # Per-sample gradients
//
// Every reverse pass either adds to a gradient or, given factors of package gram, records the two sides of each layer's
// sum over channels, from which the Gram matrix of per-sample gradients follows.
package jet
