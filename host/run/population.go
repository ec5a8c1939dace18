package run

import (
	"bytes"
	"context"
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
	// The engine calls one hook at a time. A failure that a hook cannot return ends the run at the next save.
	var failed error
	keep := newKeeper(p.folder)
	hooks := smc.Hooks{
		Workers: max(workers(p.conf), p.conf.Target.Workers),
		Save: func(stream string, index int, snapshot []byte) error {
			if failed != nil {
				return failed
			}
			return keep.save(stream, index, snapshot)
		},
		Progress: func(r smc.Report) {
			if err := p.stageDone(r); failed == nil {
				failed = err
			}
		},
		Load: func(stream string) (int, []byte, bool) {
			index, snapshot, ok, err := keep.load(stream)
			if failed == nil {
				failed = err
			}
			return index, snapshot, ok && err == nil
		},
	}
	res, err := smc.Run(ctx, p.ref, p.density, p.cfg, hooks)
	if flushed := keep.flush(); err == nil {
		err = flushed
	}
	if failed != nil {
		err = failed
	}
	if err != nil {
		return nil, err
	}
	return &populationOutcome{p, res}, nil
}

// again runs all anew, without a record.
func (p *populationRun) again(ctx context.Context) (outcome, error) {
	res, err := smc.Run(ctx, p.ref, p.density, p.cfg, smc.Hooks{Workers: 1})
	if err != nil {
		return nil, err
	}
	return &populationOutcome{p, res}, nil
}

// stageDone tells the record and the user of a stage.
func (p *populationRun) stageDone(r smc.Report) error {
	if p.options.Progress != nil {
		p.options.Progress(p.annealing.report(r))
	}
	return p.folder.Event(eventStage, record.Fields{
		"stream": r.Stream, "stage": r.Stage, "stages": r.Stages, "beta": r.Beta, "ess": r.ESS, "cess": r.CESS, "pareto_k": r.ParetoK,
		"resampled": r.Resampled, "ancestors": r.Ancestors, "log_z": r.LogZ, "acceptance": r.Acceptance, "step": r.Step,
		"density": r.Tally.Density, "gradient": r.Tally.Gradient, "seconds": p.seconds().fields(),
	})
}

// lastStages runs the last stage of every stream again and compares.
func (p *populationRun) lastStages(ctx context.Context, v record.View) (checks []Check, skipped []string, err error) {
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
		again, err := smc.Rerun(ctx, p.ref, p.density, p.cfg, stream, before)
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

func (o *populationOutcome) told() []mcmc.Finding { return o.Result.Findings }

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
