// Package match trains drifts by regression on bridges from a reference N(0, S₀²I) to rough samples x₁ of a target, with
// scores g₁, from a pilot run:
//
//	X_t = (1−t)x₀ + t x₁ + σ√(t(1−t)) ε,      x₀ ~ N(0, S₀²I), x₁ and ε drawn independently
//
// One evaluation of a net a sample, no trajectories, no time steps. The net has two heads of Dim outputs, fitted to
//
//	a(x,t) = E[x₁−x₀ | X_t = x]      s(x,t) = ∇ log p_t(x)
//
// and with the two come, for any noise level, the forward drift a + σ²t s, the backward −a + σ²(1−t) s and the velocity
// a + σ²(t−½) s of the flow.
//
// # What they are fitted to
//
// Given x₁, X_t = t x₁ + √w z with w = (1−t)²S₀² + σ²t(1−t) and a normal z, so that x₀ and ε can be integrated out. What is
// left is D = E[x₁ | X_t]: s = (tD − x)/w and a = D + (1−t)S₀² s. For D there are two unbiased estimates, x₁ itself and,
// with the target's score, x₁ plus any multiple of the posterior's score ψ = g₁ + t z/√w. With
//
//	c = w/(t² + κw)      x̂₁ = x₁ + cψ      κ = mean g₁², coordinate by coordinate
//
// there is no variance left inside a Gaussian mode of precision κ. The loss, the mean over samples and coordinates of
//
//	(a − â)²/(w + t²/κ) + (s − ŝ)²      ŝ = (g₁t − κ√w z)/(t² + κw),   â = x̂₁ + (1−t)S₀² ŝ
//
// measures drifts by the width of a mode at their time: near the target it is the small errors that count.
//
// With Spread a third head ℓ is fitted, by the likelihood of a Gaussian, to the variance of x₁,
//
//	Var[x₁ | X_t] = w/(w + t²) e^ℓ      estimated by (x₁ − D)(x̂₁ − D) + c
//
// D that of the other heads: an estimate without bias, and likewise without variance in a Gaussian mode. From it follow the
// variances of a step of the bridge, there and back.
//
// With Base the exact answer for a target N(0, I) is added to the heads, so that a whitened target is nearly solved before
// training:
//
//	v = w + t²      a += (t − (1−t)S₀²)/v · x      s −= x/v
//
// Albergo, Boffi and Vanden-Eijnden (2023), "Stochastic interpolants: a unifying framework for flows and diffusions",
// arXiv 2303.08797; Blessing, Richter, Berner et al. (2026), "Bridge matching sampler", arXiv 2603.00530, of which this is
// one iteration; De Bortoli, Hutchinson, Wirnsberger and Doucet (2024), "Target score matching", arXiv 2402.08667, for the
// identity of the target's score. The pilot, the weights and the fixed point are the caller's.
package match
