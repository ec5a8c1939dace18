package diag

import "math"

// Summary is what is reported of one variable. NaN is undefined.
type Summary struct {
	Mean, SD                  float64
	Median, Q5, Q50, Q95      float64
	Rhat, RhatBasic           float64
	ESSBulk, ESSTail          float64
	ESSMean, ESSSD            float64
	MCSEMean, MCSESD, MCSEQ50 float64
	ParetoK                   float64 // the larger of the two tails' k: which moments exist
	Chains, Draws             int     // draws a chain
}

// Summarize computes all of them from draws[chain][draw]. For draws of a population sampler, which are not ordered in
// time, use IslandRhat in place of the R-hats.
func Summarize(draws [][]float64) Summary {
	chains, n := shape(draws)
	median := Quantile(draws, 0.5)
	return Summary{
		Mean: Mean(draws), SD: SD(draws),
		Median: median, Q5: Quantile(draws, 0.05), Q50: median, Q95: Quantile(draws, 0.95),
		Rhat: Rhat(draws), RhatBasic: RhatBasic(draws),
		ESSBulk: ESSBulk(draws), ESSTail: ESSTail(draws), ESSMean: ESSMean(draws), ESSSD: ESSSD(draws),
		MCSEMean: MCSEMean(draws), MCSESD: MCSESD(draws), MCSEQ50: MCSEQuantile(draws, 0.5),
		ParetoK: worstTail(draws),
		Chains:  chains, Draws: n,
	}
}

// worstTail is the larger k of the two tails; a tail of equal draws has none and leaves the other.
func worstTail(draws [][]float64) float64 {
	all := flatten(draws)
	right, left := TailK(all, true), TailK(all, false)
	if math.IsNaN(right) {
		return left
	}
	if math.IsNaN(left) {
		return right
	}
	return math.Max(right, left)
}
