package smc

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/sampan-mc/sampan/smc/diag"
	"github.com/sampan-mc/sampan/smc/mcmc"
	"github.com/sampan-mc/sampan/smc/mcmc/snapshot"
	"github.com/sampan-mc/sampan/targets"
)

// Run draws from target by moving populations from ref to it. Both are on the unconstrained scale.
func Run(ctx context.Context, ref Reference, target targets.Density, cfg Config, hooks Hooks) (*Result, error) {
	r, err := newRun(ref, target, cfg)
	if err != nil {
		return nil, err
	}
	r.hooks = hooks
	return r.run(ctx)
}

func (r *run) run(ctx context.Context) (res *Result, err error) {
	defer func() { err = errors.Join(err, r.restoreCuts()) }()
	pilots, plan, err := r.plan(ctx)
	if err != nil {
		return nil, err
	}
	if plan != nil {
		if err := r.recut(plan); err != nil {
			return nil, err
		}
		if r.hooks.Decided != nil && r.cfg.Transport != nil {
			r.hooks.Decided(*plan)
		}
	}
	islands, err := r.islands(ctx, plan)
	if err != nil {
		return nil, err
	}
	return r.result(pilots, islands), nil
}

// plan finds what the islands will run by; nil if they are to find it themselves.
func (r *run) plan(ctx context.Context) ([]*population, *Plan, error) {
	switch {
	case r.cfg.OnTheFly:
		return nil, nil, nil
	case r.transport == nil:
		pilot := r.newPilot(0)
		return []*population{pilot}, &pilot.plan, pilot.run1(ctx)
	}
	pilots, err := r.prepare(ctx)
	if err != nil {
		return nil, nil, err
	}
	return pilots, &pilots[len(pilots)-1].plan, nil
}

// Rerun takes a snapshot that a run of this configuration saved of stream, and returns the one it saved next.
func Rerun(ctx context.Context, ref Reference, target targets.Density, cfg Config, stream string, snap []byte) (next []byte, err error) {
	r, err := newRun(ref, target, cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.restoreCuts()) }()
	pop, err := r.newStream(stream)
	if err != nil {
		return nil, err
	}
	err = pop.restore(snap)
	if errors.Is(err, snapshot.ErrForeign) && r.transport != nil { // of the part of a run that has given up its transport, perhaps
		if err := r.abandon(); err != nil {
			return nil, err
		}
		if pop, err = r.newStream(stream); err == nil {
			err = pop.restore(snap)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", stream, err)
	}
	if err := r.recut(&pop.plan); err != nil {
		return nil, err
	}
	if pop.done() {
		return nil, fmt.Errorf("%s: stage %d was the last", stream, pop.stage)
	}
	if err := pop.advance(ctx); err != nil {
		return nil, fmt.Errorf("%s, stage %d: %w", stream, pop.stage, err)
	}
	return pop.snapshot(), nil
}

// run is what the populations of a run share.
type run struct {
	ref    Reference
	target targets.Density
	cfg    Config
	d      int
	hooks  Hooks
	calls  sync.Mutex // held while a hook is called

	given     Reference // as the run was given it; ref may be the transport's own
	transport Transport // nil: none, or given up
	cuts      []Cut     // of the transport, as it is cut now
	set       int       // into so many; 0: as it came
	came      int       // with so many
	back      Evals     // what its paths back from a pilot's points asked of the target

	// What the tests replace: the moves by ones whose law is known, the others by wrong ones that they must notice.
	newMover func(k mcmc.Kernel, n, d int, tally *mcmc.Tally) mover
	cess     cessFunc
	reset    func(logW []float64) // of the log weights after resampling
}

func newRun(ref Reference, target targets.Density, cfg Config) (*run, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if err := mcmc.CheckGradient(cfg.Move.Kernel.Kind, target); err != nil {
		return nil, err
	}
	given := ref
	if cfg.Transport != nil {
		if own := cfg.Transport.Reference(); own != nil {
			ref = own
			if err := mcmc.CheckGradient(cfg.Move.Kernel.Kind, ref); err != nil {
				return nil, err
			}
		}
	}
	if p, ok := ref.(*Prior); ok && p.target.Info().Name != target.Info().Name {
		return nil, fmt.Errorf("reference: the prior of %s found where that of %s belongs", p.target.Info().Name, target.Info().Name)
	}
	d := target.Info().Dim()
	if k := ref.Info().Dim(); k != d {
		return nil, fmt.Errorf("reference has dimension %d, target %s has %d", k, target.Info().Name, d)
	}
	r := &run{
		ref: ref, given: given, target: target, cfg: cfg, d: d, transport: cfg.Transport,
		newMover: func(k mcmc.Kernel, n, d int, tally *mcmc.Tally) mover { return mcmc.NewMover(k, n, d, true, tally) },
		cess:     diag.CESS, reset: func(logW []float64) { clear(logW) },
	}
	if r.transport != nil {
		r.cuts = r.transport.Cuts()
		r.came = len(r.cuts)
	}
	return r, nil
}

