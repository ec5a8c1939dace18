package diag

import "math"

// WeightESS returns the effective sample size (Σw)²/Σw² of weights w = exp(logW), between 1 and len(logW). Dead
// particles (−Inf) count as weight zero. It is NaN if there is no weight at all, or any log weight is NaN or +Inf.
//
// In logs this is exp(2·lse(ℓ) − lse(2ℓ)); taking the largest log weight off first keeps its digits when ℓ is large.
func WeightESS(logW []float64) float64 {
	top, _ := maxAt(logW)
	if math.IsInf(top, 0) || math.IsNaN(top) {
		return math.NaN()
	}
	var sum, squares float64
	for _, l := range logW {
		w := math.Exp(l - top)
		sum += w
		squares += w * w
	}
	return sum * sum / squares
}

// Normalise fills dst with exp(logW − LogSumExp(logW)), which sums to one, and returns that log sum. If the log sum is
// not finite there is nothing to normalise by, and dst is filled with NaN. dst may be nil.
func Normalise(dst, logW []float64) ([]float64, float64) {
	if dst == nil {
		dst = make([]float64, len(logW))
	}
	if len(dst) != len(logW) {
		panic(badLength)
	}
	total := LogSumExp(logW)
	if math.IsInf(total, 0) || math.IsNaN(total) {
		for i := range dst {
			dst[i] = math.NaN()
		}
		return dst, total
	}
	for i, l := range logW {
		dst[i] = math.Exp(l - total)
	}
	return dst, total
}

// LogIncrement returns log Σ W_i v_i, the growth of the log evidence in a step that multiplies the normalised weights
// W ∝ exp(logW) by v = exp(delta·logRatio). A particle of weight zero stays so whatever its ratio. It is −Inf if no
// weight is left, and NaN if a live particle's ratio is NaN, or no particle was alive before.
func LogIncrement(logW, logRatio []float64, delta float64) float64 {
	s := stepSums(logW, logRatio, delta)
	return s.shift + math.Log(s.first) - math.Log(s.zeroth)
}

// CESS returns the conditional effective sample size of such a step (Zhou, Johansen and Aston 2016),
//
//	n (Σ W v)² / Σ W v²,
//
// between 0 and n = len(logW), equal to n at delta = 0, and to the effective sample size after the step where the
// weights were equal before. Edge cases are LogIncrement's, with 0 where no weight is left.
func CESS(logW, logRatio []float64, delta float64) float64 {
	s := stepSums(logW, logRatio, delta)
	if s.first == 0 {
		return 0
	}
	return float64(len(logW)) * s.first * s.first / (s.zeroth * s.second) * math.Exp(s.excess)
}

// step holds Σ W v^p for p = 0, 1, 2, each divided by its largest term, and what puts the scales back:
// log Σ W v = shift + log first − log zeroth, and excess for the ratio that CESS needs.
type step struct{ zeroth, first, second, shift, excess float64 }

// stepSums takes the log ratio relative to that of the particle that weighs most after the step, so that a constant in
// the ratio, which may be large, costs no digits.
func stepSums(logW, logRatio []float64, delta float64) step {
	if len(logW) != len(logRatio) {
		panic(badLength)
	}
	inf := math.Inf(-1)
	top0, top1, origin := inf, inf, 0.0
	for i, l := range logW {
		if l == inf {
			continue
		}
		v := scaled(delta, logRatio[i])
		top0 = math.Max(top0, l)
		if sum := l + v; sum > top1 || math.IsNaN(sum) {
			top1, origin = sum, v
			if math.IsNaN(sum) {
				break
			}
		}
	}
	switch {
	case math.IsNaN(top1) || math.IsInf(top0, 0) || math.IsInf(top1, 1):
		nan := math.NaN()
		return step{nan, nan, nan, nan, nan}
	case top1 == inf:
		return step{zeroth: 1, second: 1}
	}
	top1 -= origin // the heaviest particle's own log weight before the step
	top2 := inf
	for i, l := range logW {
		if l != inf {
			top2 = math.Max(top2, l+2*(scaled(delta, logRatio[i])-origin))
		}
	}
	var s step
	for i, l := range logW {
		if l == inf {
			continue
		}
		v := scaled(delta, logRatio[i]) - origin
		s.zeroth += math.Exp(l - top0)
		s.first += math.Exp(l + v - top1)
		s.second += math.Exp(l + 2*v - top2)
	}
	s.shift = origin + top1 - top0
	s.excess = 2*top1 - top0 - top2
	return s
}

// scaled is delta·r, with 0·(−Inf) = 0: a step of no size changes no weight.
func scaled(delta, r float64) float64 {
	if delta == 0 {
		return 0
	}
	return delta * r
}
