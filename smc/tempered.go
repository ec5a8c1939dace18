package smc

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/sampan-mc/sampan/smc/mcmc"
	"github.com/sampan-mc/sampan/smc/mcmc/snapshot"
	"github.com/sampan-mc/sampan/targets"
)

// Tempered is what one tempered population found: a pilot that a transport can learn from and is held against.
type Tempered struct {
	Levels  []Level // from the reference to the target, one a stage
	LogZ    float64
	LogZErr float64 // its standard error, by the genealogy of the particles
	Reports []Report
	Tally   mcmc.Tally
	// Finer is how many evaluations the first level of finer moves would have taken, which a run makes at every stage that calls
	// for them and a pilot at its end only. Of deeper levels it knows nothing.
	Finer int64
}

// temperedStream is the stream of a Pilot in its hooks.
const temperedStream = "tempered"

// Pilot runs one population from ref to target that adapts as it goes, and keeps that of every level. Of cfg it takes
// seed, particles, schedule, resampling and moves. If maxEvals points of the target, 0 for no limit, do not suffice, that
// is an error. In hooks its stream is "tempered".
func Pilot(ctx context.Context, ref Reference, target targets.Density, cfg Config, maxEvals int64, hooks Hooks) (*Tempered, error) {
	t, err := newTempering(ref, target, cfg, hooks)
	if err != nil {
		return nil, err
	}
	if err := t.work(ctx, maxEvals); err != nil {
		return nil, fmt.Errorf("%s, stage %d: %w", t.stream, t.stage, err)
	}
	is := t.finish()
	return &Tempered{
		Levels: t.levels, LogZ: is.LogZ, LogZErr: is.logZErr(), Reports: t.reports, Tally: t.tally,
		Finer: t.plan.finerEvals(t.cfg.Move.Kernel, t.p.N),
	}, nil
}

// RerunPilot takes a snapshot that a Pilot of this configuration saved, and returns the one it saved next.
func RerunPilot(ctx context.Context, ref Reference, target targets.Density, cfg Config, snap []byte) (next []byte, err error) {
	hooks := Hooks{Save: func(_ string, _ int, snap []byte) error { next = snap; return nil }}
	t, err := newTempering(ref, target, cfg, hooks)
	if err != nil {
		return nil, err
	}
	if err := t.restore(snap); err != nil {
		return nil, fmt.Errorf("%s: %w", t.stream, err)
	}
	if t.done() {
		return nil, fmt.Errorf("%s: stage %d was the last", t.stream, t.stage)
	}
	if err := t.advance(ctx); err != nil {
		return nil, fmt.Errorf("%s, stage %d: %w", t.stream, t.stage, err)
	}
	err = t.keep()
	return next, err
}

func newTempering(ref Reference, target targets.Density, cfg Config, hooks Hooks) (*tempering, error) {
	cfg.Islands, cfg.OnTheFly, cfg.Transport, cfg.Tempered, cfg.AsIs = 1, true, nil, nil, false
	r, err := newRun(ref, target, cfg)
	if err != nil {
		return nil, err
	}
	r.hooks = hooks
	t := &tempering{population: r.newPopulation(temperedStream, "smc/tempered", 0)}
	t.coarse = true
	t.threshold = max(cfg.Threshold, pilotThreshold)
	return t, nil
}

// tempering is a population that remembers where it has been.
type tempering struct {
	*population
	levels []Level
}

func (t *tempering) work(ctx context.Context, maxEvals int64) error {
	loaded := false
	if t.hooks.Load != nil {
		if _, snap, ok := t.hooks.Load(t.stream); ok {
			if err := t.restore(snap); err != nil {
				return fmt.Errorf("resume: %w", err)
			}
			loaded = true
		}
	}
	if !loaded {
		if err := t.begin(ctx); err != nil {
			return err
		}
		if err := t.keep(); err != nil {
			return err
		}
	}
	for !t.done() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if used := t.tally.Density + t.tally.Gradient; maxEvals > 0 && used >= maxEvals {
			return fmt.Errorf("the %d evaluations that were allowed reach β = %.3g only; allow more, or take fewer particles or moves", maxEvals, t.beta)
		}
		if err := t.advance(ctx); err != nil {
			return err
		}
		if err := t.keep(); err != nil {
			return err
		}
		t.progress(t.reports[len(t.reports)-1])
	}
	return nil
}

// advance takes the population through its next stage, and has it settle after the last.
func (t *tempering) advance(ctx context.Context) error {
	if err := t.population.advance(ctx); err != nil || !t.done() {
		return err
	}
	return t.settle(ctx)
}

// keep adds the population to the levels, and saves all.
func (t *tempering) keep() error {
	l := Level{
		Beta: t.beta, N: t.p.N, D: t.p.D, X: slices.Clone(t.p.X), LogRef: slices.Clone(t.p.LogRef), LogTarget: slices.Clone(t.p.LogTarget),
	}
	if slices.ContainsFunc(t.p.LogW, func(w float64) bool { return w != 0 }) {
		l.LogW = slices.Clone(t.p.LogW)
	}
	if n := len(t.reports); n > 0 {
		l.LogZ = t.reports[n-1].LogZ
	}
	t.levels = append(t.levels, l)
	if t.hooks.Save == nil {
		return nil
	}
	if err := t.hooks.Save(t.stream, t.stage, t.snapshot()); err != nil {
		return fmt.Errorf("save: %w", err)
	}
	return nil
}

const (
	temperedFormat  = "sampan/smc/tempered"
	temperedVersion = 1
)

func (t *tempering) snapshot() []byte {
	w := snapshot.NewWriter(temperedFormat, temperedVersion, t.fingerprint())
	w.Raw(t.population.snapshot())
	w.Int(len(t.levels))
	for _, l := range t.levels {
		w.Float(l.Beta)
		w.Float(l.LogZ)
		for _, v := range [][]float64{l.X, l.LogRef, l.LogTarget, l.LogW} {
			w.Floats(v)
		}
	}
	return w.Bytes()
}

func (t *tempering) restore(snap []byte) error {
	r, err := snapshot.Open(snap, temperedFormat, temperedVersion, t.fingerprint())
	if err != nil {
		return err
	}
	if err := t.population.restore(r.Raw()); err != nil {
		return err
	}
	t.levels = make([]Level, r.Count())
	for i := range t.levels {
		l := Level{N: t.p.N, D: t.p.D, Beta: r.Float(), LogZ: r.Float(), X: r.Floats(), LogRef: r.Floats(), LogTarget: r.Floats(), LogW: r.Floats()}
		if len(l.LogW) == 0 {
			l.LogW = nil
		}
		t.levels[i] = l
	}
	return r.Close()
}

// logZErr is the standard error of the island's log Z by its genealogy.
func (is *Island) logZErr() float64 {
	v, _ := is.Genealogy.RelativeVariance()
	return math.Sqrt(math.Log1p(max(0, v)))
}
