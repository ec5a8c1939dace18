// Package chain simulates the stochastic learned samplers and takes their losses back to the parameters. All of them are
// one object: K Gaussian steps from a start x_0 to the target, each with the Gaussian that would undo it,
//
//	F_k(x_{k+1} | x_k)  = N(κ x_k + π a_k + δ q_k, v e^{2ℓ_k})           a, ℓ, b: the control (package control) at (x, t)
//	B_k(x_k | x_{k+1})  = N(κ′x_{k+1} + π′b_{k+1} + δ′q_{k+1}, v′)       q: a score, see below
//
//	log w = log ρ(x_K) − log p_0(x_0) + Σ_k [log B_k(x_k | x_{k+1}) − log F_k(x_{k+1} | x_k)]
//
// and E[w] = Z whatever the control is, for any K, because the kernels are the ones that are really drawn from and evaluated.
// The constants say which sampler it is (spec.go):
//
//	PIS      starts at 0; undone by the Brownian bridge          Zhang and Chen (2022), arXiv 2111.15141
//	DDS      undone by the Ornstein–Uhlenbeck process            Vargas, Grathwohl and Doucet (2023), arXiv 2302.13834
//	DIS      undone by the noising of a diffusion model          Berner, Richter and Ullrich (2024), arXiv 2211.01364
//	bridge   both ways learned                                   Richter and Berner (2024), arXiv 2307.01198
//	annealed Langevin along γ_β; MCD learns the way back,        Doucet et al. (2022), arXiv 2208.07698
//	         CMCD both, b = −a                                   Vargas et al. (2024), arXiv 2307.01050
//
// q is the target's score, or with temperatures that of the geometric path, (1−β_k)∇log p_0 + β_k ∇log ρ; the way there
// takes it at β_k, the way back at β_{k+1}. With ℓ the steps are of second order: for a Gaussian target exact.
//
// A Batch holds paths. Simulate draws them; Replay evaluates the paths that it holds with other parameters. For losses
// that take paths as given, Back takes ∂L/∂(log w) back with
//
//	∂log w/∂a_k = −π ξ_k/(√v e^{ℓ_k})     ∂log w/∂ℓ_k = 1 − ξ_k²     ∂log w/∂b_{k+1} = π′ρ_k/√v′
//
// ξ and ρ the standardised residuals of F and B. Tilt takes the gradient through the simulation (KL).
//
// A tile of paths is simulated step by step, so that its states stay in the nearest caches, and visited once more in the
// reverse pass; pre-activations are kept as far as a cap allows. Same bits for any number of workers.
package chain
