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
	sorted := sortAll(draws)
	median := sortedQuantile(sorted, 0.5)
	scores := rankNormalise(split(draws))
	return Summary{
		Mean: Mean(draws), SD: SD(draws),
		Median: median, Q5: sortedQuantile(sorted, 0.05), Q50: median, Q95: sortedQuantile(sorted, 0.95),
		Rhat: rankRhat(draws, scores, median), RhatBasic: RhatBasic(draws),
		ESSBulk: ess(scores), ESSTail: essTail(draws, sorted), ESSMean: ESSMean(draws), ESSSD: ESSSD(draws),
		MCSEMean: MCSEMean(draws), MCSESD: MCSESD(draws), MCSEQ50: mcseQuantile(draws, sorted, 0.5),
		ParetoK: worstTail(sorted),
		Chains:  chains, Draws: n,
	}
}

// worstTail is the larger k of the two tails; a tail of equal draws has none and leaves the other.
func worstTail(draws []float64) float64 {
	right, left := TailK(draws, true), TailK(draws, false)
	if math.IsNaN(right) {
		return left
	}
	if math.IsNaN(left) {
		return right
	}
	return math.Max(right, left)
}
