// Package lv trains the control u of a diffusion that starts at 0,
//
//	x_{k+1} = x_k + σ_k (u(x_k, t_k) h_k + √h_k ξ_k),
//
// by the log-variance loss: the variance over a batch of paths of the log weight
//
//	lw = log ρ(x_K) − log N(x_K; 0, s I) − Σ_k (½|u_k|² h_k + √h_k u_k·ξ_k),   s = Σ_k σ_k² h_k
//
// against Brownian motion, for which E[e^lw] = Z whatever u is (Zhang and Chen 2022, "Path integral sampler"; Richter and
// Berner 2024, "Improved sampling via learned diffusions"). The paths are taken as given, so that no gradient runs through
// the simulation:
//
//	∂lw/∂u_k = −√h_k ξ_k,   ∂loss/∂u_k of path i = −2/(B−1) (lw_i − mean lw) √h_k ξ_{i,k}
//
// A step simulates tile by tile with all layers of a time step before the next, and keeps x_k and ξ_k; its reverse pass
// visits the time steps once more. Pre-activations are kept for it as far as a cap on memory allows, and computed again
// beyond it: the result is the same to the bit. What the net makes of the time alone is evaluated once a time step for all
// paths (nn.Grid).
package lv
