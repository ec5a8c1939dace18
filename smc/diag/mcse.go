package diag

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// MCSEMean returns the Monte Carlo standard error of the mean, sd/√ESSMean.
func MCSEMean(draws [][]float64) float64 { return SD(draws) / math.Sqrt(ESSMean(draws)) }

// MCSESD returns the Monte Carlo standard error of the standard deviation by the delta method,
// √((m₄ − m₂²)/ESS/m₂)/2, with the central moments m and the effective sample size of (x − mean)².
func MCSESD(draws [][]float64) float64 {
	m := Mean(draws)
	squares := each(draws, func(x float64) float64 { return (x - m) * (x - m) })
	m2 := Mean(squares)
	m4 := Mean(each(squares, func(s float64) float64 { return s * s }))
	return math.Sqrt((m4-m2*m2)/ESSMean(squares)/m2) / 2
}

// MCSEQuantile returns the Monte Carlo standard error of the p-quantile: half the distance of the order statistics at
// the 16 % and 84 % points of the Beta(ESS·p + 1, ESS·(1−p) + 1) law that the quantile's rank follows.
func MCSEQuantile(draws [][]float64, p float64) float64 {
	return mcseQuantile(draws, sortAll(draws), p)
}

func mcseQuantile(draws [][]float64, sorted []float64, p float64) float64 {
	n := essQuantile(draws, sorted, p)
	if math.IsNaN(n) {
		return math.NaN()
	}
	s := float64(len(sorted))
	const below, above = 0.1586553, 0.8413447 // Φ(∓1), to the digits of posterior
	a, b := n*p+1, n*(1-p)+1
	low := int(math.Max(math.Floor(s*mathext.InvRegIncBeta(a, b, below)), 1))
	high := int(math.Min(math.Ceil(s*mathext.InvRegIncBeta(a, b, above)), s))
	return (sorted[high-1] - sorted[low-1]) / 2
}
