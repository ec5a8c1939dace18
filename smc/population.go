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

// population is one stream of a run: the pilot or an island. What its snapshot holds is marked; the rest follows from
// the run.
type population struct {
	*run
	stream    string
	purpose   string // of its random numbers
	island    int
	frozen    bool    // runs by a plan; otherwise it makes one as it goes
	threshold float64 // of the effective sample size, as a fraction
	keys      keys
	path      *path
	mover     mover

	stage       int         // done; in the snapshot, like all below
	beta        float64     //
	p           *Particles  //
	s           *mcmc.State // the same points and log densities as p, with their gradients
	logZ        float64     // up to the last resampling
	resamplings int         //
	pairLoss    float64     //
	plan        Plan        // whole if frozen, else what was found so far
	tuning      mcmc.Tuning // of the last moves
	reports     []Report    //
	tally       mcmc.Tally  //
	// With a transport:
	cut       int     // reached or passed, 0 the reference
	kind      CutKind // what is known of γ at the particles
	fresh     bool    // the gradients in s are those of its points
	to        int     // cut that tempered stages lead to; 0: none under way
	refinable bool    // finer cuts can be had, rather than replace a segment
	wants     bool    // finer cuts

	coarse   bool // leaves finer moves to the end, and plans the first level of them
	hopeless bool // some of the proposals of the last stage's moves

	trial bool // a pilot's: where the transport is of no use at all, it need not go on without

	sp                       *Particles  // what resampling gathers into; swapped with p and s
	ss                       *mcmc.State //
	ratio, weights, uniforms []float64
	ancestors                []int32
	moved                    []targets.Status // what became of the particles in a segment
	ownMover                 mover            // at the transport's own cuts
	untold                   mcmc.Tally       // evaluations of its densities, where they are none of the target's
}

// mover is a Markov kernel for whole populations: *mcmc.Mover, or, in tests, one whose law is known.
type mover interface {
	Move(ctx context.Context, f mcmc.Density, beta float64, tn *mcmc.Tuning, s *mcmc.State, st *mcmc.Streams, stage, inner uint32) (mcmc.Stats, error)
}

// keys are the streams of random numbers of a population.
type keys struct {
	init, resample, draws rng.Key
	move                  mcmc.Streams
}

func newKeys(seed uint64, purpose string, island int) keys {
	return keys{
		init:     rng.NewKey(seed, purpose+"/init", island),
		resample: rng.NewKey(seed, purpose+"/resample", island),
		draws:    rng.NewKey(seed, purpose+"/draws", island),
		move:     mcmc.NewStreams(seed, purpose+"/move", island),
	}
}

// pilotThreshold is the least threshold of a population that explores the path: it must not let its weights degenerate,
// whatever the run it prepares will do.
const pilotThreshold = 0.5

// pilotName is the stream of the pilot of an attempt, from 0.
func pilotName(attempt int) string {
	if attempt == 0 {
		return "pilot"
	}
	return fmt.Sprintf("pilot-%d", attempt+1)
}

// newPilot makes the pilot of an attempt, from 0.
func (r *run) newPilot(attempt int) *population {
	name := pilotName(attempt)
	p := r.newPopulation(name, "smc/"+name, 0)
	p.threshold, p.trial = max(r.cfg.Threshold, pilotThreshold), true
	return p
}

func (r *run) newIsland(i int, plan *Plan) *population {
	p := r.newPopulation(fmt.Sprintf("island-%d", i), "smc/island", i)
	if plan != nil {
		p.frozen, p.plan = true, *plan
	}
	return p
}

func (r *run) newPopulation(stream, purpose string, island int) *population {
	n, d, k := r.cfg.Particles, r.d, r.cfg.Move.Kernel
	grad := k.Kind.NeedsGradient()
	pop := &population{
		run: r, stream: stream, purpose: purpose, island: island, threshold: r.cfg.Threshold, keys: newKeys(r.cfg.Seed, purpose, island),
		path:   newPath(r.ref, r.target, n, grad),
		tuning: mcmc.FirstTuning(k.Kind, d),
		ratio:  make([]float64, n), weights: make([]float64, n), uniforms: make([]float64, r.cfg.Resampler.uniforms(n)),
		ancestors: make([]int32, n),
	}
	pop.mover = r.newMover(k, n, d, &pop.tally)
	if r.cfg.Move.Step > 0 {
		pop.tuning.Step = r.cfg.Move.Step
	}
	aux := 0
	if r.transport != nil {
		aux = r.transport.Info().Aux
		pop.moved = make([]targets.Status, n)
	}
	pop.p, pop.s = newPair(n, d, aux, grad)
	pop.sp, pop.ss = newPair(n, d, aux, grad)
	return pop
}

// newPair makes particles and the mcmc state that shares their memory.
func newPair(n, d, aux int, grad bool) (*Particles, *mcmc.State) {
	p := NewParticles(n, d, aux)
	s := &mcmc.State{N: n, D: d, X: p.X, Terms: mcmc.NewTerms(n, d, true, grad)}
	s.LogRef, s.LogTarget = p.LogRef, p.LogTarget
	return p, s
}

