package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sampan-mc/sampan/host/config"
	"github.com/sampan-mc/sampan/host/record"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/smc/mcmc"
)

// hybridRun is a population run with a transport: a tempered pilot, training if the transport learns, a decision about its
// segments, and the run by what was decided.
type hybridRun struct {
	*populationRun
	pilotCfg   smc.Config
	given      *manifest // of an artefact that the run file names; nil: none
	givenFiles []smc.File

	phases   *phases
	manifest *manifest // of what was learned
}

// The particles of a pilot to train on: fewer where dimensions are many, and each costs more. One to be held against in log
// Z has those of an island.
const (
	taught     = 8192
	taughtDims = 1 << 19 // particles times dimensions
)

// pupils is how many particles a pilot to train on has in d dimensions.
func pupils(d int) int {
	return min(max(min(taughtDims/d, 2*dearest/(d*d)), fewParticles), taught)
}

// newHybrid opens the transport of a population run.
func newHybrid(ctx context.Context, p *populationRun) (algorithm, error) {
	h := &hybridRun{populationRun: p}
	c, k := p.conf, h.knobs()
	open := p.options.open
	if open == nil {
		open = openCarrier
	}
	var err error
	if p.carrier, err = open(ctx, c, p.source(), Watch{Event: p.journal.event, Log: p.log}); err != nil {
		return nil, err
	}
	_, learns := p.carrier.Transport.(smc.Learner)
	learns = learns && k.Artefact == ""
	switch {
	case k.Beside && k.Pilot.Skip && k.BesideParticles == 0:
		return nil, c.Problem("sampler.transport.beside", "found true with pilot.skip = true, accepted: with beside_particles, as only a pilot tells how many cost as much")
	case k.BesideParticles > 0 && k.BesideParticles < fewBeside:
		return nil, c.Problem("sampler.transport.beside_particles", "found %d, accepted: %d or more, or 0 for as many as cost the same", k.BesideParticles, fewBeside)
	}
	if k.Pilot.Particles == 0 {
		k.Pilot.Particles = particles(p.density.Info().Dim())
		if learns {
			k.Pilot.Particles = pupils(p.density.Info().Dim())
		}
	}
	h.pilotCfg = p.cfg
	h.pilotCfg.Particles = k.Pilot.Particles
	names := []string{phaseDecide, phaseSample}
	if !k.Pilot.Skip {
		names = append(names, phasePilot)
		if err := h.pilotCfg.Validate(); err != nil {
			return nil, c.Problem("sampler.transport.pilot", "%v", err)
		}
	}
	if learns {
		names = append(names, phaseTrain)
	}
	if k.Beside {
		names = append(names, phaseBeside)
	}
	h.phases = newPhases(names...)
	p.cfg.Transport, p.cfg.AsIs = p.carrier.Transport, !k.Decide
	if err := asProblem(c, p.cfg.Validate()); err != nil {
		return nil, err
	}
	if p.carrier.facts.NotReproducible {
		p.findings = append(p.findings, mcmc.Finding{Code: "not-reproducible", Text: "the transport's plugin does not promise the same bytes for the same call: another run of this file may differ"})
	}
	if k.Artefact == "" {
		return h, nil
	}
	return h, h.find()
}

// find reads the artefact that the run file names, and has the transport take it up, so that one that does not fit is found
// before anything is done.
func (h *hybridRun) find() error {
	c, k := h.conf, h.knobs()
	learner, learns := h.carrier.Transport.(smc.Learner)
	if !learns {
		return c.Problem("sampler.transport.artefact", "found %q, accepted for %s, which does not learn: no artefact", k.Artefact, k.Use)
	}
	path := k.Artefact
	if !filepath.IsAbs(path) {
		path = filepath.Join(c.Folder, path)
	}
	var err error
	switch h.given, h.givenFiles, err = readArtefact(path); {
	case errors.Is(err, fs.ErrNotExist):
		return c.Problem("sampler.transport.artefact", "no artefact in %s; accepted: the folder of one, or of the run or training that made it", path)
	case err != nil:
		return c.Problem("sampler.transport.artefact", "%v", err)
	}
	if d := h.density.Info().Dim(); h.given.Target.Dim != d {
		return c.Problem("sampler.transport.artefact", "found one for %s, of dimension %d, accepted: one for a target of dimension %d", h.given.Target.Name, h.given.Target.Dim, d)
	}
	if was, is := h.given.Target, h.artefactTarget(); !was.same(is) {
		h.findings = append(h.findings, mcmc.Finding{Code: "artefact-of-another-target", Text: fmt.Sprintf(
			"the artefact was trained for another target: %s, this is %s. What comes out is exact all the same, if it is not given up", was, is)})
	}
	was, is := configText(h.given.Config), configText(forWire(k.Config))
	if err := learner.Load(h.givenFiles); err != nil {
		return c.Problem("sampler.transport.artefact", "found one, trained with config %s, that does not load: %v; accepted: one that was trained with the config here, %s", was, err, is)
	}
	if was != is {
		h.findings = append(h.findings, mcmc.Finding{Code: "artefact-of-another-config", Text: fmt.Sprintf(
			"the artefact was trained with another config: %s, this is %s. What comes out is exact all the same, but what was learned may be of less use", was, is)})
	}
	return nil
}

