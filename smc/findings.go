package smc

import (
	"fmt"

	"github.com/sampan-mc/sampan/smc/diag"
	"github.com/sampan-mc/sampan/smc/mcmc"
)

const (
	fewAncestors   = 0.05 // of the particles: fewer surviving ancestors are worth a word
	fewSurvivors   = 20   // and so are fewer than these, whatever the population
	poorStage      = 0.5  // a frozen stage that keeps less than this part of what the pilot aimed at is worth a word
	manyDivergents = 0.01 // of the moves
)

// judge fills in the errors of log Z, the one to quote, and the findings.
func (r *run) judge(res *Result) {
	islands := make([]diag.Island, len(res.Islands))
	for i := range islands {
		islands[i] = res.Islands[i].Genealogy
	}
	res.LogZErrors = diag.LogZErrors(islands)
	res.Headline = diag.Headline(res.LogZErrors)
	say := func(code, format string, args ...any) {
		res.Findings = append(res.Findings, mcmc.Finding{Code: code, Text: fmt.Sprintf(format, args...)})
	}
	inexact := r.transport != nil && !r.transport.Info().Exact && res.Plan.uses()
	switch {
	case inexact:
		say("log-z-discretised", "the weights of %s are those of a path in continuous time, integrated to order %d: log Z is off by as much as that is, "+
			"whatever the number of particles; compare with twice the steps", r.transport.Info().Name, r.transport.Info().Order)
	case res.Frozen && r.cfg.Transport != nil:
		say("log-z-unbiased", "which segments to use, schedule, step sizes and scales were decided by a pilot and frozen: the estimate of Z is exactly unbiased")
	case res.Frozen:
		say("log-z-unbiased", "schedule, step sizes and scales were found by a pilot and frozen: the estimate of Z is exactly unbiased")
	default:
		say("log-z-consistent", "schedule, step sizes and scales were adapted in the run itself: the estimate of Z is consistent, not unbiased")
	}
	if text := diag.Disagreement(res.LogZErrors); text != "" {
		say("log-z-disagree", "%s", text)
	}
	n := r.cfg.Particles
	if limit := diag.ParetoKThreshold(n); res.ParetoK > limit {
		say("pareto-k", "Pareto k of the weights reached %.2f at stage %d, above %.2f: a few particles carry the estimate; "+
			"take more particles, smaller steps (a higher CESS) or a reference nearer to the target", res.ParetoK, res.WorstAt, limit)
	}
	r.judgeTransport(res, say)
	r.judgeAncestry(res, say)
	r.judgeStages(res, say)
	res.Plan.judgeNarrowness(say)
	res.Findings = append(res.Findings, res.Tally.Findings()...)
	say("unseen-modes", "no diagnostic here sees a mode that no particle has visited; a run with a wider reference would")
}

type sayFunc func(code, format string, args ...any)

// judgeAncestry speaks of the island with the fewest surviving ancestors.
func (r *run) judgeAncestry(res *Result, say sayFunc) {
	n, worst, at := r.cfg.Particles, r.cfg.Particles, 0
	if n < fewSurvivors {
		say("few-particles", "%d particles in an island are too few to say anything: neither log Z nor its error nor a diagnostic of the weights means much "+
			"with fewer than %d, and modes are missed; take hundreds", n, fewSurvivors)
		return
	}
	for i := range res.Islands {
		if alive, _ := res.Islands[i].Genealogy.Ancestors(); alive < worst {
			worst, at = alive, i
		}
	}
	if worst < fewSurvivors || float64(worst) < fewAncestors*float64(n) {
		say("few-ancestors", "only %d of the %d draws from the reference have descendants left in island %d: "+
			"what they did not see is lost; take more particles, more moves a stage or a higher CESS", worst, n, at)
	}
}

