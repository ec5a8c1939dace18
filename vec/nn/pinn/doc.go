// Package pinn trains pairs of nets on the equations that a path of densities p_t from a reference to a target obeys. V is
// the log density up to a function of time, μ a drift, and the loss the mean of r² over points (x, t):
//
//	LogCE   r = ∂_t V + div μ + μ·∇V                                   continuity: dX = μ dt carries p_t
//	LogFP   r = ∂_t V + div μ + μ·∇V − ½σ²(|∇V|² + ΔV)                 Fokker–Planck: dX = μ dt + σ dW does
//	Score   r = ∂_t V + ½σ²(ΔV + |∇V|² + x·∇V + d)                     the same at μ = σ²(∇V + ½x): noising by −½σ²x, reversed
//
// Of all drifts those of least kinetic energy are gradients, μ = ∇Φ, of potentials that obey an equation of Hamilton, Jacobi and
// Bellman. OT is LogCE at such a drift, and SB is LogFP, each with the second residual
//
//	OT   q = ∂_t Φ + ½|∇Φ|²                                            optimal transport from one end of the path to the other
//	SB   q = ∂_t Φ + ½|∇Φ|² + ½σ²ΔΦ                                    Schrödinger's bridge between them
//
// in r + s q. With s = ±√α by fair coins the mean of its square is that of r² + αq², and so is Gauss–Newton's matrix, with one row a point.
//
// (Máté and Fleuret 2023, "Learning interpolations between Boltzmann densities"; Sun, Berner, Richter et al. 2024,
// "Dynamical measure transport and neural PDE solvers for sampling", arXiv 2407.07873.)
//
// The net φ enters as V = base + gain·φ − Σ_k z_k ψ_k, with base(x, t), gain(t) and ψ_k(t) known to the caller and the z_k
// trained with the nets. With base = l(t) log ρ + (1−l(t)) log p_0, gain = t(1−t) and ψ_k vanishing at 0, V has the right
// ends whatever the nets are, and Σ_k z_k ψ_k(1) learns log Z. A Batch holds derivatives of these three; the case V = φ
// needs none.
//
// The nets are perceptrons, plain or residual, or the sum of these and of nets over learned directions (Ridge); Of takes
// any that package jet knows.
//
// Derivatives are exact (package jet): V of LogCE by reverse mode, which costs the same for any dimension; V of noisy
// equations, and Φ, by jets with Laplacian; the divergence of μ at a cost that does not depend on the dimension for perceptrons of two plain
// hidden layers and along directions, and by a jet a coordinate for others. With c = 2r/N, or 1 for per-sample
// gradients, the cotangents that go back into the nets are
//
//	μ: c ∇V    div μ: c    ∂_t φ: c gain    φ: c ∂_t gain    ∇φ: c gain (μ − σ²∇V)    Δφ: −½ c gain σ²    z_k: −c ∂_t ψ_k
//	Score: ∇φ: c gain σ²(∇V + ½x)    Δφ: ½ c gain σ²            OT, SB: ∇Φ: c (∇V + s∇Φ)    ΔΦ: c (1 + ½sσ²)    ∂_t Φ: c s
//
// A Loss gives the gradient of the mean square, for Adam, or the residuals with their Jacobian in factored form, for
// package spring. Choosing the points is the caller's.
package pinn
