// Package mcmc moves populations of points by Markov kernels that leave a density invariant: random-walk Metropolis,
// Metropolis-adjusted Langevin and Hamiltonian Monte Carlo. It serves package smc, whose particles it moves along a
// path of densities, and runs plain chains.
//
// # Lock-step
//
// A Mover advances all points of a State together: one batch of evaluations per leapfrog step serves the whole
// population, and every point takes the same number of steps. Rows never change places, and a row that cannot move
// (outside the support, or where the density is not a number) stays where it is and keeps its place in the batch.
//
// # The density
//
// The kernels leave invariant the geometric mean
//
//	γ_β(x) ∝ γ_0(x)^(1−β) · γ_1(x)^β,   β in [0, 1]
//
// of a reference γ_0 and a target γ_1, whose logs and gradients are carried apart (Terms), so that β can change without
// evaluating again. At the ends only one of them counts: 0·(−∞) never arises. A plain chain has β = 1 and no reference.
//
// # The kernels
//
// With scales s (standard deviations of the coordinates) and step size ε, Hamiltonian Monte Carlo (Duane, Kennedy,
// Pendleton and Roweth 1987; Neal, "MCMC using Hamiltonian dynamics", 2011) draws p ~ N(0, I) and makes L leapfrog steps
//
//	p ← p + ½ε s∘∇log γ(x);   x ← x + ε s∘p;   p ← p + ½ε s∘∇log γ(x)
//
// of H(x, p) = −log γ(x) + ½|p|², then accepts the end point with probability min(1, exp(H(start) − H(end))).
// Langevin (MALA; Roberts and Tweedie 1996) is the case L = 1, where the proposal is N(x + ½ε² s²∘∇log γ, ε² s²).
// Random walk proposes N(x, ε² s²). With a Factor L as well the same is done in the coordinates u of x = s∘(Lu), whose
// gradient is Lᵀ(s∘∇log γ).
//
// A trajectory that meets a point with no density or no gradient is rejected; since a reversed trajectory meets the same
// points, that keeps the balance. Large energy errors are rejected at the end, not on the way, for the same reason.
//
// # Adaptation
//
// Step sizes are tuned by dual averaging (Hoffman and Gelman, "The No-U-Turn sampler", JMLR 2014) of the acceptance
// probability averaged over the population, scales by the pooled variance of chains over Stan's doubling windows. All
// tuning is frozen before the first draw that is kept.
//
// # Randomness
//
// Every draw is keyed by (slot, stage, inner step); see package rng. A population gives the same bytes however its
// batches are split.
package mcmc
