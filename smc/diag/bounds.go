package diag

import "math"

// The log weights here are those of whole paths, log w = log(backward law of the path · target) − log(forward law), with
// E w = Z over forward paths. Forward paths start in the reference and are the sampler's own; backward paths start in
// exact draws of the target and are carried back, so they tell of modes that forward paths never reach.

// LowerBound returns the evidence lower bound, the mean of the log weights of forward paths: on average log Z less the
// divergence of the sampler's law of paths from the target's. −Inf if a path is dead.
func LowerBound(logW []float64) float64 { return meanOf(logW) }

// UpperBound returns the evidence upper bound, the mean of the log weights of backward paths: on average log Z plus the
// divergence of the target's law of paths from the sampler's, which is large where the sampler misses a mode.
func UpperBound(backward []float64) float64 { return meanOf(backward) }

// BoundGap returns |LowerBound − log Z|, the Δ log Z in the tables of the literature on learned samplers (L. Richter and
// J. Berner, "Improved sampling via learned diffusions", ICLR 2024). It is the gap of the bound and not the error of the
// importance sampling estimate, which is smaller by orders of magnitude; for weights near one the effective sample size
// is exp(−2 gap) of the paths.
func BoundGap(logW []float64, logZ float64) float64 { return math.Abs(LowerBound(logW) - logZ) }

// BackwardLogZ returns −log mean exp(−log w) over backward paths, as E 1/w = 1/Z over them; NaN if there are none.
func BackwardLogZ(backward []float64) float64 {
	if len(backward) == 0 {
		return math.NaN()
	}
	return -LogMeanExp(negated(backward))
}

// ForwardESS returns the effective sample size of the sampler as a share of its paths, estimated from backward paths,
//
//	n² / (Σ w · Σ 1/w),
//
// between 0 and 1 (D. Blessing and others, "Beyond ELBOs: a large-scale evaluation of variational methods for sampling",
// ICML 2024). Unlike that of forward paths it falls when a mode is missed. NaN if there is no path or a weight is
// infinite or NaN; a weight of zero makes it 0.
func ForwardESS(backward []float64) float64 {
	n := float64(len(backward))
	sum, inverse := LogSumExp(backward), LogSumExp(negated(backward))
	if math.IsInf(sum, 0) {
		return math.NaN()
	}
	return math.Exp(2*math.Log(n) - sum - inverse)
}

func negated(x []float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = -v
	}
	return out
}

// meanOf is the plain mean; NaN of nothing.
func meanOf(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}
