// Package control holds the nets that steer the learned samplers: what a step's drift and standard deviation are made of.
//
// At a state y and a time t, with q the score there, the outputs in d coordinates are
//
//	a = n_a + g_1(t)∘q̂ + g_2(t)∘y        the drift
//	ℓ = L tanh((n_ℓ + g_3(t))/L)          the logarithm of the standard deviation, off that of the kernel by at most e^L
//	b = n_b + g_4(t)∘q̂ + g_5(t)∘y        a second drift, for the way back
//
// n is a net (Kinds) of y, of tanh(q/c) and of the time, whose last layer starts at zero; the gates g are nets of time alone, and
// q̂ = q min(1, C/|q|) is the score with its length bounded. Gates make Gaussian directions exact however many there are;
// coordinates that need no more than that, the first Dim − Active of them, are left to the gates, so that the net sees only
// where the target is not Gaussian. A score that enters by gates is in Zhang and Chen (2022), "Path integral sampler",
// arXiv 2111.15141, and Vargas, Grathwohl and Doucet (2023), "Denoising diffusion samplers", arXiv 2302.13834.
//
// Everything that depends on the time alone is evaluated once a time step by a Clock.
package control
