package smc

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/smc/diag"
)

// The rule by which a pilot decides on segments. Pareto k below ½ means that the weights have a finite variance; above
// diag.ParetoKThreshold their mean cannot be estimated from as many particles. It takes the lesser of the k of the
// weights that a segment gives and of those that it leaves, since a tail of small changes that is lost among the weights
// does no harm. From harmless on there are no weights to speak of, and what k would say of them is noise.
const (
	keepK       = 0.5
	keepCESS    = 0.5
	replaceCESS = 0.3
	harmless    = 0.99
)

// Less mass than a tempered run finds, by more than lostErrors standard errors and lostLeast in log Z, is lost mass.
const (
	lostErrors = 4
	lostLeast  = 0.1
)

// A transport whose path can be cut elsewhere is cut finer by the factor finer, up to maxAttempts times, before segments
// are replaced.
const (
	finer       = 4
	maxAttempts = 3
)

// decide takes the population a step on while a plan is being made. From a cut of the geometric path it tries the
// segments up to the next such cut. If they are bad, it goes back and tempers that stretch.
func (pop *population) decide(ctx context.Context) error {
	if pop.to > 0 {
		return pop.temperOn(ctx)
	}
	first := pop.cut + 1
	last := first
	for pop.cuts[last-1].Kind != CutBeta {
		last++
	}
	before := pop.snapshot()
	d := Decision{First: first, Last: last, ParetoK: math.NaN(), CESS: math.NaN()}
	for k := first; k <= last; k++ {
		err := pop.segment(ctx, k, func(rep *Report) int { return pop.movesAfter(k, rep, &d) })
		var dead *extinct
		if errors.As(err, &dead) && !pop.cfg.AsIs {
			d.Verdict, d.Why = Replaced, dead.text
			break
		}
		if err != nil {
			return err
		}
	}
	pop.wants = pop.refinable && (d.Verdict == Replaced || d.CESS < keepCESS)
	if pop.wants || d.Verdict != Replaced {
		pop.plan.Decisions = append(pop.plan.Decisions, d)
		return nil
	}
	if pop.trial && first == 1 && pop.cut == len(pop.cuts) && len(pop.reports) > 0 && pop.transport.Reference() != nil {
		// All of the transport is given up; what tempering would make of its reference is of no interest.
		pop.plan.Stages = nil
		pop.plan.Decisions = append(pop.plan.Decisions, d)
		return nil
	}
	tally := pop.tally
	if err := pop.restore(before); err != nil {
		return fmt.Errorf("go back to cut %d: %w", first-1, err)
	}
	pop.tally = tally
	pop.plan.Decisions = append(pop.plan.Decisions, d)
	pop.to = last
	return pop.temperOn(ctx)
}

// movesAfter judges segment k by its weights, and says how many moves follow it.
func (pop *population) movesAfter(k int, rep *Report, d *Decision) int {
	if pop.cuts[k-1].Kind == CutNone {
		return 0
	}
	movable := pop.movable(k)
	if pop.cfg.AsIs {
		if movable {
			return pop.cfg.Move.Steps
		}
		return 0
	}
	tail := math.NaN()
	if given := diag.ParetoK(pop.ratio); rep.CESS < harmless && !math.IsNaN(given) && !math.IsNaN(rep.ParetoK) {
		tail = min(given, rep.ParetoK)
	}
	pop.judge(tail, rep.CESS, d)
	if movable && (rep.Resampled || d.Verdict == Refined) {
		return pop.cfg.Move.Steps
	}
	return 0
}

// judge takes the weights of one more segment into d.
func (pop *population) judge(k, cess float64, d *Decision) {
	if worse(k, d.ParetoK) {
		d.ParetoK = k
	}
	if !(cess >= d.CESS) {
		d.CESS = cess
	}
	limit := diag.ParetoKThreshold(pop.p.N)
	switch {
	case d.ParetoK > limit:
		d.Verdict, d.Why = Replaced, fmt.Sprintf("k is above %.2f, so that a few particles carry the weight", limit)
	case d.CESS < replaceCESS:
		d.Verdict, d.Why = Replaced, fmt.Sprintf("CESS is below %.1f", replaceCESS)
	case d.ParetoK > keepK:
		d.Verdict, d.Why = Refined, fmt.Sprintf("k is above %.1f, so moves follow", keepK)
	case d.CESS < keepCESS:
		d.Verdict, d.Why = Refined, fmt.Sprintf("CESS is below %.1f, so moves follow", keepCESS)
	}
}

