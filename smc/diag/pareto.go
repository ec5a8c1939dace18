package diag

import (
	"math"
	"slices"
)

// ParetoKThreshold returns min(0.7, 1 − 1/log10 S): an estimate from S weights with k̂ above it is not to be trusted
// (Vehtari et al. 2024). It is below 0.7 for less than about 2200 weights.
func ParetoKThreshold(s int) float64 {
	return math.Min(0.7, 1-1/math.Log10(float64(s)))
}

// fewestTail is the smallest tail from which k is estimated.
const fewestTail = 5

// TailK estimates the shape k of the generalised Pareto law of the upper (right) or lower tail of draws: moments below
// 1/k exist. The tail is the ⌈3√S⌉ outermost of S draws above 225, a fifth of them below. NaN if it has less than five
// draws, all alike, or any draw is not finite; +Inf if ties leave no scale to fit.
func TailK(x []float64, right bool) float64 {
	sorted := slices.Clone(x)
	if !right {
		for i := range sorted {
			sorted[i] = -sorted[i]
		}
	}
	slices.Sort(sorted)
	s := len(sorted)
	tail := s / 5
	if s > 225 {
		tail = int(math.Ceil(3 * math.Sqrt(float64(s))))
	}
	tail = min(tail, s/2)
	if tail < fewestTail || math.IsNaN(sorted[0]) || math.IsInf(sorted[0], 0) || math.IsInf(sorted[s-1], 0) {
		return math.NaN()
	}
	if alike(sorted[s-tail], sorted[s-1]) {
		return math.NaN()
	}
	excess := sorted[s-tail:]
	cut := sorted[s-tail-1]
	for i := range excess {
		excess[i] -= cut
	}
	k, _ := fitPareto(excess)
	return k
}

// fitPareto fits the generalised Pareto law with density (1 + k x/σ)^(−1/k − 1)/σ to x, ascending and non-negative, by
// the empirical Bayes method of Zhang and Stephens (2009): k is averaged over a grid of θ = −k/σ by profile likelihood,
// then pulled towards one half with the weight of ten observations. +Inf if the first quartile is zero.
func fitPareto(x []float64) (k, sigma float64) {
	n := len(x)
	grid := 30 + int(math.Sqrt(float64(n)))
	quartile := x[int(float64(n)/4+0.5)-1]
	theta, loglik := make([]float64, grid), make([]float64, grid)
	for j := range theta {
		t := 1/x[n-1] + (1-math.Sqrt(float64(grid)/(float64(j)+0.5)))/(3*quartile)
		shape := meanLog1p(x, -t)
		theta[j] = t
		loglik[j] = float64(n) * (math.Log(-t/shape) - shape - 1)
	}
	weight, _ := Normalise(nil, loglik)
	var t float64
	for j, w := range weight {
		t += w * theta[j]
	}
	k = meanLog1p(x, -t)
	sigma = -k / t
	const prior, pull = 0.5, 10
	k = (float64(n)*k + pull*prior) / (float64(n) + pull)
	if math.IsNaN(k) {
		k = math.Inf(1)
	}
	return k, sigma
}

// meanLog1p is the mean of log(1 + a·x).
func meanLog1p(x []float64, a float64) float64 {
	var sum float64
	for _, v := range x {
		sum += math.Log1p(a * v)
	}
	return sum / float64(len(x))
}

// paretoQuantile is the p-quantile of the law that fitPareto fits.
func paretoQuantile(p, k, sigma float64) float64 {
	if k == 0 {
		return -sigma * math.Log1p(-p)
	}
	return sigma * math.Expm1(-k*math.Log1p(-p)) / k
}
