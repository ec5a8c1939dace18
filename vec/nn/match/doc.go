// Package match trains drifts by regression on bridges from a reference N(0, S₀²I) to rough samples x₁ of a target, with
// scores g₁, from a pilot run:
//
//	X_t = (1−t)x₀ + t x₁ + σ√(t(1−t)) ε,      x₀ ~ N(0, S₀²I), x₁ and ε drawn independently
//
// One evaluation of a net a sample, no trajectories, no time steps. The net has two heads of Dim outputs, fitted to
//
//	a(x,t) = E[x₁−x₀ | X_t = x]      s(x,t) = ∇ log p_t(x) = E[y_s | X_t = x]
//	y_s = λ(g₀(x₀) + g₁(x₁)) − (1−λ) ε/(σ√(t(1−t))),   λ = V₂/(V₁+V₂)
//
// where the two terms of y_s are unbiased each for itself and λ weighs them by their variances V₁ = mean|g₁|²/d + 1/S₀² and
// V₂ = 1/(σ²t(1−t)). The loss is the mean over samples and coordinates of
//
//	(a − (x₁−x₀))² + (s − y_s)² (V₁+V₂)/(V₁V₂)
//
// and with the two heads come, for any noise level, the forward drift a + σ²t s, the backward −a + σ²(1−t) s and the
// velocity a + σ²(t−½) s of the flow. With Base the exact answer for a target N(0, I) is added to the heads, so that a
// whitened target is nearly solved before training:
//
//	v = (1−t)²S₀² + t² + σ²t(1−t)      a += (t − (1−t)S₀²)/v · x      s −= x/v
//
// Albergo, Boffi and Vanden-Eijnden (2023), "Stochastic interpolants: a unifying framework for flows and diffusions",
// arXiv 2303.08797; Blessing, Richter, Berner et al. (2026), "Bridge matching sampler", arXiv 2603.00530, of which this is
// one iteration. The pilot, the weights and the fixed point are the caller's.
package match
