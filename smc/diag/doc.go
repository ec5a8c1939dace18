// Package diag says how far the output of a Monte Carlo run may be trusted.
//
// It is pure numerics on plain slices: nothing here draws a random number, evaluates a density or knows an algorithm.
// Five groups of functions:
//
//   - weights: LogSumExp (the one place of it in the project), LogMeanExp, WeightESS, CESS, Normalise;
//   - chains: Rhat, NestedRhat, ESSBulk, ESSTail, ESSMean, ESSSD, ESSQuantile, MCSEMean, MCSESD, MCSEQuantile, Quantile
//     and Summarize, which is all of them for one variable;
//   - tails: ParetoK and PSIS of log weights, TailK of draws;
//   - evidence: CombineLogZ, Genealogical, AcrossIslands, Headline and Interval; OfMeans, of
//     functions of expectations;
//   - learned samplers, in the forms that the tables of their literature use: LowerBound, UpperBound, BoundGap,
//     BackwardLogZ and ForwardESS of the weights of paths; SinkhornW2, MMD and DeltaStd of points against exact draws;
//     ModeShares, TotalVariation, EntropicCoverage and ModesFound of the modes visited.
//
// Chains are draws[chain][draw], all chains of equal length. An undefined result is NaN, never a panic and never zero:
// R-hat of constant draws, an effective sample size of three draws, any statistic of draws that hold a NaN.
//
// The chain statistics follow Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), "Rank-normalization, folding, and
// localization: an improved R-hat for assessing convergence of MCMC", Bayesian Analysis 16, in the conventions of the R
// package posterior, against which they are tested to ten digits. The Pareto fits follow Vehtari, Simpson, Gelman, Yao
// and Gabry (2024), "Pareto smoothed importance sampling", JMLR 25. The variance of a log evidence follows Lee and
// Whiteley (2018), "Variance estimation in the particle filter", Biometrika 105; see Genealogical.
package diag
