package diag

import "math"

// ModeShares returns the share of the points in each of so many modes, mode[i] that of point i. With log weights, which
// may be nil, a point counts by its weight. A mode of −1 belongs to none, so the shares then add up to less than one.
// NaN if there are no points or no weight.
func ModeShares(mode []int, modes int, logW []float64) []float64 {
	if logW != nil && len(logW) != len(mode) {
		panic(badLength)
	}
	weight := func(int) float64 { return 1 }
	if logW != nil {
		w, _ := Normalise(nil, logW)
		weight = func(i int) float64 { return w[i] }
	}
	shares, total := make([]float64, modes), 0.0
	for i, m := range mode {
		total += weight(i)
		if m >= 0 {
			shares[m] += weight(i)
		}
	}
	for m := range shares {
		shares[m] /= total
	}
	return shares
}

// TotalVariation returns ½ Σ |p − q|, the largest difference of the masses that two laws over modes give to a set of
// modes, with what a law lacks to one counted as a mode of its own.
func TotalVariation(p, q []float64) float64 {
	if len(p) != len(q) {
		panic(badLength)
	}
	sum, rest := 0.0, 0.0
	for i := range p {
		sum += math.Abs(p[i] - q[i])
		rest += p[i] - q[i]
	}
	return (sum + math.Abs(rest)) / 2
}

// SampledVariation returns what TotalVariation comes to on average, of the shares of n independent draws of the law q from
// q itself: ½ Σ √(2q(1−q)/πn), for shares that are near enough to normal.
func SampledVariation(q []float64, n float64) float64 {
	sum := 0.0
	for _, p := range q {
		sum += math.Sqrt(2 * p * (1 - p) / (math.Pi * n))
	}
	return sum / 2
}

// EntropicCoverage returns −Σ p log p / log C for the shares of C modes, the entropic mode coverage of D. Blessing and
// others (ICML 2024): 1 where all modes are visited alike, 0 where one takes all. Its best value is 1 only for modes of
// equal weight, and for a single mode it is NaN.
func EntropicCoverage(shares []float64) float64 {
	h := 0.0
	for _, p := range shares {
		if p != 0 {
			h -= p * math.Log(p)
		}
	}
	return h / math.Log(float64(len(shares)))
}

// ModesFound returns how many modes hold more than half of their weight.
func ModesFound(shares, weights []float64) int {
	if len(shares) != len(weights) {
		panic(badLength)
	}
	n := 0
	for i, p := range shares {
		if p > weights[i]/2 {
			n++
		}
	}
	return n
}
