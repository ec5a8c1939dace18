// Package regress trains the control of a chain on a pilot's draws, without simulating: what the way back makes of a draw of
// the target is Gaussian, so that any of its states, and what follows it, can be drawn at once.
//
// With the way back x_k = κ′x_{k+1} + √v′ ξ, and y a draw of the target,
//
//	x_k | y           ~ N(α_k y, s_k²)        α_k = κ′α_{k+1}, s_k² = κ′²s_{k+1}² + v′, from α_K = 1, s_K = 0
//	x_{k+1} | x_k, y  ~ N(c_1 x_k + c_2 y, w)  c_1 = κ′s_{k+1}²/D, c_2 = α_{k+1}v′/D, w = s_{k+1}²v′/D, D = v′ + κ′²s_{k+1}²
//
// The step there, N(m, σ²) with m and σ by the control, is fitted by maximum likelihood, x_{k+1} integrated out. In its mean
// y is replaced by
//
//	ŷ = (κ r y + x_k + r s)/(α_k + κ r)   r = s_k²/α_k, s the target's score at y, κ = mean s²
//
// which has the same mean given x_k, by the two identities E[y − x_k/α_k − r s/α_k… | x_k] = 0 of denoising and of the target's
// score, and no variance at all inside a Gaussian mode of precision κ. The loss of a sample is, a coordinate,
//
//	½(c_1 x + c_2 ŷ − m)²/σ̄² + ½(min((c_1 x + c_2 y − m̄)², 100 v) + w)/σ² + log(σ/√v)
//
// bars for values that are taken as given: the mean is fitted by the first term, the standard deviation by the others.
//
// Denoising score matching is Vincent (2011), "A connection between score matching and denoising autoencoders"; the identity
// of the target's score is in De Bortoli, Hutchinson, Wirnsberger and Doucet (2024), "Target score matching", arXiv
// 2402.08667; learned variances of reverse kernels are in Bao et al. (2022), "Analytic-DPM", arXiv 2201.06503.
package regress
