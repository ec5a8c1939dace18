package diag

import (
	"math"
	"slices"
)

// DeltaStd returns the mean over coordinates of |sd of the points − sd|, points n×d row-major, their standard deviation
// with n − 1; the error of the marginal standard deviations in the tables of the literature on learned samplers.
func DeltaStd(x, sd []float64) float64 {
	d := len(sd)
	n := len(x) / max(d, 1)
	if n < 2 {
		return math.NaN()
	}
	total := 0.0
	for j, want := range sd {
		mean, squares := 0.0, 0.0
		for i := j; i < len(x); i += d {
			mean += x[i]
		}
		mean /= float64(n)
		for i := j; i < len(x); i += d {
			squares += (x[i] - mean) * (x[i] - mean)
		}
		total += math.Abs(math.Sqrt(squares/float64(n-1)) - want)
	}
	return total / float64(d)
}

// MMD returns the maximum mean discrepancy of two sets of points, n×d and m×d row-major, as the benchmark of D. Blessing
// and others (ICML 2024) computes it:
//
//	√ max(1e-20, Σ K_xx / (n(n−1)) + Σ K_yy / (m(m−1)) − 2 mean K_xy),  K = exp(−|·|²/(2h²)),
//
// with h the median of all distances in the pooled points, those of the points to themselves included. Unlike in the
// unbiased estimate, so are they in the first two sums, which are too large for it by 1/(n−1) and 1/(m−1): two sets of
// 2000 draws of the same law have a discrepancy of about .032. Time and memory grow with (n + m)². NaN if a set has
// fewer than two points or a coordinate is not finite.
func MMD(x, y []float64, d int) float64 {
	n, m := len(x)/d, len(y)/d
	if n < 2 || m < 2 || !allFinite(x) || !allFinite(y) {
		return math.NaN()
	}
	pool := append(slices.Clone(x[:n*d]), y[:m*d]...)
	squares := make([]float64, 0, (n+m)*(n+m-1)/2)
	for i := range n + m {
		for j := range i {
			squares = append(squares, squaredDistance(pool[i*d:(i+1)*d], pool[j*d:(j+1)*d]))
		}
	}
	h := pooledMedian(squares, n+m)
	var xx, yy, xy float64
	at := 0
	for i := range n + m {
		for j := range i {
			k := math.Exp(-squares[at] / (2 * h * h))
			at++
			switch {
			case i < n:
				xx += 2 * k
			case j >= n:
				yy += 2 * k
			default:
				xy += k
			}
		}
	}
	p, q := float64(n), float64(m)
	square := (xx+p)/(p*(p-1)) + (yy+q)/(q*(q-1)) - 2*xy/(p*q)
	return math.Sqrt(max(1e-20, square))
}

// pooledMedian is the median of the n² distances among n points, of which squares holds each pair's square once: each
// counts twice, and n are zero.
func pooledMedian(squares []float64, n int) float64 {
	sorted := slices.Clone(squares)
	slices.Sort(sorted)
	at := func(k int) float64 {
		if k < n {
			return 0
		}
		return math.Sqrt(sorted[(k-n)/2])
	}
	return (at((n*n-1)/2) + at(n*n/2)) / 2
}
