package diag

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// The helpers here work on chains of equal length, draws[chain][draw], and never change their input.

// flatten returns all draws, chain after chain.
func flatten(draws [][]float64) []float64 {
	n := 0
	for _, c := range draws {
		n += len(c)
	}
	all := make([]float64, 0, n)
	for _, c := range draws {
		all = append(all, c...)
	}
	return all
}

// shape returns the number of chains and of draws a chain.
func shape(draws [][]float64) (chains, n int) {
	if len(draws) == 0 {
		return 0, 0
	}
	for _, c := range draws {
		if len(c) != len(draws[0]) {
			panic(badLength)
		}
	}
	return len(draws), len(draws[0])
}

// split halves each chain; the middle draw of an odd chain is dropped. A chain of one draw stays whole.
func split(draws [][]float64) [][]float64 {
	_, n := shape(draws)
	if n < 2 {
		return draws
	}
	halves := make([][]float64, 0, 2*len(draws))
	for _, c := range draws {
		halves = append(halves, c[:n/2])
	}
	for _, c := range draws {
		halves = append(halves, c[(n+1)/2:])
	}
	return halves
}

// each applies f to every draw, into new chains.
func each(draws [][]float64, f func(float64) float64) [][]float64 {
	out := make([][]float64, len(draws))
	for i, c := range draws {
		out[i] = make([]float64, len(c))
		for j, x := range c {
			out[i][j] = f(x)
		}
	}
	return out
}

// degenerate reports draws of which no statistic of spread is defined: none, not all finite, or all alike to the last
// digit.
func degenerate(draws [][]float64) bool {
	low, high := math.Inf(1), math.Inf(-1)
	for _, c := range draws {
		for _, x := range c {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return true
			}
			low, high = math.Min(low, x), math.Max(high, x)
		}
	}
	return high < low || alike(low, high)
}

// alike reports whether two values differ by no more than their rounding.
func alike(low, high float64) bool {
	const eps = 0x1p-52
	return high-low <= eps*math.Max(math.Abs(low), math.Abs(high))
}

// rankNormalise replaces the draws by normal scores of their ranks among all draws, Φ⁻¹((r − 3/8)/(S + 1/4)), ties
// taking their average rank (Blom 1958). If any draw is NaN, all scores are.
func rankNormalise(draws [][]float64) [][]float64 {
	all := flatten(draws)
	order := make([]int, len(all))
	for i, x := range all {
		order[i] = i
		if math.IsNaN(x) {
			return each(draws, func(float64) float64 { return math.NaN() })
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case all[a] < all[b]:
			return -1
		case all[a] > all[b]:
			return 1
		}
		return 0
	})
	score := make([]float64, len(all))
	for i := 0; i < len(order); {
		j := i + 1
		for j < len(order) && all[order[j]] == all[order[i]] {
			j++
		}
		rank := float64(i+j+1) / 2
		z := distuv.UnitNormal.Quantile((rank - 0.375) / (float64(len(all)) + 0.25))
		for _, k := range order[i:j] {
			score[k] = z
		}
		i = j
	}
	out := make([][]float64, len(draws))
	for c := range draws {
		out[c], score = score[:len(draws[c])], score[len(draws[c]):]
	}
	return out
}

// fold returns |x − median|, whose R-hat sees a difference of scale.
func fold(draws [][]float64, median float64) [][]float64 {
	return each(draws, func(x float64) float64 { return math.Abs(x - median) })
}

// chainMeans returns the mean of each chain, by plain sums as posterior takes them: where draws lie 1e11 standard
// deviations from zero, the last digits of R-hat hang on that, and agreement is worth more than either rounding.
func chainMeans(draws [][]float64) []float64 {
	means := make([]float64, len(draws))
	for i, c := range draws {
		var sum float64
		for _, x := range c {
			sum += x
		}
		means[i] = sum / float64(len(c))
	}
	return means
}

// mean and variance (n − 1) by two passes, which keep the digits of draws far from zero.
func mean(x []float64) float64 {
	var sum float64
	for _, v := range x {
		sum += v
	}
	m := sum / float64(len(x))
	if math.IsInf(m, 0) || math.IsNaN(m) {
		return m
	}
	var rest float64
	for _, v := range x {
		rest += v - m
	}
	return m + rest/float64(len(x))
}

func variance(x []float64) float64 {
	m := mean(x)
	var squares float64
	for _, v := range x {
		squares += (v - m) * (v - m)
	}
	return squares / float64(len(x)-1)
}

// Mean returns the mean of all draws.
func Mean(draws [][]float64) float64 { return mean(flatten(draws)) }

// SD returns the standard deviation of all draws, with S − 1 below.
func SD(draws [][]float64) float64 { return math.Sqrt(variance(flatten(draws))) }

// Quantile returns the p-quantile of all draws, 0 ≤ p ≤ 1, by linear interpolation between order statistics (type 7 of
// Hyndman and Fan, the default of R and NumPy). NaN if any draw is NaN or there is none.
func Quantile(draws [][]float64, p float64) float64 { return sortedQuantile(sortAll(draws), p) }

// sortAll returns all draws, ascending, NaN first.
func sortAll(draws [][]float64) []float64 {
	all := flatten(draws)
	slices.Sort(all)
	return all
}

func sortedQuantile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 || math.IsNaN(sorted[0]) || !(p >= 0 && p <= 1) {
		return math.NaN()
	}
	at := float64(len(sorted)-1) * p
	low := math.Floor(at)
	a, b := sorted[int(low)], sorted[int(math.Ceil(at))]
	if a == b { // also where both are infinite, or the interpolation would round
		return a
	}
	h := at - low
	return (1-h)*a + h*b
}
