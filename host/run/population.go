package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/host/record"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/smc/diag"
	"github.com/sampan-mc/sampan/smc/mcmc"
	"github.com/sampan-mc/sampan/targets"
)

// populationRun is a run of smc or ais.
type populationRun struct {
	*session
	cfg       smc.Config
	ref       smc.Reference
	annealing *annealing
}

func (p *populationRun) run(ctx context.Context) (outcome, error) {
	rec := &recorder{session: p.session, keep: newKeeper(p.folder)}
	res, err := smc.Run(ctx, p.ref, p.density, p.cfg, rec.hooks("", func(r smc.Report) { p.show(p.annealing.report(r)) }))
	if err := rec.end(err); err != nil {
		return nil, err
	}
	return &populationOutcome{p, res}, nil
}

func (s *session) show(p Progress) {
	if s.options.Progress != nil {
		s.options.Progress(p)
	}
}

// recorder keeps the record of population runs. The engine calls one hook at a time. A failure that a hook cannot return
// ends the run at the next save.
type recorder struct {
	*session
	keep   *keeper
	failed error
}

// hooks join a run to the record, in which prefix goes before the names of its streams.
func (rec *recorder) hooks(prefix string, show func(smc.Report)) smc.Hooks {
	return smc.Hooks{
		Workers: max(workers(rec.conf), rec.conf.Target.Workers),
		Save: func(stream string, index int, snapshot []byte) error {
			if rec.failed != nil {
				return rec.failed
			}
			return rec.keep.save(prefix+stream, index, snapshot)
		},
		Progress: func(r smc.Report) {
			show(r)
			r.Stream = prefix + r.Stream
			rec.fail(rec.stageDone(r))
		},
		Load: func(stream string) (int, []byte, bool) {
			index, snapshot, ok, err := rec.keep.load(prefix + stream)
			rec.fail(err)
			return index, snapshot, ok && err == nil
		},
	}
}

func (rec *recorder) fail(err error) {
	if rec.failed == nil {
		rec.failed = err
	}
}

// end writes what is held back, and says what went wrong first.
func (rec *recorder) end(err error) error {
	if flushed := rec.keep.flush(); err == nil {
		err = flushed
	}
	if rec.failed != nil {
		err = rec.failed
	}
	return err
}

// again runs all anew, without a record.
func (p *populationRun) again(ctx context.Context) (outcome, error) {
	res, err := smc.Run(ctx, p.ref, p.density, p.cfg, smc.Hooks{Workers: 1})
	if err != nil {
		return nil, err
	}
	return &populationOutcome{p, res}, nil
}

// stageDone tells the record of a stage.
func (s *session) stageDone(r smc.Report) error {
	return s.folder.Event(eventStage, record.Fields{
		"stream": r.Stream, "stage": r.Stage, "stages": r.Stages, "segment": r.Segment, "beta": r.Beta, "ess": r.ESS, "cess": r.CESS, "pareto_k": r.ParetoK,
		"resampled": r.Resampled, "ancestors": r.Ancestors, "log_z": r.LogZ, "acceptance": r.Acceptance, "step": r.Step,
		"density": r.Tally.Density, "gradient": r.Tally.Gradient, "seconds": s.seconds().fields(),
	})
}

// lastStages runs the last stage of every stream again and compares.
func (p *populationRun) lastStages(ctx context.Context, v record.View) (checks []Check, skipped []string, err error) {
	return lastStages(v, func(stream string, before []byte) ([]byte, error) {
		return smc.Rerun(ctx, p.ref, p.density, p.cfg, stream, before)
	})
}

// errNotRepeated says that a stream has no stages that could be run again.
var errNotRepeated = errors.New("not repeated")

// lastStages runs the last stage of every stream again by rerun, which takes a snapshot to the next, and compares.
func lastStages(v record.View, rerun func(stream string, before []byte) ([]byte, error)) (checks []Check, skipped []string, err error) {
	streams, err := v.Streams()
	if err != nil {
		return nil, nil, err
	}
	for _, stream := range streams {
		have, err := v.Checkpoints(stream)
		if err != nil {
			return nil, nil, err
		}
		if len(have) < 2 || have[len(have)-1] != have[len(have)-2]+1 { // it began lately, a kill came between, or a file is gone
			skipped = append(skipped, stream)
			continue
		}
		from, to := have[len(have)-2], have[len(have)-1]
		before, err := v.LoadCheckpointAt(stream, from)
		if err != nil {
			return nil, nil, err
		}
		after, err := v.LoadCheckpointAt(stream, to)
		if err != nil {
			return nil, nil, err
		}
		again, err := rerun(stream, before)
		if errors.Is(err, errNotRepeated) {
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("run stage %d of %s again: %w", to, stream, err)
		}
		checks = append(checks, Check{What: fmt.Sprintf("%s, stage %d", stream, to), Same: bytes.Equal(again, after)})
	}
	return checks, skipped, nil
}

