package diag

import "math"

// Resampling loses ancestors by chance even where all weights are equal, and an estimate of variance from the genealogy
// must not take that loss for variance of log Z. The loss is measured by pairs: let A_e be the share of the normalised
// weight that descends from stage-0 ancestor e, so that 1 − Σ A_e² is the chance that two particles drawn by weight
// have different ancestors. Resampling multiplies this, in expectation and given the weights, by a factor
//
//	multinomial  (N−1)/N
//	systematic   1 − Σ F_e(1 − F_e) / (N² (1 − Σ A_e²)),  F_e = N A_e − ⌊N A_e⌋
//
// The first is the factor of Lee and Whiteley (2018). The second is ours, and exact as well: systematic resampling
// keeps the descendants of an ancestor side by side, and gives a block of weight A a number of offspring that is
// ⌊N A⌋ or ⌈N A⌉ with mean N A. Taking the first where the second holds reads far too low, and is below zero for
// nearly equal weights.
//
// An engine adds the log of this factor to a running sum of the island at each resampling, before it resamples.

// PairLossMultinomial returns the log of the factor for multinomial resampling of n particles.
func PairLossMultinomial(n int) float64 { return math.Log1p(-1 / float64(n)) }

// PairLossSystematic returns the log of the factor for systematic resampling of particles with log weights logW whose
// stage-0 ancestors are lineage, non-decreasing. It is 0 if only one ancestor is left: no pairs, nothing to lose.
func PairLossSystematic(logW []float64, lineage []int32) float64 {
	shares, same := ancestry(logW, lineage)
	if shares.alive <= 1 || math.IsNaN(same) {
		return 0
	}
	n := float64(len(logW))
	return math.Log1p(-shares.rounding / (n * n * (1 - same)))
}

// blocks is what one pass over the ancestors finds.
type blocks struct {
	alive    int     // ancestors with any weight
	rounding float64 // Σ F_e(1 − F_e)
}

// ancestry returns Σ A_e² with the count of ancestors alive and the rounding variance; NaN if the weights have no sum.
func ancestry(logW []float64, lineage []int32) (b blocks, same float64) {
	if len(logW) != len(lineage) {
		panic(badLength)
	}
	total := LogSumExp(logW)
	if math.IsNaN(total) || math.IsInf(total, 0) {
		return b, math.NaN()
	}
	n := float64(len(logW))
	for i := 0; i < len(logW); {
		var share float64
		j := i
		for ; j < len(logW) && lineage[j] == lineage[i]; j++ {
			share += math.Exp(logW[j] - total)
		}
		if j < len(logW) && lineage[j] < lineage[i] {
			panic(badLineage)
		}
		i = j
		if share > 0 {
			b.alive++
		}
		same += share * share
		f := n*share - math.Floor(n*share)
		b.rounding += f * (1 - f)
	}
	return b, same
}

// Island is one independent population at the end of its run.
type Island struct {
	LogZ        float64   // its estimate of log Z
	LogW        []float64 // log weights since the last resampling
	Lineage     []int32   // stage-0 ancestor of each particle
	Resamplings int
	PairLoss    float64 // sum of the logs of the pair factors of its resamplings
}

// Ancestors returns the number of stage-0 ancestors that still have weight, and their effective number 1/Σ A_e².
func (s Island) Ancestors() (alive int, effective float64) {
	shares := map[int32]float64{}
	if total := LogSumExp(s.LogW); !math.IsNaN(total) && !math.IsInf(total, 0) {
		for i, l := range s.LogW {
			if w := math.Exp(l - total); w > 0 {
				shares[s.Lineage[i]] += w
			}
		}
	}
	_, same := sumShares(shares, s.Lineage)
	return len(shares), 1 / same
}

// RelativeVariance estimates Var(Ẑ)/Z² of the island by its genealogy (Lee and Whiteley 2018),
//
//	1 − N/(N−1) · exp(−PairLoss) · (1 − Σ A_e²),
//
// times Ẑ² an unbiased estimate of Var(Ẑ) under multinomial resampling. Without any resampling it is the sample
// relative variance of the weights, (N ΣW² − 1)/(N − 1), which is what 1/ESS − 1/N estimates. It may be negative by
// chance, and tends to 1 from below as the ancestors die out, whatever the truth.
func (s Island) RelativeVariance() float64 {
	shares := map[int32]float64{}
	total := LogSumExp(s.LogW)
	for i, l := range s.LogW {
		shares[s.Lineage[i]] += math.Exp(l - total)
	}
	_, same := sumShares(shares, s.Lineage)
	n := float64(len(s.LogW))
	return 1 - n/(n-1)*math.Exp(-s.PairLoss)*(1-same)
}

// sumShares adds the squares in the order of first appearance, so that the sum is the same bytes on every run.
func sumShares(shares map[int32]float64, lineage []int32) (sum, squares float64) {
	done := map[int32]bool{}
	for _, e := range lineage {
		if a, ok := shares[e]; ok && !done[e] {
			done[e] = true
			sum += a
			squares += a * a
		}
	}
	return sum, squares
}
