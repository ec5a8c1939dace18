package smc

import (
	"math"
	"slices"

	"github.com/sampan-mc/sampan/smc/diag"
	"github.com/sampan-mc/sampan/smc/mcmc"
)

// extraMoves is how many moves a stage may take beyond the configured ones while its step size is far off. Only a
// population that makes a plan does so.
const extraMoves = 20

// farOff is the distance from the wanted acceptance probability that calls for another move.
const farOff = 0.1

// rescale sets the scales to the weighted standard deviations of the particles at the stage's γ, before resampling, in
// which the scales of the stage before have the weight of five particles. ess is a fraction.
func (pop *population) rescale(ess float64) {
	pop.tuning.Scale = slices.Clone(pop.tuning.Scale)
	n := ess * float64(pop.p.N)
	w, _ := diag.Normalise(pop.weights, pop.p.LogW)
	for j, old := range pop.tuning.Scale {
		v := weightedVariance(w, pop.p.X, j, pop.p.D)
		if !(v >= 0) || math.IsInf(v, 1) {
			continue
		}
		if pop.stage == 1 { // there is none before
			if v > 0 {
				pop.tuning.Scale[j] = math.Sqrt(v)
			}
			continue
		}
		pop.tuning.Scale[j] = math.Sqrt((n*v + 5*old*old) / (n + 5))
	}
	pop.recorrelate(ess)
}

// weightedVariance is that of coordinate j. Points of weight zero are not looked at.
func weightedVariance(w, x []float64, j, d int) float64 {
	mean := 0.0
	for i, v := range w {
		if v > 0 {
			mean += v * x[i*d+j]
		}
	}
	sum := 0.0
	for i, v := range w {
		if v > 0 {
			c := x[i*d+j] - mean
			sum += v * c * c
		}
	}
	return sum
}

// maxDense is the largest dimension in which the correlations of the particles are learned. The cost of using them grows
// with its square, and so does the room they take in snapshots.
const maxDense = 128

// enoughPerDim is how many effective particles a dimension it takes to learn them.
const enoughPerDim = 2

// worthwhile is the factor of the condition number, over what sampling noise makes of a perfect metric, at which
// correlations are learned anew. Below it trajectories of the default length reach across the target as it is.
const worthwhile = 20

// recorrelate renews the factor of the metric if the particles' covariance, in the coordinates of the present metric, is
// much further from the identity than the sample covariance of independent draws would be. In d dimensions and from n
// draws the eigenvalues of that lie between (1 ± √(d/n))² (Marchenko and Pastur 1967).
func (pop *population) recorrelate(ess float64) {
	d, n := pop.p.D, ess*float64(pop.p.N)
	if d == 1 || d > maxDense || n < enoughPerDim*float64(d) {
		return
	}
	corr := weightedCorrelation(pop.weights, pop.p.X, pop.tuning.Scale)
	root := math.Sqrt(float64(d) / n)
	noise := math.Pow((1+root)/(1-root), 2)
	if condition(corr, pop.tuning.Factor) < worthwhile*noise {
		return
	}
	if condition(corr, nil) < worthwhile*noise {
		pop.tuning.Factor = nil
		return
	}
	for i := range d { // the identity has the weight of five particles, as the scales before have
		for j := range i {
			corr.SetSym(i, j, corr.At(i, j)*n/(n+5))
		}
	}
	if f := cholesky(corr); f != nil {
		pop.tuning.Factor = f
	}
}

// retune moves the step size towards the wanted acceptance probability (Robbins and Monro 1951), and reports whether it
// was far off. A gain of 1 on the log step is below the Newton step of all the kernels near their optimum, which is 0.9
// for MALA, 2.1 for the random walk and 2.5 for HMC, so it does not overshoot by much.
func (pop *population) retune(acceptance float64) bool {
	if pop.cfg.Move.Step > 0 || math.IsNaN(acceptance) {
		return false
	}
	off := acceptance - pop.cfg.Move.accept()
	pop.tuning.Step *= math.Exp(off)
	return math.Abs(off) > farOff
}

func copyTuning(t mcmc.Tuning) mcmc.Tuning {
	return mcmc.Tuning{Step: t.Step, Scale: slices.Clone(t.Scale), Factor: t.Factor}
}
