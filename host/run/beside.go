package run

import (
	"context"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/host/record"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/smc/mcmc"
)

// besidePrefix goes before the streams of the tempered run beside.
const besidePrefix = "beside-"

// even is the gain, or loss, up to which neither paid.
const even = 1.1

// fewBeside is the least number of particles in an island of it.
const fewBeside = 16

// besideOutcome is what tempered SMC, without the transport, makes of as many evaluations of the target.
type besideOutcome struct {
	run              bool // else it is reckoned from the pilot
	particles        int
	logZ, err        float64
	evals            evals
	seconds          float64
	perEval, perTime float64
	text             string
}

// besideCfg is the run without its transport, of other random numbers.
func (h *hybridRun) besideCfg() smc.Config {
	c := h.cfg
	c.Transport, c.Tempered, c.AsIs = nil, nil, false
	c.Seed++
	c.Particles = h.knobs().BesideParticles
	return c
}

// compare sets the run against tempered SMC at the same number of evaluations of the target: run beside if the run file
// says so, else reckoned from the pilot, whose variance is in inverse proportion to its cost.
func (h *hybridRun) compare(ctx context.Context, rec *recorder, out *hybridOutcome) (*besideOutcome, error) {
	k := h.knobs()
	tally := out.tally()
	cost := evalsOf(&tally)
	var used evals
	var pilot float64 // evaluations, and those of the finer moves that tempering makes, where a pilot does without
	switch {
	case out.tempered != nil:
		used = evalsOf(&out.tempered.Tally)
		pilot = float64(used.Sum() + out.tempered.Finer)
	case !k.Beside:
		return nil, nil // without one nobody knows what a particle costs
	}
	b := &besideOutcome{particles: k.BesideParticles}
	if b.particles == 0 { // its islands, and a pilot as large as one
		each := pilot / float64(h.pilotCfg.Particles)
		b.particles = int(float64(cost.Sum()) / (each * float64(h.cfg.Islands+1)))
		if b.particles < fewBeside {
			if k.Beside {
				h.findings = append(h.findings, mcmc.Finding{Code: "beside-too-small", Text: fmt.Sprintf(
					"nothing was run beside: tempering at the same cost would have %d particles in an island, and says nothing with less than %d", b.particles, fewBeside)})
			}
			return nil, nil
		}
		k.BesideParticles = b.particles
		if k.Beside && rec != nil {
			if err := h.writeRunFile(); err != nil {
				return nil, err
			}
		}
	}
	switch {
	case k.Beside:
		if err := h.runBeside(ctx, rec, b); err != nil {
			return nil, err
		}
	default:
		scale := float64(cost.Sum()) / pilot
		b.evals, b.logZ, b.err = cost, out.tempered.LogZ, out.tempered.LogZErr/math.Sqrt(scale)
		b.seconds = float64(cost.Sum()) / float64(used.Sum()) * h.phases.seconds(phasePilot)
	}
	b.judge(out.Headline.Value, cost, h.spentSeconds(), out.givenUp())
	if h.given != nil {
		b.text += ". What the artefact's training took is not counted"
	}
	return b, nil
}

func (h *hybridRun) spentSeconds() float64 {
	t := 0.0
	for _, n := range []string{phasePilot, phaseTrain, phaseDecide, phaseSample} {
		t += h.phases.seconds(n)
	}
	return t
}

func (h *hybridRun) runBeside(ctx context.Context, rec *recorder, b *besideOutcome) error {
	if err := h.begin(phaseBeside); err != nil {
		return err
	}
	cfg := h.besideCfg()
	res, err := smc.Run(ctx, h.ref, h.density, cfg, h.hooksFor(rec, besidePrefix, phaseBeside, newAnnealing(cfg)))
	if err != nil {
		return fmt.Errorf("tempered SMC beside: %w", err)
	}
	if err := h.end(phaseBeside, evalsOf(&res.Tally)); err != nil {
		return err
	}
	b.run, b.logZ, b.err, b.evals, b.seconds = true, res.LogZ, res.Headline.Value, evalsOf(&res.Tally), h.phases.seconds(phaseBeside)
	return nil
}

// judge says in a line whether the transport paid, or having tried it: by the variance of log Z times the cost. What the
// pilot foretells is the error alone.
func (b *besideOutcome) judge(err float64, cost evals, seconds float64, givenUp bool) {
	ratio := b.err * b.err / (err * err)
	b.perEval = ratio * float64(b.evals.Sum()) / float64(cost.Sum())
	b.perTime = ratio * b.seconds / seconds
	how := fmt.Sprintf("tempered SMC at the same cost gives log Z %.3f ± %.2g", b.logZ, b.err)
	if !b.run {
		how = fmt.Sprintf("tempered SMC, as the pilot foretells it at the same cost, would give log Z to ± %.2g", b.err)
	}
	what := "the transport"
	if givenUp {
		what = "trying the transport"
	}
	said := func(gain float64) string {
		switch {
		case math.IsNaN(gain) || math.IsInf(gain, 0) || gain <= 0:
			return "who knows"
		case math.Abs(math.Log(gain)) < math.Log(even):
			return "came to the same"
		case gain >= 1:
			return "paid, by " + times(gain)
		}
		return "did not pay, by " + times(1/gain)
	}
	b.text = fmt.Sprintf("%s from %d evaluations in %.3g s; this run ± %.2g from %d in %.3g s. Per evaluation %s %s; per second it %s",
		how, b.evals.Sum(), b.seconds, err, cost.Sum(), seconds, what, said(b.perEval), said(b.perTime))
}

// times is a factor in two digits.
func times(factor float64) string {
	if factor < 99.5 {
		return fmt.Sprintf("%.2g times", factor)
	}
	unit := math.Pow(10, math.Floor(math.Log10(factor))-1)
	return fmt.Sprintf("%.0f times", math.Round(factor/unit)*unit)
}

func (b *besideOutcome) record() *record.Beside {
	if b == nil {
		return nil
	}
	return &record.Beside{
		Run: b.run, Particles: b.particles, LogZ: record.Float(b.logZ), LogZSE: record.Float(b.err), Evals: record.Evals(b.evals),
		Seconds: record.Float(b.seconds), PerEval: record.Float(b.perEval), PerSecond: record.Float(b.perTime), Text: b.text,
	}
}
