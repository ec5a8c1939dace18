// Package smc draws from a density known up to a constant, and estimates that constant, by moving weighted populations
// along a path of densities: annealed importance sampling (Neal, "Annealed importance sampling", Statistics and Computing
// 2001) and tempered sequential Monte Carlo (Del Moral, Doucet and Jasra, "Sequential Monte Carlo samplers", JRSS B
// 2006). Run is the entry; Defaults and AISDefaults are where configurations start.
//
// # The path
//
// The reference γ_0 is normalised, can be drawn from and is known at any point; the target γ_1 is known up to its
// integral Z. Between them lies the geometric mean
//
//	γ_β(x) = γ_0(x)^(1−β) · γ_1(x)^β,   0 = β_0 < β_1 < … < β_K = 1,
//
// which is prior · likelihood^β where the reference is the target's prior.
//
// # A stage
//
// Stage k takes N particles from γ_{k−1} to γ_k, always in this order:
//
//  1. choose β_k: from a fixed schedule, or as the largest that keeps the conditional effective sample size
//     N(ΣWv)²/ΣWv², v = (γ_1/γ_0)^(β_k − β_{k−1}), at a given fraction (Zhou, Johansen and Aston, "Toward automatic model
//     comparison", JCGS 2016), by bisection;
//  2. segment: a Transport moves the particles; without one this is the identity;
//  3. weight: log W += (β_k − β_{k−1})(log γ_1 − log γ_0), at the points before the move;
//  4. resample if the effective sample size (ΣW)²/ΣW² is below a threshold; weights become equal;
//  5. move by Markov kernels that leave γ_k invariant (package mcmc).
//
// With a threshold of nought this is annealed importance sampling. A particle of weight zero is dead: it stays dead
// until resampling replaces it, and N never changes.
//
// # Transports
//
// A Transport replaces the identity by segments of its own, learned or not, between the cuts of its path: at a cut of the
// geometric path γ_k is γ_β, at one of its own it serves γ_k, and at others nothing is known and nothing is done but to
// go on. The weight gains log γ_k(y) − log γ_{k−1}(x) + r_k, the γ's by the engine and r_k, the log ratio of backward to
// forward kernel, by the transport. With a threshold of nought and one segment this is importance sampling; with cuts it
// is annealed importance sampling or sequential Monte Carlo with the transport's proposals (Matthews, Arbel, Rezende and
// Doucet, "Continual repeated annealed flow transport Monte Carlo", ICML 2022).
//
// The pilot tries the segments one by one and decides by the Pareto k (Vehtari, Simpson, Gelman, Yao and Gabry, "Pareto
// smoothed importance sampling", JMLR 2024) and the conditional effective sample size of their weights which to keep,
// which to follow by moves, and which to replace, whole, by tempered stages from the last good cut. If the transport can
// be cut finer, that is tried first. If a tempered Pilot found more mass than the transport reaches, as where it lost a
// mode, which its weights do not show, the transport is given up. What was decided is part of the Plan, and is frozen.
//
// # The evidence
//
//	log Ẑ = Σ over resamplings of (log ΣW − log N) + (log ΣW − log N) at the end
//
// and E Ẑ = Z exactly, for any N, if schedule and kernels do not depend on the particles. So a pilot population finds
// them, they are frozen, and independent islands run with fresh randomness. When to resample may depend on the particles
// (Whiteley, Lee and Heine, "On the role of interaction in sequential Monte Carlo algorithms", Bernoulli 2016). With
// Config.OnTheFly the islands adapt by themselves, and Ẑ is consistent, with a bias of order 1/N. log Ẑ itself is low by
// half its variance; the islands are combined by the mean of Ẑ, not of log Ẑ.
//
// The standard error comes from the genealogy of the particles (Lee and Whiteley, "Variance estimation in the particle
// filter", Biometrika 2018) and from the scatter of the islands; package diag chooses the one to quote.
//
// # Adaptation
//
// At every stage the pilot sets the scales of the kernels to the weighted standard deviations of its particles, and moves
// the step size towards a wanted acceptance probability from one move to the next (Robbins and Monro 1951). Where the
// particles are strongly correlated, by more than sampling noise explains, it learns the correlations too.
//
// A step size that suits the bulk is too long for the neck of a funnel. Where some of the proposals at a stage were hopeless,
// moves of finer steps follow, as the plan then says. Pilot, which a transport learns from, makes them at its end only: they
// are at β = 1, and its log Z is what it was without.
//
// # Same bytes
//
// Randomness is keyed by (seed, purpose, island; slot, stage, inner step), so that the result does not depend on how many
// islands run at a time. After each stage a population can be saved, and a run started from saved populations ends in the
// same bytes as one that was never stopped; Rerun repeats a single stage.
//
// # What it does not do
//
// It does not see what no particle has visited. Modes of the target that the reference reaches with less than about 1/N
// of its mass may be missed, and no diagnostic here can tell.
package smc
