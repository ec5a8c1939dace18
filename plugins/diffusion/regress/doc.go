// Package regress trains the control of a chain on a pilot's draws, without simulating: what the way back makes of a draw of
// the target is Gaussian, so that any of its states, and what follows it, can be drawn at once.
//
// With the way back x_k = κ′x_{k+1} + √v′ ξ, and y a draw of the target,
//
//	x_k | y            ~ N(α_k y, s_k²)          α_k = κ′α_{k+1}, s_k² = κ′²s_{k+1}² + v′, from α_K = 1, s_K = 0
//	x_{k+1} | x_k, y   ~ N(c_1 x_k + c_2 y, w)   c_1 = κ′s_{k+1}²/D, c_2 = α_{k+1}v′/D, w = s_{k+1}²v′/D, D = v′ + κ′²s_{k+1}²
//
// The step there, N(m, σ²) with m and σ by the control, is fitted by maximum likelihood, x_{k+1} integrated out. Of y there
// is a stand-in with the same mean given x_k,
//
//	ŷ = y + (x_k − α_k y + r s)/(α_k + κ r)      r = s_k²/α_k, s the target's score at y, κ = mean s²
//
// because E[α_k y − x_k | x_k] = r E[s | x_k], the identity of denoising and that of the target's score in one. Inside a
// Gaussian mode of precision κ it has no variance at all. The covariance of y and ŷ is known as well,
//
//	E[(y − a)(ŷ − a) | x_k] = Var[y | x_k] + (E[y | x_k] − a)² − r/(α_k + κ r)   for any a
//
// so that, with u = c_1 x_k + c_2 y and û the same of ŷ, the loss of a sample is, a coordinate,
//
//	½(û − m)²/σ̄² + ½V/σ² + log(σ/√v)      V = (û − m̄)(u − m̄) + w + c_2² r/(α_k + κ r)
//
// bars for values that are taken as given: the first term fits the mean, the others the variance, to which V is unbiased and
// again exact inside a Gaussian mode.
//
// Denoising score matching is Vincent (2011), "A connection between score matching and denoising autoencoders"; the identity
// of the target's score is in De Bortoli, Hutchinson, Wirnsberger and Doucet (2024), "Target score matching", arXiv
// 2402.08667; learned variances of reverse kernels are in Bao et al. (2022), "Analytic-DPM", arXiv 2201.06503.
package regress
