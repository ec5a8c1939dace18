package diag

import (
	"math"

	"gonum.org/v1/gonum/dsp/fourier"
)

// ESSBulk returns the effective sample size of the rank-normalised draws, for the centre of the distribution.
func ESSBulk(draws [][]float64) float64 { return ess(rankNormalise(split(draws))) }

// ESSTail returns the smaller of the effective sample sizes of the 5 % and 95 % quantiles, NaN if either is.
func ESSTail(draws [][]float64) float64 { return essTail(draws, sortAll(draws)) }

func essTail(draws [][]float64, sorted []float64) float64 {
	return math.Min(essQuantile(draws, sorted, 0.05), essQuantile(draws, sorted, 0.95))
}

// ESSMean returns the effective sample size for the mean, that of the split draws as they are.
func ESSMean(draws [][]float64) float64 { return ess(split(draws)) }

// ESSSD returns the effective sample size for the standard deviation, that of |x − mean|.
func ESSSD(draws [][]float64) float64 {
	m := Mean(draws)
	return ess(split(each(draws, func(x float64) float64 { return math.Abs(x - m) })))
}

// ESSQuantile returns the effective sample size for the p-quantile, that of the indicator x ≤ quantile.
func ESSQuantile(draws [][]float64, p float64) float64 {
	return essQuantile(draws, sortAll(draws), p)
}

func essQuantile(draws [][]float64, sorted []float64, p float64) float64 {
	if degenerate(draws) {
		return math.NaN()
	}
	if p == 1 { // every draw is below the largest; step half a draw inwards
		s := float64(len(sorted))
		p = (s - 0.5) / s
	}
	q := sortedQuantile(sorted, p)
	return ess(split(each(draws, func(x float64) float64 {
		if x <= q {
			return 1
		}
		return 0
	})))
}

// ess returns S/τ for S draws in all, with the autocorrelation time
//
//	τ = −1 + 2 Σ_{t<T} ρ_t + ρ_T,  ρ_t = 1 − (W − mean over chains of the autocovariance at lag t)/V,
//
// V = W(n−1)/n + variance of the chain means, cut off by Geyer's initial positive and monotone sequences of pairs
// (Geyer 1992) as in Stan. τ is held above 1/log10 S, so that antithetic chains stay believable. NaN below three draws
// a chain.
func ess(draws [][]float64) float64 {
	chains, n := shape(draws)
	if n < 3 || degenerate(draws) {
		return math.NaN()
	}
	acov := make([]float64, n) // mean over chains
	covariance := newAutocovariance(n)
	for _, c := range draws {
		for t, v := range covariance.of(c, mean(c)) {
			acov[t] += v / float64(chains)
		}
	}
	within := acov[0] * float64(n) / float64(n-1)
	total := within * float64(n-1) / float64(n)
	if chains > 1 {
		total += variance(chainMeans(draws))
	}
	s := float64(chains * n)
	tau := autocorrelationTime(func(t int) float64 { return 1 - (within-acov[t])/total }, n)
	if math.IsNaN(tau) {
		return math.NaN()
	}
	return s / math.Max(tau, 1/math.Log10(s))
}

// autocorrelationTime sums the autocorrelations rho(t), t < n. Pairs of neighbouring lags are positive and decrease for
// a reversible chain; the first pair that is not positive is noise and ends the sum.
func autocorrelationTime(rho func(int) float64, n int) float64 {
	kept := make([]float64, n+1)
	kept[0], kept[1] = 1, rho(1)
	even, odd, last := 1.0, kept[1], 0
	for last < n-5 && even+odd > 0 {
		last += 2
		even, odd = rho(last), rho(last+1)
		if even+odd >= 0 {
			kept[last], kept[last+1] = even, odd
		}
	}
	if math.IsNaN(even + odd) {
		return math.NaN()
	}
	if last == 0 {
		return 2 // too short to see any correlation: not a licence to assume that there is none
	}
	if even > 0 {
		kept[last] = even
	}
	for t := 2; t <= last-2; t += 2 {
		if before := kept[t-2] + kept[t-1]; kept[t]+kept[t+1] > before {
			kept[t], kept[t+1] = before/2, before/2
		}
	}
	tau := -1 + kept[last]
	for _, r := range kept[:last] {
		tau += 2 * r
	}
	return tau
}

// autocovariance computes biased autocovariances, sums divided by n at every lag, by FFT with enough zeros behind.
type autocovariance struct {
	n      int
	fft    *fourier.FFT
	padded []float64
	coef   []complex128
}

func newAutocovariance(n int) *autocovariance {
	size := 1
	for size < 2*n {
		size *= 2
	}
	return &autocovariance{n: n, fft: fourier.NewFFT(size), padded: make([]float64, size), coef: make([]complex128, size/2+1)}
}

// of returns lags 0 … n−1 of x about m; the slice is good until the next call.
func (a *autocovariance) of(x []float64, m float64) []float64 {
	clear(a.padded)
	for i, v := range x {
		a.padded[i] = v - m
	}
	a.fft.Coefficients(a.coef, a.padded)
	for i, c := range a.coef {
		a.coef[i] = complex(real(c)*real(c)+imag(c)*imag(c), 0)
	}
	a.fft.Sequence(a.padded, a.coef)
	scale := 1 / (float64(len(a.padded)) * float64(a.n))
	for i := range a.padded[:a.n] {
		a.padded[i] *= scale
	}
	return a.padded[:a.n]
}