func (p *populationRun) knobs() *config.Transport { return p.conf.Sampler.Population.Transport }

func (h *hybridRun) run(ctx context.Context) (outcome, error) {
	rec := &recorder{session: h.session, keep: newKeeper(h.folder)}
	out, err := h.work(ctx, rec)
	if err := rec.end(err); err != nil {
		return nil, err
	}
	return out, nil
}

// again does all of it anew, training included, without a record.
func (h *hybridRun) again(ctx context.Context) (outcome, error) {
	out, err := h.work(ctx, nil)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// work goes through the phases. rec may be nil.
func (h *hybridRun) work(ctx context.Context, rec *recorder) (*hybridOutcome, error) {
	pilot, err := h.prepare(ctx, rec)
	if err != nil {
		return nil, err
	}
	h.cfg.Tempered = pilot
	hooks := h.hooksFor(rec, "", phaseSample, h.annealing)
	var broken error
	hooks.Decided = func(p smc.Plan) { broken = h.decided(&p) }
	first := phaseDecide
	if h.cfg.OnTheFly { // each island decides for itself
		first = phaseSample
	}
	if err := h.begin(first); err != nil {
		return nil, err
	}
	res, err := smc.Run(ctx, h.ref, h.density, h.cfg, hooks)
	if err == nil {
		err = broken
	}
	if err != nil {
		return nil, err
	}
	all, decision := evalsOf(&res.Tally), evalsOf(&res.PilotTally)
	h.phases.evals[phaseDecide] = decision
	if err := h.end(phaseSample, evals{all.Density - decision.Density, all.Gradient - decision.Gradient}); err != nil {
		return nil, err
	}
	out := &hybridOutcome{populationOutcome: &populationOutcome{h.populationRun, res}, hybrid: h, tempered: pilot}
	out.beside, err = h.compare(ctx, rec, out)
	return out, err
}

// prepare makes the pilot, if there is one, and has the transport ready.
func (h *hybridRun) prepare(ctx context.Context, rec *recorder) (*smc.Tempered, error) {
	var pilot *smc.Tempered
	if !h.knobs().Pilot.Skip {
		if err := h.begin(phasePilot); err != nil {
			return nil, err
		}
		cfg := h.pilotCfg
		cfg.Islands, cfg.OnTheFly = 1, true
		hooks := h.hooksFor(rec, "", phasePilot, newAnnealing(cfg))
		var err error
		if pilot, err = smc.Pilot(ctx, h.ref, h.density, h.pilotCfg, int64(h.knobs().Pilot.MaxEvaluations), hooks); err != nil {
			if n := h.knobs().Pilot.MaxEvaluations; n > 0 && ctx.Err() == nil {
				err = fmt.Errorf("pilot, with sampler.transport.pilot.max_evaluations = %d: %w", n, err)
			}
			return nil, err
		}
		if err := h.end(phasePilot, evalsOf(&pilot.Tally)); err != nil {
			return nil, err
		}
		h.say("pilot: log Z %.3f ± %.2g by tempering %d particles, %d evaluations", pilot.LogZ, pilot.LogZErr, h.pilotCfg.Particles, h.phases.evals[phasePilot].Sum())
	}
	return pilot, h.learn(ctx, pilot)
}

// hooksFor are the hooks of a phase.
func (h *hybridRun) hooksFor(rec *recorder, prefix, phase string, a *annealing) smc.Hooks {
	show := func(r smc.Report) {
		p, phase := a.report(r), phase
		switch {
		case phase != phaseSample:
		case isPilot(r.Stream):
			p.Fraction, phase = a.decided(), phaseDecide
		default:
			p.Fraction = a.sampled()
		}
		h.within(phase, p)
	}
	if rec == nil {
		return smc.Hooks{Workers: 1, Progress: show}
	}
	return rec.hooks(prefix, show)
}

func (h *hybridRun) say(format string, args ...any) {
	if h.options.Say != nil {
		h.options.Say(fmt.Sprintf(format, args...))
	}
}

// decided ends the decision and tells what it was.
func (h *hybridRun) decided(p *smc.Plan) error {
	if err := h.end(phaseDecide, evals{}); err != nil {
		return err
	}
	if err := h.begin(phaseSample); err != nil {
		return err
	}
	lines := p.Lines()
	for _, l := range lines {
		h.say("%s", l)
	}
	if h.folder == nil {
		return nil
	}
	return h.folder.Event(eventDecided, record.Fields{"cuts": p.Cuts, "decisions": lines, "stages": len(p.Stages)})
}

// lastStages runs the last stage of every stream again, with what was learned, and compares. Training has no stages.
func (h *hybridRun) lastStages(ctx context.Context, v record.View) (checks []Check, skipped []string, err error) {
	if learner, ok := h.carrier.Transport.(smc.Learner); ok {
		m, files, err := readArtefact(v.Dir())
		switch {
		case err == nil:
			err = h.load(learner, m, files)
		case errors.Is(err, fs.ErrNotExist): // it has not come so far: only the pilot is there
			err = nil
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return lastStages(v, func(stream string, before []byte) ([]byte, error) {
		name, beside := strings.CutPrefix(stream, besidePrefix)
		switch {
		case stream == trainStream:
			return nil, errNotRepeated
		case stream == phaseTempered:
			return smc.RerunPilot(ctx, h.ref, h.density, h.pilotCfg, before)
		case beside:
			return smc.Rerun(ctx, h.ref, h.density, h.besideCfg(), name, before)
		}
		return smc.Rerun(ctx, h.ref, h.density, h.cfg, stream, before)
	})
}

// phaseTempered is the stream of the pilot in the record.
const phaseTempered = "tempered"

// hybridOutcome is what it gave.
type hybridOutcome struct {
	*populationOutcome
	hybrid   *hybridRun
	tempered *smc.Tempered  // nil: no pilot
	beside   *besideOutcome // nil: nothing to compare with
}

// tally counts everything but the run beside.
func (o *hybridOutcome) tally() mcmc.Tally {
	t := o.Result.Tally
	for _, phase := range []string{phasePilot, phaseTrain} {
		e := o.hybrid.phases.evals[phase]
		t.Density += e.Density
		t.Gradient += e.Gradient
	}
	return t
}

func (o *hybridOutcome) told() []mcmc.Finding {
	all := append(o.assumedStart(), o.Result.Findings...)
	if m := o.hybrid.manifest; m != nil {
		for _, w := range m.Training.Warnings {
			all = append(all, mcmc.Finding{Code: "training", Text: w})
		}
	}
	return all
}

// assumedStart warns about an assumed reference where it was used: by the pilot; or without one, unless the transport brings its own.
func (o *hybridOutcome) assumedStart() []mcmc.Finding {
	if o.tempered != nil {
		return o.assumed("the pilot")
	}
	if o.givenUp() || o.hybrid.carrier.Reference() == nil {
		return o.assumed("the path")
	}
	return nil
}

// givenUp reports whether tempering took the place of the whole transport.
func (o *hybridOutcome) givenUp() bool {
	return len(o.Plan.Decisions) > 0 && !slices.ContainsFunc(o.Plan.Decisions, func(d smc.Decision) bool { return d.Verdict != smc.Replaced })
}

func (o *hybridOutcome) digest(d *record.Digest) {
	o.populationOutcome.digest(d)
	if o.beside != nil {
		d.Floats("beside/log_z", []float64{o.beside.logZ})
	}
}

// describe adds the transport, what was decided about it, and what the phases cost.
func (o *hybridOutcome) describe(sum *record.Summary, post *posterior) {
	o.populationOutcome.describe(sum, post)
	sum.Transport = &record.Transport{Name: o.hybrid.carrier.Info().Name, Cuts: o.Plan.Cuts, Decided: o.Plan.Lines()}
	if o.Plan.Cuts == 0 {
		sum.Transport.Cuts = len(o.hybrid.carrier.Cuts())
	}
	if m := o.hybrid.manifest; m != nil {
		sum.Transport.Artefact, sum.Transport.Steps = m.hash(), m.Training.Steps
	}
	for _, d := range o.Plan.Decisions {
		sum.Plan = append(sum.Plan, record.Decision{
			First: d.First, Last: d.Last, Verdict: d.Verdict.String(), ParetoK: record.Float(d.ParetoK), CESS: record.Float(d.CESS),
			Stages: d.Stages, Why: d.Why, Text: d.String(),
		})
	}
	sum.Phases = o.hybrid.phases.record()
	sum.Beside = o.beside.record()
	if sum.Beside != nil {
		sum.Findings = append(sum.Findings, record.Finding{Code: "beside", Text: sum.Beside.Text})
	}
}
