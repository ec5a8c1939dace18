package scld

import (
	"math"
	"sort"

	"github.com/sampan-mc/sampan/vec/rng"
)

// normalise sets w to the weights of log weights lw, Σ w = 1, and returns the effective sample size as a fraction and the
// log of the mean weight. Log weights that are NaN or +∞ count as −∞; ess is 0 if all do.
func normalise(w, lw []float64) (ess, logMean float64) {
	top := math.Inf(-1)
	for _, l := range lw {
		if usable(l) {
			top = math.Max(top, l)
		}
	}
	clear(w)
	if math.IsInf(top, -1) {
		return 0, top
	}
	sum, squares, n := 0.0, 0.0, float64(len(lw))
	for i, l := range lw {
		if usable(l) {
			w[i] = math.Exp(l - top)
			sum += w[i]
			squares += w[i] * w[i]
		}
	}
	for i := range w {
		w[i] /= sum
	}
	return sum * sum / squares / n, top + math.Log(sum/n)
}

func usable(l float64) bool { return !math.IsNaN(l) && !math.IsInf(l, 1) }

func finite(l float64) bool { return usable(l) && !math.IsInf(l, -1) }

// resample draws each particle's ancestor on its own, in proportion to w, so that slots stay exchangeable; cum is scratch.
func resample(ancestors []int32, w, cum []float64, key rng.Key, stage, inner uint32) {
	sum := 0.0
	for i, v := range w {
		sum += v
		cum[i] = sum
	}
	for i := range ancestors {
		u := key.Uniform(uint32(i), stage, inner) * sum
		ancestors[i] = int32(min(sort.Search(len(cum), func(k int) bool { return cum[k] > u }), len(cum)-1))
	}
}
