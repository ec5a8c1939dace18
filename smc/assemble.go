package smc

import (
	"math"

	"github.com/sampan-mc/sampan/smc/diag"
)

// result gathers what the populations gave.
func (r *run) result(pilots, islands []*population) *Result {
	res := &Result{D: r.d, Frozen: !r.cfg.OnTheFly, Plan: islands[0].plan, ParetoK: math.NaN()}
	for _, pilot := range pilots {
		res.Pilot = append(res.Pilot, pilot.reports...)
		res.PilotTally.Add(&pilot.tally)
	}
	res.PilotTally.Density += r.back.Density
	res.PilotTally.Gradient += r.back.Gradient
	res.Tally = res.PilotTally
	var logZ, logW []float64
	var sizes []int
	for _, pop := range islands {
		is := pop.finish()
		res.Islands = append(res.Islands, is)
		res.Tally.Add(&is.Tally)
		logZ, sizes = append(logZ, is.LogZ), append(sizes, is.Particles.N)
		for _, l := range is.Particles.LogW {
			logW = append(logW, pop.logZ+l)
		}
		if worse(is.ParetoK, res.ParetoK) {
			res.ParetoK, res.WorstAt = is.ParetoK, is.WorstAt
		}
	}
	res.LogZ = diag.CombineLogZ(logZ, sizes)
	res.ESS = diag.WeightESS(logW)
	r.judge(res)
	return res
}

// finish is the end of an island's run. Its equally weighted draws come of one more resampling, in which relatives stay
// side by side: read as a chain, the draws show by their autocorrelation what they owe to common ancestors.
func (pop *population) finish() Island {
	p := pop.p
	is := Island{
		Particles: p, Reports: pop.reports, Tally: pop.tally,
		ESS: diag.WeightESS(p.LogW), ParetoK: math.NaN(),
		Draws: make([]float64, p.N*p.D), Ancestors: make([]int32, p.N),
	}
	w, total := diag.Normalise(pop.weights, p.LogW)
	is.LogZ = pop.logZ + total - math.Log(float64(p.N))
	is.Genealogy = diag.Island{
		LogZ: is.LogZ, LogW: p.LogW, Lineage: p.Lineage, Resamplings: pop.resamplings, PairLoss: pop.pairLoss,
	}
	for i, rep := range pop.reports {
		if (rep.Resampled || i == len(pop.reports)-1) && worse(rep.ParetoK, is.ParetoK) {
			is.ParetoK, is.WorstAt = rep.ParetoK, rep.Stage
		}
	}
	pop.keys.draws.Uniforms(pop.uniforms, 0, 0, 0)
	pop.cfg.Resampler.ancestors(is.Ancestors, w, pop.uniforms)
	for i, a := range is.Ancestors {
		copy(is.Draws[i*p.D:(i+1)*p.D], p.X[int(a)*p.D:(int(a)+1)*p.D])
	}
	return is
}

// worse reports whether k is above worst, where NaN is below all.
func worse(k, worst float64) bool { return k > worst || (math.IsNaN(worst) && !math.IsNaN(k)) }