// begin draws the population from the reference: stage 0.
func (pop *population) begin(ctx context.Context) error {
	if err := pop.ref.Sample(ctx, 0, pop.p.N, pop.keys.init, pop.p.X); err != nil {
		return fmt.Errorf("draw from the reference: %w", err)
	}
	if err := pop.s.Refresh(ctx, pop.path, &pop.tally); err != nil {
		return fmt.Errorf("evaluate the draws from the reference: %w", err)
	}
	pop.fresh = true
	for i := range pop.p.LogW {
		if math.IsInf(pop.p.LogRef[i], -1) {
			pop.p.LogW[i] = math.Inf(-1) // a reference that disowns its draw, or a target that could not be evaluated
		}
	}
	return nil
}

// done reports whether the population has reached the target, or asks for finer cuts before it goes on.
func (pop *population) done() bool {
	if pop.transport != nil {
		return pop.cut == len(pop.cuts) || pop.wants
	}
	return pop.beta == 1
}

// advance takes the population through its next stage: choose γ_k, segment, weight, resample, move. A pilot that decides
// on segments may take several.
func (pop *population) advance(ctx context.Context) error {
	switch {
	case pop.transport == nil:
		return pop.temper(ctx, 1)
	case !pop.frozen:
		return pop.decide(ctx)
	}
	next := &pop.plan.Stages[pop.stage]
	if next.Segment > 0 {
		return pop.segment(ctx, next.Segment, func(*Report) int { return next.Moves })
	}
	if err := pop.temper(ctx, next.Beta); err != nil {
		return err
	}
	pop.cut = max(pop.cut, next.Cut)
	return nil
}

// temper takes the population through a stage whose segment is the identity, on the way to β = end.
func (pop *population) temper(ctx context.Context, end float64) error {
	for i := range pop.ratio {
		pop.ratio[i] = logRatio(pop.p.LogRef[i], pop.p.LogTarget[i])
	}
	beta, err := pop.chooseBeta(end)
	if err != nil {
		return err
	}
	pop.stage++
	report := Report{Stream: pop.stream, Stage: pop.stage, Beta: beta}
	survivors(pop.weights, pop.p.LogW, pop.ratio)
	report.CESS = diag.CESS(pop.weights, pop.ratio, beta-pop.beta) / float64(pop.p.N)
	if pop.frozen || pop.transport == nil && pop.cfg.Schedule.Betas != nil {
		report.Stages = pop.stages()
	}
	if err := pop.weigh(beta); err != nil {
		return err
	}
	report.Dead = pop.dead()
	report.ESS = diag.WeightESS(pop.p.LogW) / float64(pop.p.N)
	report.ParetoK = diag.ParetoK(pop.p.LogW)
	report.LogZ = pop.logZ + diag.LogMeanExp(pop.p.LogW)
	steps := pop.cfg.Move.Steps
	if pop.frozen {
		pop.tuning, steps = pop.plan.Stages[pop.stage-1].Tuning, pop.plan.Stages[pop.stage-1].Moves
	} else {
		pop.rescale(report.ESS)
	}
	if report.ESS < pop.threshold || pop.threshold == 1 {
		report.Resampled = true
		pop.resample()
	}
	if err := pop.move(ctx, steps, &report); err != nil {
		return err
	}
	pop.ended(&report)
	return nil
}

// ended closes a stage.
func (pop *population) ended(report *Report) {
	report.Ancestors = pop.surviving()
	report.Tally = pop.tally
	pop.reports = append(pop.reports, *report)
}

// stages is the length of a schedule known beforehand.
func (pop *population) stages() int {
	if pop.frozen {
		return len(pop.plan.Stages)
	}
	return len(pop.cfg.Schedule.Betas)
}

// logRatio is log γ_1 − log γ_0 of one point, −Inf wherever the target has no density.
func logRatio(logRef, logTarget float64) float64 {
	if math.IsInf(logTarget, -1) {
		return logTarget
	}
	return logTarget - logRef
}

func (pop *population) chooseBeta(end float64) (float64, error) {
	s := &pop.cfg.Schedule
	switch {
	case pop.frozen:
		return pop.plan.Stages[pop.stage].Beta, nil
	case s.Betas != nil && pop.transport == nil:
		return s.Betas[pop.stage], nil
	case s.Betas != nil: // the fixed schedule, as far as it lies on the way
		for _, b := range s.Betas {
			if b > pop.beta {
				return min(b, end), nil
			}
		}
		return end, nil
	case pop.stage >= s.MaxStages:
		return 0, fmt.Errorf("the schedule has not reached the target after %d stages, at β = %v; "+
			"choose a reference nearer to the target, a lower CESS, or more stages", pop.stage, pop.beta)
	}
	return s.next(pop.beta, end, pop.p.LogW, pop.ratio, pop.weights, pop.cess)
}

