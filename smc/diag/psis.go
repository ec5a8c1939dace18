package diag

import (
	"math"
	"slices"
)

// ParetoK returns the shape k̂ of the upper tail of importance weights exp(logW), the measure of how far an average
// over them may be trusted: see ParetoKThreshold. Of S positive weights the tail is the ⌈min(S/5, 3√S)⌉ largest; dead
// particles (−Inf) have no part in it. Equal weights have no tail: NaN. NaN also if there are less than five in the
// tail or any log weight is NaN or +Inf; +Inf if ties leave nothing to fit.
//
// No k̂ sees a region that no particle ever visited.
func ParetoK(logW []float64) float64 {
	k, _ := smooth(logW)
	return k
}

// PSIS returns k̂ with the Pareto smoothed log weights, normalised to sum to one: the largest are replaced by the
// expected order statistics of the fitted tail, none above the raw maximum. exp(−lse(2·smoothed)) is their effective
// sample size. Where there is no fit the weights are the raw ones, normalised.
func PSIS(logW []float64) (k float64, smoothed []float64) {
	k, smoothed = smooth(logW)
	total := LogSumExp(smoothed)
	for i := range smoothed {
		smoothed[i] -= total
	}
	return k, smoothed
}

func smooth(logW []float64) (k float64, out []float64) {
	out = slices.Clone(logW)
	top, _ := maxAt(logW)
	if math.IsNaN(top) || math.IsInf(top, 0) {
		return math.NaN(), out
	}
	order := make([]int, 0, len(logW)) // the living, lightest first
	for i, l := range logW {
		out[i] = l - top
		if !math.IsInf(l, -1) {
			order = append(order, i)
		}
	}
	s := len(order)
	tail := int(math.Ceil(math.Min(float64(s)/5, 3*math.Sqrt(float64(s)))))
	if tail < fewestTail {
		return math.NaN(), out
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case out[a] < out[b]:
			return -1
		case out[a] > out[b]:
			return 1
		}
		return 0
	})
	// Relative to a top of zero, a difference in logs below rounding is a tie.
	const tie = 1e-15
	if -out[order[0]] < tie {
		return math.NaN(), out
	}
	order, cut := order[s-tail:], math.Exp(out[order[s-tail-1]])
	if -out[order[0]] < tie {
		return math.Inf(1), out
	}
	excess := make([]float64, tail)
	for j, i := range order {
		excess[j] = math.Exp(out[i]) - cut
	}
	k, sigma := fitPareto(excess)
	if math.IsInf(k, 0) {
		return k, out
	}
	for j, i := range order {
		q := paretoQuantile((float64(j)+0.5)/float64(tail), k, sigma)
		out[i] = math.Min(0, math.Log(q+cut))
	}
	return k, out
}