// judgeTransport speaks of segments that were not used, of those that did worse than in the pilot, and of particles that
// the transport lost.
func (r *run) judgeTransport(res *Result, say sayFunc) {
	if r.cfg.Transport == nil {
		return
	}
	replaced := 0
	for _, d := range res.Plan.Decisions {
		if d.Verdict == Replaced {
			replaced += d.Last - d.First + 1
		}
	}
	name := r.cfg.Transport.Info().Name
	switch {
	case replaced > 0 && !res.Plan.uses():
		say("transport-replaced", "%s was not used: tempering took its place. %s", name, res.Plan.Decisions[0].Why)
	case replaced > 0:
		say("transport-replaced", "of %s's %d segments %d were replaced by tempering", name, res.Plan.Decisions[len(res.Plan.Decisions)-1].Last, replaced)
	}
	var poor, lost Report
	poor.CESS = 2
	for i := range res.Islands {
		for _, rep := range res.Islands[i].Reports {
			if rep.Segment > 0 && rep.CESS < poor.CESS {
				poor = rep
			}
			if rep.Lost > lost.Lost {
				lost = rep
			}
		}
	}
	if poor.CESS < poorStage*replaceCESS {
		say("segment-poor", "segment %d of %s kept %.3f of the effective sample size in %s, much less than segments that are used should: "+
			"the pilot did not see what the islands saw; take more particles", poor.Segment, name, poor.CESS, poor.Stream)
	}
	if lost.Lost > 0 {
		say("transport-lost", "%d of %d particles of %s were given up at segment %d of %s, which gave no usable point or log ratio for them; the first is slot %d",
			lost.Lost, r.cfg.Particles, lost.Stream, lost.Segment, name, lost.FirstLost)
	}
}

// uses reports whether the plan has a segment of a transport in it.
func (p *Plan) uses() bool {
	for _, s := range p.Stages {
		if s.Segment > 0 {
			return true
		}
	}
	return false
}

// judgeNarrowness speaks of stages at which steps of a quarter's length were hopeless too.
func (p *Plan) judgeNarrowness(say sayFunc) {
	narrow := 0
	for _, s := range p.Stages {
		if s.Finer > 1 {
			narrow++
		}
	}
	if narrow > 0 {
		say("narrow-places", "at %d of %d stages moves of a quarter of the step size were hopeless for some particles too, so still finer ones followed: "+
			"the target has places many times narrower than the rest, as the neck of a funnel, and log Z may be low by what is in them; "+
			"parameters without them, such as non-centred ones, are the cure", narrow, len(p.Stages))
	}
}

// judgeStages speaks of the worst stages of the islands.
func (r *run) judgeStages(res *Result, say sayFunc) {
	kind := r.cfg.Move.Kernel.Kind
	var low, high, poor Report
	low.Acceptance, high.Acceptance, poor.CESS = 2, -1, 2
	divergent, moves, dead, stuck := 0, 0, 0, false
	for i := range res.Islands {
		for _, rep := range res.Islands[i].Reports {
			if rep.Acceptance < low.Acceptance {
				low = rep
			}
			if rep.Acceptance > high.Acceptance {
				high = rep
			}
			if rep.CESS < poor.CESS && rep.Segment == 0 {
				poor = rep
			}
			stuck = stuck || rep.Moves > 0 && rep.Acceptance != rep.Acceptance
			divergent += rep.Divergent
			moves += rep.Moves * r.cfg.Particles
			dead = max(dead, rep.Dead)
		}
	}
	where := func(rep Report) string { return fmt.Sprintf("of the moves at stage %d of %s", rep.Stage, rep.Stream) }
	if low.Acceptance <= 1 {
		res.Findings = append(res.Findings, mcmc.AcceptanceFinding(kind, low.Acceptance, where(low))...)
		if high.Acceptance != low.Acceptance {
			res.Findings = append(res.Findings, mcmc.AcceptanceFinding(kind, high.Acceptance, where(high))...)
		}
	}
	if stuck {
		say("stuck", "at some stage no particle could move: every one was at a point without density or gradient")
	}
	if float64(divergent) > manyDivergents*float64(moves) {
		say("divergent", "%d of %d moves diverged, or left the support: the step size is too large for part of the path, "+
			"or the target has a hard edge", divergent, moves)
	}
	if s := &r.cfg.Schedule; s.Betas == nil && res.Frozen && poor.CESS < poorStage*s.CESS {
		say("stage-poor", "stage %d of %s kept %.3f of the effective sample size where the pilot's aimed at %.3f: "+
			"the pilot did not see what the islands saw; take more particles", poor.Stage, poor.Stream, poor.CESS, s.CESS)
	}
	if dead > 0 {
		say("dead", "up to %d of %d particles of an island had weight zero: they lay where the target has no density", dead, r.cfg.Particles)
	}
}