// populationOutcome is what it gave.
type populationOutcome struct {
	*populationRun
	*smc.Result
}

func (o *populationOutcome) posterior(ctx context.Context) (*posterior, error) {
	return ofIslands(ctx, o.Result, o.target.Density, o.transform)
}

func (o *populationOutcome) tally() mcmc.Tally { return o.Result.Tally }

func (o *populationOutcome) told() []mcmc.Finding {
	return append(o.assumed("the path"), o.Result.Findings...)
}

func (o *populationOutcome) digest(d *record.Digest) {
	for i := range o.Islands {
		is := &o.Islands[i]
		name := fmt.Sprintf("island-%d/", i)
		d.Floats(name+"x", is.Particles.X, is.Particles.N, is.Particles.D)
		d.Floats(name+"log_w", is.Particles.LogW)
		d.Ints(name+"lineage", is.Particles.Lineage)
		d.Floats(name+"draws", is.Draws, is.Particles.N, is.Particles.D)
		d.Floats(name+"log_z", []float64{is.LogZ})
	}
	d.Floats("log_z", []float64{o.LogZ})
}

// draws are equally weighted in the group posterior, and as they came in the group particles.
func (o *populationOutcome) draws(post *posterior) *record.Draws {
	out := post.record()
	raw := &record.Particles{Scale: "unconstrained"}
	for _, p := range o.density.Info().Params {
		raw.Names = append(raw.Names, flatNames(p)...)
	}
	lp := make([][]float64, len(o.Islands))
	for i := range o.Islands {
		is := &o.Islands[i]
		raw.X = append(raw.X, is.Particles.X...)
		raw.LogW = append(raw.LogW, is.Particles.LogW...)
		raw.Lineage = append(raw.Lineage, is.Particles.Lineage...)
		for range is.Particles.N {
			raw.Island = append(raw.Island, int32(i))
		}
		for _, a := range is.Ancestors {
			lp[i] = append(lp[i], is.Particles.LogTarget[a])
		}
	}
	out.Particles = raw
	out.Stats = []record.Stat{{Name: "lp", Values: lp}}
	return out
}

func (o *populationOutcome) rhat(chains [][]float64) float64 { return diag.IslandRhat(chains) }

// describe fills in what only a population has.
func (o *populationOutcome) describe(sum *record.Summary, _ *posterior) {
	head := o.Headline
	low, high := diag.Interval(o.LogZ, head.Value, head.DF, 0.9)
	sum.LogZ, sum.LogZSE, sum.LogZMethod = record.Float(o.LogZ), record.Float(head.Value), head.Method
	if !math.IsNaN(low) {
		sum.LogZInterval = &record.Interval{Level: 0.9, Low: record.Float(low), High: record.Float(high)}
	}
	sum.LogZErrors = record.LogZErrorsOf(o.LogZErrors)
	sum.ESS, sum.ParetoK = record.Float(o.ESS), record.Float(o.ParetoK)
	sum.ESSFraction = record.Float(o.ESS / float64(o.cfg.Particles*o.cfg.Islands))
	all := &record.Ancestors{Of: o.cfg.Particles * o.cfg.Islands}
	for i := range o.Islands {
		is := &o.Islands[i]
		alive, effective := is.Genealogy.Ancestors()
		all.Surviving += alive
		all.Effective += record.Float(effective)
		sum.Islands = append(sum.Islands, record.Island{
			LogZ: record.Float(is.LogZ), ESS: record.Float(is.ESS), ParetoK: record.Float(is.ParetoK),
			Stages: len(is.Reports), Resamplings: is.Genealogy.Resamplings, Ancestors: alive,
		})
	}
	sum.Ancestors = all
}

// compareLogZ sets the estimate against a known value.
func (o *populationOutcome) compareLogZ(k targets.Known, e *record.Error) {
	diff := o.LogZ - k.LogZ
	e.LogZ, e.LogZKnown, e.LogZKnownSE = record.Float(diff), record.Float(k.LogZ), record.Float(k.LogZErr)
	e.LogZDeviation = record.Float(diff / math.Hypot(o.Headline.Value, k.LogZErr))
}
