// Package scld trains annealed Langevin bridges block by block, in a sequential Monte Carlo sampler.
//
// The chain goes along γ_β ∝ p_0^(1−β) ρ^β with a control u (CMCD; Vargas et al. 2024, arXiv 2307.01050): steps
// N(x + e∇log γ_k(x) + hu, 2e) there and N(x′ + e∇log γ_{k+1}(x′) − hu, 2e) back. It is cut into blocks at times where
// γ is known, and each block adds to the log weight
//
//	G_s = log γ_end(x_end) − log γ_start(x_start) + Σ_k [log B_k − log F_k]
//
// of which the variance is zero at the optimum, for every block. Training simulates the particles as they will be used:
// weighed after each block, resampled where the weights are uneven, moved by Hamiltonian Monte Carlo at γ_end, and sent on
// into the next block. The loss of a block takes its paths as given, so that they may come from anywhere: half of them come
// from a buffer of paths of earlier steps, the heavier ones sooner. This is SCLD (Chen, Richter, Berner, Blessing, Neumann
// and Anandkumar 2025, "Sequential controlled Langevin diffusions", arXiv 2412.07081).
//
// CRAFT (Matthews, Arbel, Rezende and Doucet 2022, arXiv 2201.13117) is the same system with another loss: for every block
// Σ W̄(−G), W̄ the particles' weights at its start, and the gradient taken through the block. Its maps are here blocks of the
// chain.
//
// Temperatures and step sizes come from a survey (survey.go): a small tempered sampler from p_0 to ρ tells how quickly the
// path can be gone along and how long steps may be: those of the chain by the narrowest places, where steps that suit the bulk
// would lose what the moves find. With a pilot the frame is the pilot's, so that p_0 has the target's
// mean and covariance; from scratch it is the reference's.
package scld