// newStream makes the population of this name, its plan still to be read from a snapshot.
func (r *run) newStream(name string) (*population, error) {
	for attempt := range maxAttempts + 1 {
		if pilotName(attempt) == name && !r.cfg.OnTheFly {
			return r.newPilot(attempt), nil
		}
	}
	if digits, ok := strings.CutPrefix(name, "island-"); ok {
		if i, err := strconv.Atoi(digits); err == nil && i >= 0 && i < r.cfg.Islands {
			var plan *Plan
			if !r.cfg.OnTheFly {
				plan = &Plan{}
			}
			return r.newIsland(i, plan), nil
		}
	}
	return nil, fmt.Errorf("no stream %q in this run; it has %d islands, island-0 the first", name, r.cfg.Islands)
}

// islands runs them, up to Hooks.Workers at a time. If some fail the error is that of the first in order that failed of
// its own.
func (r *run) islands(ctx context.Context, plan *Plan) ([]*population, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pops := make([]*population, r.cfg.Islands)
	errs := make([]error, r.cfg.Islands)
	slots := make(chan struct{}, max(1, r.hooks.Workers))
	var wait sync.WaitGroup
	for i := range pops {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			pops[i] = r.newIsland(i, plan)
			if errs[i] = pops[i].run1(ctx); errs[i] != nil {
				cancel()
			}
		})
	}
	wait.Wait()
	var first error
	for _, err := range errs {
		if err != nil && (first == nil || (errors.Is(first, context.Canceled) && !errors.Is(err, context.Canceled))) {
			first = err
		}
	}
	return pops, first
}

// run1 takes a population from where its last snapshot left it, or from the reference, to the target.
func (pop *population) run1(ctx context.Context) error {
	fail := func(err error) error {
		return fmt.Errorf("%s, stage %d: %w", pop.stream, pop.stage, err)
	}
	loaded, err := pop.load()
	if err != nil {
		return err
	}
	if !loaded {
		if err := pop.begin(ctx); err != nil {
			return fail(err)
		}
		if err := pop.save(); err != nil {
			return fail(err)
		}
	}
	for !pop.done() {
		if err := ctx.Err(); err != nil {
			return fail(err)
		}
		if err := pop.advance(ctx); err != nil {
			return fail(err)
		}
		if err := pop.save(); err != nil {
			return fail(err)
		}
		if n := len(pop.reports); n > 0 { // none of a pilot all of whose particles died in the first segment
			pop.progress(pop.reports[n-1])
		}
	}
	return nil
}

func (pop *population) load() (bool, error) {
	if pop.hooks.Load == nil {
		return false, nil
	}
	pop.calls.Lock()
	index, snap, ok := pop.hooks.Load(pop.stream)
	pop.calls.Unlock()
	if !ok {
		return false, nil
	}
	if err := pop.restore(snap); err != nil {
		return false, fmt.Errorf("resume %s: %w", pop.stream, err)
	}
	if pop.stage != index {
		return false, fmt.Errorf("resume %s: the snapshot of stage %d was found as that of stage %d", pop.stream, pop.stage, index)
	}
	return true, nil
}

func (pop *population) save() error {
	if pop.hooks.Save == nil {
		return nil
	}
	snap := pop.snapshot()
	pop.calls.Lock()
	defer pop.calls.Unlock()
	if err := pop.hooks.Save(pop.stream, pop.stage, snap); err != nil {
		return fmt.Errorf("save: %w", err)
	}
	return nil
}

func (pop *population) progress(r Report) {
	if pop.hooks.Progress != nil {
		pop.calls.Lock()
		defer pop.calls.Unlock()
		pop.hooks.Progress(r)
	}
}
