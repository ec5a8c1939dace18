package smc

import (
	"context"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/smc/diag"
	"github.com/sampan-mc/sampan/smc/mcmc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// extinct says that no particle has weight left.
type extinct struct{ text string }

func (e *extinct) Error() string { return e.text }

// segment takes the population through segment k of the transport, from cut k−1 to cut k: segment, weight, and, where γ_k
// is known, resample and move. moves is how often the kernel is applied, given the effective sample size and whether the
// particles were resampled.
func (pop *population) segment(ctx context.Context, k int, moves func(rep *Report) int) error {
	cut := pop.cuts[k-1]
	pop.stage++
	report := Report{
		Stream: pop.stream, Stage: pop.stage, Segment: k, Beta: math.NaN(), CESS: math.NaN(), ESS: math.NaN(), ParetoK: math.NaN(),
		LogZ: math.NaN(), Acceptance: math.NaN(),
	}
	if cut.Kind == CutBeta {
		report.Beta = cut.Beta
	}
	if pop.frozen {
		report.Stages = pop.stages()
	}
	if err := pop.carry(ctx, k, &report); err != nil {
		return err
	}
	copy(pop.weights, pop.p.LogW)
	alive := false
	for i, g := range pop.ratio {
		if !math.IsInf(pop.p.LogW[i], -1) {
			pop.p.LogW[i] += g
		}
		alive = alive || !math.IsInf(pop.p.LogW[i], -1)
	}
	report.Dead = pop.dead()
	if !alive {
		return &extinct{fmt.Sprintf("segment %d of %s left no particle with weight: %d gave no usable log ratio, the others lie where %s has no density%s",
			k, pop.transport.Info().Name, report.Lost, pop.target.Info().Name, pop.badPoints())}
	}
	n := float64(pop.p.N)
	if cut.Kind != CutNone {
		report.CESS = diag.CESS(pop.weights, pop.ratio, 1) / n
		report.ESS = diag.WeightESS(pop.p.LogW) / n
		report.ParetoK = diag.ParetoK(pop.p.LogW)
		report.LogZ = pop.logZ + diag.LogMeanExp(pop.p.LogW)
		if !pop.frozen {
			pop.rescale(report.ESS)
		}
		if report.ESS < pop.threshold || pop.threshold == 1 {
			report.Resampled = true
			pop.resample()
		}
	}
	if pop.frozen {
		pop.tuning = pop.plan.Stages[pop.stage-1].Tuning
	}
	if err := pop.move(ctx, moves(&report), &report); err != nil {
		return err
	}
	pop.ended(&report)
	return nil
}

// carry moves the particles through segment k and fills ratio with the logs of what their weights gain.
func (pop *population) carry(ctx context.Context, k int, report *Report) error {
	from, cut := pop.kind, pop.cuts[k-1]
	in, out := *pop.p, *pop.sp
	in.LogOwn, out.LogOwn = nil, nil
	switch from {
	case CutOwn:
		in.LogOwn, in.LogRef, in.LogTarget = pop.p.LogTarget, nil, nil
	case CutNone:
		in.LogRef, in.LogTarget = nil, nil
	}
	if cut.Kind == CutOwn {
		out.LogOwn = pop.sp.LogTarget
	}
	out.LogRef, out.LogTarget, out.Used = nil, nil, Evals{}
	clear(pop.moved)
	key := rng.NewKey(pop.cfg.Seed, fmt.Sprintf("%s/segment-%d", pop.purpose, k), pop.island)
	if err := pop.transport.Segment(ctx, k, &in, &out, pop.ratio, pop.moved, key); err != nil {
		return fmt.Errorf("segment %d of %s: %w", k, pop.transport.Info().Name, err)
	}
	pop.tally.Density += out.Used.Density
	pop.tally.Gradient += out.Used.Gradient
	for i, l := range pop.p.LogW {
		switch {
		case math.IsInf(l, -1):
			pop.ratio[i] = l
			pop.stay(i)
		case !pop.usable(i):
			if report.Lost == 0 {
				report.FirstLost = i
			}
			report.Lost++
			pop.ratio[i] = math.Inf(-1)
			pop.stay(i)
		case from != CutNone:
			pop.ratio[i] -= pop.p.LogGamma(pop.beta, i)
		}
	}
	copy(pop.sp.LogW, pop.p.LogW)
	copy(pop.sp.Lineage, pop.p.Lineage)
	pop.p, pop.sp, pop.s, pop.ss = pop.sp, pop.p, pop.ss, pop.s
	if err := pop.arrive(ctx, k); err != nil {
		return err
	}
	if cut.Kind != CutNone {
		for i := range pop.ratio {
			if !math.IsInf(pop.ratio[i], -1) {
				pop.ratio[i] += pop.p.LogGamma(pop.beta, i)
			}
		}
	}
	return nil
}

// usable reports whether particle i came through a segment with a point and a log ratio. A point out of the support is
// one: it has a density, which is zero.
func (pop *population) usable(i int) bool {
	if s := pop.moved[i]; s != targets.OK && s != targets.OutOfSupport {
		return false
	}
	if r := pop.ratio[i]; math.IsNaN(r) || math.IsInf(r, 1) {
		return false
	}
	d := pop.sp.D
	for _, x := range pop.sp.X[i*d : (i+1)*d] {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}

// stay undoes a segment for particle i, so that target and transport are not asked at points that are none.
func (pop *population) stay(i int) {
	d, a := pop.p.D, pop.p.A
	copy(pop.sp.X[i*d:(i+1)*d], pop.p.X[i*d:(i+1)*d])
	copy(pop.sp.Aux[i*a:(i+1)*a], pop.p.Aux[i*a:(i+1)*a])
	pop.sp.LogTarget[i] = math.Inf(-1)
}

// arrive evaluates γ at cut k. At the transport's own cuts it takes the place of the target, at β = 1, so that weights,
// resampling and moves need not know the difference.
func (pop *population) arrive(ctx context.Context, k int) error {
	cut := pop.cuts[k-1]
	pop.cut, pop.kind, pop.beta, pop.fresh = k, cut.Kind, cut.Beta, false
	switch cut.Kind {
	case CutBeta:
		if pop.gradientAhead() {
			pop.fresh = true
			return pop.s.Refresh(ctx, pop.path, &pop.tally)
		}
		bare := mcmc.State{N: pop.s.N, D: pop.s.D, X: pop.s.X, Terms: mcmc.Terms{LogRef: pop.s.LogRef, LogTarget: pop.s.LogTarget, Status: pop.s.Status}}
		if err := bare.Refresh(ctx, pop.path, &pop.tally); err != nil {
			return err
		}
	case CutOwn:
		pop.beta = 1
		clear(pop.s.LogRef)
		for i, l := range pop.s.LogTarget {
			pop.s.Status[i] = targets.OK
			if math.IsInf(l, -1) {
				pop.s.Status[i] = targets.OutOfSupport
			}
			if math.IsNaN(l) || math.IsInf(l, 1) {
				return fmt.Errorf("own density of %s at cut %d: %v for particle %d; accepted: a log density", pop.transport.Info().Name, k, l, i)
			}
		}
	case CutNone:
		pop.beta = 0
		clear(pop.s.LogRef)
		clear(pop.s.LogTarget)
		clear(pop.s.Status)
	}
	clear(pop.s.GradRef) // stale, and part of snapshots
	clear(pop.s.GradTarget)
	return nil
}

// gradientAhead reports whether the gradients at the points of a cut will be needed.
func (pop *population) gradientAhead() bool {
	switch {
	case pop.s.GradTarget == nil:
		return false
	case !pop.frozen:
		return pop.cfg.Move.Steps > 0
	}
	at := pop.stage - 1
	return pop.plan.Stages[at].Moves > 0 || at+1 < len(pop.plan.Stages) && pop.plan.Stages[at+1].Segment == 0
}

// density is what moves at the present cut leave invariant.
func (pop *population) density() (mcmc.Density, mover) {
	if pop.kind != CutOwn {
		return pop.path, pop.mover
	}
	if pop.ownMover == nil {
		pop.ownMover = pop.newMover(pop.cfg.Move.Kernel, pop.p.N, pop.p.D, pop.ownTally())
	}
	return &ownPath{of: pop.transport.(OwnDensity), cut: pop.cut, d: pop.p.D}, pop.ownMover
}

// ownTally is where evaluations of the transport's own densities are counted: with the target's if they are made of those.
func (pop *population) ownTally() *mcmc.Tally {
	if pop.transport.(OwnDensity).OwnOfTarget() {
		return &pop.tally
	}
	return &pop.untold
}

// movable reports whether the kernel can move particles at cut k.
func (pop *population) movable(k int) bool {
	switch pop.cuts[k-1].Kind {
	case CutBeta:
		return true
	case CutOwn:
		own, ok := pop.transport.(OwnDensity)
		return ok && (own.OwnGradient() || !pop.cfg.Move.Kernel.Kind.NeedsGradient())
	}
	return false
}

// ownPath is a transport's density at a cut in the form of a path at β = 1.
type ownPath struct {
	of     OwnDensity
	cut, d int
}

func (o *ownPath) Dim() int { return o.d }

func (o *ownPath) Eval(ctx context.Context, n int, x []float64, grad bool, t *mcmc.Terms) error {
	b := targets.Batch{N: n, D: o.d, Want: targets.LogP, X: x, LogP: t.LogTarget, Status: t.Status}
	if grad {
		b.Want |= targets.Grad
		b.Grad = t.GradTarget
		clear(t.GradRef)
	}
	clear(t.LogRef)
	if err := o.of.LogOwn(ctx, o.cut, &b); err != nil {
		return fmt.Errorf("own density of %s at cut %d: %w", o.of.Info().Name, o.cut, err)
	}
	return nil
}
