// Package jet carries derivatives by space and time through nets, and the gradients of losses that contain them. It is what losses made of partial differential equations need: residuals with ∂V/∂t, ∇V, ΔV and div μ
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
// A skip adds all channels; a net of time that enters by addition to the first pre-activation adds its value and its time
// derivative, themselves jets.
//
//   - NewPotential: a scalar with gradient, Laplacian and time derivative.
//   - NewField: a vector field μ, d outputs, and its divergence, by jets of values and gradients only, or as below.
//   - NewGradient: ∇φ as an nn.Net, by reverse mode as below.
//
// # Reverse over reverse
//
// Where only first derivatives of a scalar φ are wanted, NewSlope is cheaper than jets: six passes of matrix products in
// all, whatever d is, rather than 3(d+2). With layers x_{l+1} = f(z_l), z_l = W_lᵀ x_l + b_l, l < L, and φ = w·x_L + b,
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
// With skips, x_{l+1} = x_l + f(z_l), the terms a_{l+1}, ā_l and x̄_{l+1} are added to a_l, ā_{l+1} and x̄_l.
//
// # Divergence without jets
//
// With two plain hidden layers of slopes d_1 and d_2 the divergence is d_1ᵀ (W_2 ∘ C) d_2, C = (W_3 W_1)ᵀ made once a step:
// six passes of matrix products with its adjoint, whatever d is, rather than 3(d+1). NewField does so from d = 2.
//
// Along the directions of a ridge net, φ = Σ_j h_j(a_j·x, t) or μ = Aᵀ g(A x, t), the nets h and g have one coordinate, and
// every derivative takes one or two channels of jets a direction:
//
//	∇φ = Aᵀ h′    Δφ = Σ_j |a_j|² h″_j    div μ = Σ_j |a_j|² g′_j
//
// (the direction nets know j by an embedding). Sums of nets are evaluated net by net.
//
// # Per-sample gradients
//
// Every reverse pass either adds to a gradient or, given factors of package gram, records the two sides of each layer's
// sum over channels, from which the Gram matrix of per-sample gradients follows. For a divergence without jets, whose sum
// has a term a coordinate, gradients of whole layers take its place where that is less.
package jet