// temperOn is a tempered stage on the way to the cut that is to be reached.
func (pop *population) temperOn(ctx context.Context) error {
	if err := pop.temper(ctx, pop.cuts[pop.to-1].Beta); err != nil {
		return err
	}
	pop.plan.Decisions[len(pop.plan.Decisions)-1].Stages++
	if pop.beta == pop.cuts[pop.to-1].Beta {
		pop.cut, pop.to = pop.to, 0
		pop.plan.Stages[len(pop.plan.Stages)-1].Cut = pop.cut
	}
	return nil
}

// prepare makes the plan of a run with a transport: by one pilot, or by several where the path is cut finer, or where the
// transport is given up.
func (r *run) prepare(ctx context.Context) ([]*population, error) {
	setter, can := r.transport.(CutSetter)
	can = can && !r.cfg.AsIs
	var pilots []*population
	try := func(refinable bool) (*population, error) {
		pop := r.newPilot(len(pilots))
		pop.refinable, pop.plan.Cuts = refinable, r.set
		pilots = append(pilots, pop)
		return pop, pop.run1(ctx)
	}
	pop, err := try(can)
	for err == nil && pop.wants {
		before := len(r.cuts)
		if err := r.setCuts(setter, finer*before); err != nil {
			return nil, err
		}
		if oneStretch(r.cuts) { // nothing is known at the new cuts, which are of no use then
			if err := r.setCuts(setter, before); err != nil {
				return nil, err
			}
		}
		pop, err = try(len(r.cuts) > before && len(pilots) < maxAttempts-1)
	}
	if err != nil {
		return nil, err
	}
	why, err := r.lost(ctx, pop)
	if err != nil {
		return nil, err
	}
	if !r.cfg.AsIs && !pop.plan.uses() && r.transport.Reference() != nil {
		why = pop.plan.Decisions[0].Why // tempering from the transport's reference reaches no further than that does
	}
	if why == "" {
		return pilots, nil
	}
	all := Decision{First: 1, Last: len(r.cuts), Verdict: Replaced, ParetoK: math.NaN(), CESS: math.NaN(), Why: why}
	if err := r.abandon(); err != nil {
		return nil, err
	}
	if pop, err = try(false); err != nil {
		return nil, err
	}
	all.Stages = len(pop.plan.Stages)
	pop.plan.Decisions = []Decision{all}
	return pilots, nil
}

// abandon goes on without the transport: the run is tempered, from the reference that it was given.
func (r *run) abandon() error {
	err := r.restoreCuts()
	r.transport, r.ref = nil, r.given
	return err
}

// setCuts has the transport's path cut into n segments, or as near as it can.
func (r *run) setCuts(setter CutSetter, n int) error {
	if err := setter.SetCuts(n); err != nil {
		return fmt.Errorf("cut the path of %s into %d: %w", setter.Info().Name, n, err)
	}
	r.cuts, r.set = setter.Cuts(), n
	return validateCuts(r.cuts)
}

// recut has the path cut as a plan says.
func (r *run) recut(plan *Plan) error {
	if r.transport == nil || plan.Cuts == r.set {
		return nil
	}
	setter, ok := r.transport.(CutSetter)
	if !ok {
		return fmt.Errorf("the plan cuts the path into %d, which %s does not know how to do", plan.Cuts, r.transport.Info().Name)
	}
	return r.setCuts(setter, plan.Cuts)
}

// restoreCuts leaves the transport cut as it came.
func (r *run) restoreCuts() error {
	if r.set == 0 || r.transport == nil {
		return nil
	}
	err := r.setCuts(r.transport.(CutSetter), r.came)
	r.set = 0
	return err
}

// lost says what part of the target the transport does not reach, of what a tempered run found: by the log Z of the pilot
// that used it, and by the weights of paths that start in the points of the tempered run; "" if all is well.
func (r *run) lost(ctx context.Context, pop *population) (string, error) {
	t := r.cfg.Tempered
	if t == nil || !pop.plan.uses() || r.cfg.AsIs {
		return "", nil
	}
	is := pop.finish()
	part, err := r.unreachedBy(ctx, max(is.LogZ, t.LogZ))
	if err != nil {
		return "", err
	}
	if part > unreached {
		return fmt.Sprintf("of the points that tempering found, %.0f %% lie where %s hardly ever comes: paths that end there have weights of more than %.0f times the mean",
			100*part, r.transport.Info().Name, heavy*float64(r.cfg.Particles)), nil
	}
	short := t.LogZ - is.LogZ
	if short < lostLeast || short < lostErrors*math.Hypot(t.LogZErr, is.logZErr()) {
		return "", nil
	}
	return fmt.Sprintf("with %s log Z comes out as %.2f ± %.2f, but tempering found %.2f ± %.2f: the transport has lost %.0f %% of the target's mass, a mode perhaps",
		r.transport.Info().Name, is.LogZ, is.logZErr(), t.LogZ, t.LogZErr, 100*(1-math.Exp(-short))), nil
}
