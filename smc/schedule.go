package smc

import (
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/smc/diag"
)

// minStep is the smallest step of β an adaptive schedule takes.
const minStep = 1e-12

// cessFunc is diag.CESS, or, in tests, a wrong one.
type cessFunc func(logW, logRatio []float64, delta float64) float64

// next is the β that follows beta on the way to end: the largest that keeps the conditional effective sample size of the particles at the
// wanted fraction, found by bisection; the CESS falls as the step grows, since its log is 2K(δ) − K(2δ) with the convex
// cumulant function K of the log ratio. logW and logRatio are log weights and log γ_1 − log γ_0.
//
// Particles outside the target's support are lost to a step of any size, so the fraction is one of what they leave: they
// are counted as dead already. scratch has the length of logW.
func (s *Schedule) next(beta, end float64, logW, logRatio, scratch []float64, cess cessFunc) (float64, error) {
	if !survivors(scratch, logW, logRatio) {
		return end, nil // which step does not matter; weighing will tell
	}
	n := float64(len(logW))
	keeps := func(delta float64) bool { return cess(scratch, logRatio, delta) >= s.CESS*n }
	if keeps(end - beta) {
		return end, nil
	}
	lo, hi := 0.0, end-beta
	for hi-lo > 1e-9*hi && hi > minStep {
		if mid := lo + (hi-lo)/2; keeps(mid) {
			lo = mid
		} else {
			hi = mid
		}
	}
	if lo < minStep || beta+lo == beta {
		return 0, fmt.Errorf("the schedule is stuck at β = %v: even a step of %v would leave less than %v of the effective sample size; "+
			"the log densities of target and reference differ too much from particle to particle (by %.3g in standard deviation): "+
			"choose a reference nearer to the target, or check the target for values that jump",
			beta, minStep, s.CESS, spreadOf(scratch, logRatio))
	}
	return beta + lo, nil
}

// survivors fills dst with the log weights, those of particles that no step leaves alive at −Inf, and reports whether any
// particle is left.
func survivors(dst, logW, logRatio []float64) bool {
	alive := false
	for i, l := range logW {
		dst[i] = l
		if math.IsInf(logRatio[i], -1) {
			dst[i] = math.Inf(-1)
		}
		alive = alive || !math.IsInf(dst[i], -1)
	}
	return alive
}

// spreadOf is the weighted standard deviation of the log ratio among living particles.
func spreadOf(logW, logRatio []float64) float64 {
	w, _ := diag.Normalise(nil, logW)
	var mean, square float64
	for i, v := range w {
		if v > 0 {
			mean += v * logRatio[i]
		}
	}
	for i, v := range w {
		if v > 0 {
			square += v * (logRatio[i] - mean) * (logRatio[i] - mean)
		}
	}
	return math.Sqrt(square)
}