// weigh moves β on. Every living particle gains (β' − β)(log γ_1 − log γ_0); the dead stay dead.
func (pop *population) weigh(beta float64) error {
	delta := beta - pop.beta
	alive := false
	for i, l := range pop.p.LogW {
		if math.IsInf(l, -1) {
			continue
		}
		pop.p.LogW[i] += delta * pop.ratio[i]
		alive = alive || !math.IsInf(pop.p.LogW[i], -1)
	}
	if !alive {
		return fmt.Errorf("no particle is left at β = %v: none of the %d draws from the reference lies where the target has density; "+
			"choose a reference that does, or more particles%s", beta, pop.p.N, pop.badPoints())
	}
	pop.beta = beta
	return nil
}

// badPoints is a clause about points that could not be evaluated, if there were any.
func (pop *population) badPoints() string {
	if f := pop.tally.Findings(); len(f) > 0 {
		return "; " + f[0].Text
	}
	return ""
}

// resample draws N particles in proportion to the weights, which become equal. Their mean goes into log Z.
func (pop *population) resample() {
	pop.pairLoss += pop.cfg.Resampler.pairLoss(pop.p)
	pop.resamplings++
	_, total := diag.Normalise(pop.weights, pop.p.LogW)
	pop.logZ += total - math.Log(float64(pop.p.N))
	pop.keys.resample.Uniforms(pop.uniforms, 0, uint32(pop.stage), 0)
	pop.cfg.Resampler.ancestors(pop.ancestors, pop.weights, pop.uniforms)
	pop.gather()
	pop.reset(pop.p.LogW)
}

// gather makes row i that of ancestors[i].
func (pop *population) gather() {
	src, dst, s, t := pop.p, pop.sp, pop.s, pop.ss
	rows := func(to, from []float64) {
		if d := src.D; to != nil {
			for i, a := range pop.ancestors {
				copy(to[i*d:(i+1)*d], from[int(a)*d:(int(a)+1)*d])
			}
		}
	}
	rows(dst.X, src.X)
	for i, a := range pop.ancestors {
		copy(dst.Aux[i*dst.A:(i+1)*dst.A], src.Aux[int(a)*src.A:(int(a)+1)*src.A])
	}
	rows(t.GradRef, s.GradRef)
	rows(t.GradTarget, s.GradTarget)
	for i, a := range pop.ancestors {
		dst.LogRef[i], dst.LogTarget[i], dst.LogW[i] = src.LogRef[a], src.LogTarget[a], src.LogW[a]
		dst.Lineage[i], t.Status[i] = src.Lineage[a], s.Status[a]
	}
	pop.p, pop.sp, pop.s, pop.ss = dst, src, t, s
}

// move applies the kernel steps times, and, while a plan is being made, tunes it.
func (pop *population) move(ctx context.Context, steps int, report *Report) error {
	var sum mcmc.Stats
	planned := steps
	if steps > 0 {
		density, kernel := pop.density()
		if pop.s.GradTarget != nil && !pop.fresh {
			tally := &pop.tally
			if pop.kind == CutOwn {
				tally = pop.ownTally()
			}
			if err := pop.s.Refresh(ctx, density, tally); err != nil {
				return fmt.Errorf("evaluate the gradients: %w", err)
			}
			pop.fresh = true
		}
		for m := 0; m < steps; m++ {
			st, err := kernel.Move(ctx, density, pop.beta, &pop.tuning, pop.s, &pop.keys.move, uint32(pop.stage), uint32(m))
			if err != nil {
				return fmt.Errorf("move: %w", err)
			}
			sum.Add(st)
			if !pop.frozen && pop.retune(st.Acceptance()) && m == steps-1 && steps < planned+extraMoves {
				steps++
			}
		}
	}
	pop.hopeless = sum.Narrow()
	finer, err := pop.moveFiner(ctx, planned, steps, sum)
	if err != nil {
		return err
	}
	if !pop.frozen {
		stage := PlannedStage{Segment: report.Segment, Beta: report.Beta, Moves: planned, Finer: finer, Tuning: copyTuning(pop.tuning)}
		if report.Segment > 0 {
			stage.Cut = report.Segment
		}
		pop.plan.Stages = append(pop.plan.Stages, stage)
	}
	report.Moves, report.Acceptance, report.Step, report.Divergent = steps, sum.Acceptance(), pop.tuning.Step, sum.Divergent
	return nil
}

// dead counts the particles of weight zero.
func (pop *population) dead() int {
	n := 0
	for _, l := range pop.p.LogW {
		if math.IsInf(l, -1) {
			n++
		}
	}
	return n
}

// surviving counts the ancestors of stage 0 with living descendants.
func (pop *population) surviving() int {
	n, seen := 0, make([]bool, pop.p.N)
	for i, e := range pop.p.Lineage {
		if !math.IsInf(pop.p.LogW[i], -1) && !seen[e] {
			seen[e] = true
			n++
		}
	}
	return n
}
