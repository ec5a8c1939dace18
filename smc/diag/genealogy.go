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
// The first is the factor of Lee and Whiteley (2018). The second is exact as well: systematic resampling keeps the
// descendants of an ancestor side by side, and gives a block of weight A a number of offspring that is ⌊N A⌋ or ⌈N A⌉
// with mean N A. Putting the first where the second holds reads far too low, below zero for nearly equal weights.
//
// An engine adds the log of the factor to a running sum of the island before each resampling: Island.PairLoss.

// PairLossMultinomial returns the log of the factor for multinomial resampling of n particles.
func PairLossMultinomial(n int) float64 { return math.Log1p(-1 / float64(n)) }

// PairLossSystematic returns the log of the factor for systematic resampling of particles with log weights logW whose
// stage-0 ancestors are lineage, non-decreasing. It is 0 if only one ancestor is left: no pairs, nothing to lose.
func PairLossSystematic(logW []float64, lineage []int32) float64 {
	a := ancestry(logW, lineage)
	if a.alive < 2 {
		return 0
	}
	n := float64(len(logW))
	return math.Log1p(-a.rounding / (n * n * (1 - a.same)))
}

// shares sums up the shares A_e of the ancestors.
type shares struct {
	alive    int     // ancestors with A_e > 0
	same     float64 // Σ A_e²: the chance that two particles drawn by weight have the same ancestor
	noise    float64 // variance of same
	rounding float64 // Σ F_e(1 − F_e)
}

// ancestry goes once through the particles, the descendants of an ancestor standing side by side.
//
// The variance of S = Σ A² is that of a sum of independent terms, one for each of the N ancestors of which most may be
// dead, by its influence function A² − 2SA: Σ (A² − 2SA)² − S²/N.
func ancestry(logW []float64, lineage []int32) shares {
	if len(logW) != len(lineage) {
		panic(badLength)
	}
	total := LogSumExp(logW)
	if math.IsNaN(total) || math.IsInf(total, 0) {
		return shares{same: math.NaN(), noise: math.NaN()}
	}
	n := float64(len(logW))
	var s shares
	var cubes, fourths float64
	for i := 0; i < len(logW); {
		var a float64
		j := i
		for ; j < len(logW) && lineage[j] == lineage[i]; j++ {
			a += math.Exp(logW[j] - total)
		}
		if j < len(logW) && lineage[j] < lineage[i] {
			panic(badLineage)
		}
		i = j
		if a > 0 {
			s.alive++
		}
		s.same += a * a
		cubes += a * a * a
		fourths += a * a * a * a
		f := n*a - math.Floor(n*a)
		s.rounding += f * (1 - f)
	}
	s.noise = math.Max(0, fourths-4*s.same*cubes+4*s.same*s.same*s.same-s.same*s.same/n)
	return s
}

// Island is one independent population at the end of its run.
type Island struct {
	LogZ        float64   // its estimate of log Z
	LogW        []float64 // log weights since the last resampling
	Lineage     []int32   // stage-0 ancestor of each particle, non-decreasing
	Resamplings int
	PairLoss    float64 // sum of the logs of the pair factors of its resamplings
}

// Ancestors returns the number of stage-0 ancestors that still have weight, and their effective number 1/Σ A_e².
func (s Island) Ancestors() (alive int, effective float64) {
	a := ancestry(s.LogW, s.Lineage)
	return a.alive, 1 / a.same
}

// RelativeVariance estimates Var(Ẑ)/Z² of the island by its genealogy (Lee and Whiteley 2018),
//
//	1 − N/(N−1) · exp(−PairLoss) · (1 − Σ A_e²).
//
// Times Ẑ² it is an unbiased estimate of Var(Ẑ) under multinomial resampling, and very nearly one under systematic.
// Without any resampling it is the sample relative variance of the mean weight, (N ΣW² − 1)/(N − 1), of which
// 1/ESS − 1/N is the large-N form. It may be negative by chance, and it cannot exceed 1, whatever the truth: read it
// together with the number of surviving ancestors. noise is the variance of the estimate itself.
func (s Island) RelativeVariance() (v, noise float64) {
	a := ancestry(s.LogW, s.Lineage)
	n := float64(len(s.LogW))
	scale := n / (n - 1) * math.Exp(-s.PairLoss)
	return 1 - scale*(1-a.same), scale * scale * a.noise
}
