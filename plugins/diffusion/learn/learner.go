package learn

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/nn"
)

// Learner is a plan as a transport. It implements smc.Learner, smc.Backward, smc.CutSetter and smc.OwnDensity.
type Learner struct {
	plan    Plan
	problem Problem // Key and Steps are a training's

	densities, gradients atomic.Int64 // points of the target, of the training under way
	allowed              int64

	state  *State
	params []float32 // what is served
	layout *nn.Layout
	served *served // nil until there is something
	result Evaluation
}

var (
	errUntrained = errors.New("the transport has not been trained, nor was an artefact loaded")
	errNotOwn    = errors.New("a density of the path's own was asked for at a cut where it has none")
)

// New makes a learner that knows nothing yet.
func New(plan Plan, p Problem) *Learner {
	l := &Learner{plan: plan, problem: p}
	l.problem.Target = targets.Watch(p.Target, func(_ context.Context, n int, want targets.Want) error {
		count := &l.densities
		if want.Has(targets.Grad) {
			count = &l.gradients
		}
		count.Add(int64(n))
		if l.allowed > 0 && l.densities.Load()+l.gradients.Load() > l.allowed {
			return errSpent
		}
		return nil
	})
	return l
}

var errSpent = errors.New("the evaluations that were allowed are spent")

// Info describes the path: before any training, one exact segment.
func (l *Learner) Info() smc.TransportInfo {
	info := smc.TransportInfo{Exact: true}
	if l.served != nil {
		info = l.served.path.Info()
	}
	info.Name = l.plan.Name()
	return info
}

// Reference is the normal that the path starts from; nil before any training.
func (l *Learner) Reference() smc.Reference {
	if l.served == nil {
		return nil
	}
	return l.served.reference
}

// Cuts are those of the path; before any training only its end.
func (l *Learner) Cuts() []smc.Cut {
	if l.served == nil {
		return []smc.Cut{{Kind: smc.CutBeta, Beta: 1}}
	}
	return l.served.path.Cuts()
}

// Train runs the plan's phases.
func (l *Learner) Train(ctx context.Context, t *smc.Training) (*smc.Learned, error) {
	p := l.problem
	p.Key, p.Steps = t.Key, t.MaxSteps
	l.allowed = t.MaxEvaluations
	l.densities.Store(0)
	l.gradients.Store(0)
	r := &run{Learner: l, problem: &p, order: t}
	switch err := r.begin(ctx); {
	case errors.Is(err, errSpent):
		return nil, fmt.Errorf("%d evaluations were allowed, and do not last to the first step of training; allow more, or take fewer particles for the pilot", t.MaxEvaluations)
	case err != nil:
		return nil, err
	}
	learned, err := r.loop(ctx)
	if err != nil {
		return nil, err
	}
	r.report(smc.Evaluating)
	if err := l.serve(r.state, r.program.Layout, r.program.Average(), r.program.Serve); err != nil {
		return nil, err
	}
	l.allowed = 0 // how good it is, is to be known
	if r.program.Warnings != nil {
		warnings, err := r.program.Warnings(ctx)
		if err != nil {
			return nil, err
		}
		learned.Warnings = append(learned.Warnings, warnings...)
	}
	if l.result, err = l.served.evaluate(ctx, &p, paths(finalPaths, p.Dim)); err != nil {
		return nil, err
	}
	if warning, err := l.served.halve(ctx, &p, &l.result); err != nil {
		return nil, err
	} else if warning != "" {
		learned.Warnings = append(learned.Warnings, warning)
	}
	learned.Used = smc.Evals{Density: l.densities.Load(), Gradient: l.gradients.Load()}
	return learned, nil
}

// run is a training under way.
type run struct {
	*Learner
	problem *Problem
	order   *smc.Training
	state   *State
	program *Program

	phase, step int // the next step
	done        int // steps of all phases
	total       int
	started     bool // the phase's Start has been called
	loss        float64
	metrics     map[string]float64
}

// begin takes the order's checkpoint up, or prepares a training.
func (r *run) begin(ctx context.Context) (err error) {
	if r.order.Resume != nil {
		return r.restore(r.order.Resume)
	}
	if r.state, err = r.plan.Prepare(ctx, r.problem, r.order.Pilot); err != nil {
		return err
	}
	// The frame is made from its axes as a checkpoint's is, so that both have the same bits.
	active := r.state.Frame.Active
	if r.state.Frame, err = space.NewFrame(r.state.Frame.Mean, r.state.Frame.B); err != nil {
		return err
	}
	r.state.Frame.Active = active
	return r.build()
}

func (r *run) build() (err error) {
	if r.program, err = r.plan.Build(r.problem, r.state); err != nil {
		return err
	}
	for _, p := range r.program.Phases {
		r.total += p.Steps
	}
	return nil
}

// reports is how many times a training looks at how good it is.
const reports = 8

func (r *run) loop(ctx context.Context) (*smc.Learned, error) {
	every := max(r.total/reports, 1)
	for ; r.phase < len(r.program.Phases); r.phase, r.step, r.started = r.phase+1, 0, false {
		p := &r.program.Phases[r.phase]
		if p.Steps == 0 {
			continue
		}
		for r.step < p.Steps {
			if early, err := r.asked(); early != "" || err != nil {
				return r.ended(early), err
			}
			err := r.advance(ctx, p)
			if errors.Is(err, errSpent) {
				return r.ended("the evaluations that were allowed are spent"), nil
			}
			if err != nil {
				return nil, fmt.Errorf("%s, step %d: %w", p.Name, r.step, err)
			}
			if r.done%every == 0 {
				r.report(smc.Evaluating)
				if err := r.look(ctx); err != nil && !errors.Is(err, errSpent) {
					return nil, err
				}
			}
			r.report(p.Name)
		}
	}
	return r.ended(""), nil
}

// advance makes one step.
func (r *run) advance(ctx context.Context, p *Phase) (err error) {
	if !r.started && p.Start != nil {
		if err := p.Start(ctx); err != nil {
			return err
		}
	}
	r.started = true
	if r.loss, err = p.Step(ctx, r.step); err != nil {
		return err
	}
	r.step++
	r.done++
	return nil
}

// asked does what the host wants between steps, and tells why to stop, if it is to.
func (r *run) asked() (early string, err error) {
	if r.order.Ask == nil {
		return "", nil
	}
	checkpoint, stop := r.order.Ask()
	if checkpoint && r.order.Checkpoint != nil {
		if err := r.order.Checkpoint(r.checkpoint()); err != nil {
			return "", err
		}
	}
	if stop {
		return "the host asked for it", nil
	}
	return "", nil
}

// look evaluates what there is so far on a few paths.
func (r *run) look(ctx context.Context) error {
	path, err := r.program.Serve(r.program.Average())
	if err != nil {
		return err
	}
	s, err := newServed(path, r.state.Frame, r.Learner.problem.Target)
	if err != nil {
		return err
	}
	e, err := s.evaluate(ctx, r.problem, paths(lookPaths, r.problem.Dim))
	if err != nil {
		return err
	}
	r.metrics = e.metrics()
	return nil
}

func (r *run) report(phase string) {
	if r.order.Report != nil {
		r.order.Report(smc.TrainReport{Phase: phase, Step: r.done, Of: r.total, Loss: r.loss, Metrics: r.metrics})
	}
}

func (r *run) ended(early string) *smc.Learned {
	return &smc.Learned{Steps: r.done, StoppedEarly: early != "", Reason: early}
}

// serve makes theta what the transport moves by.
func (l *Learner) serve(s *State, layout *nn.Layout, theta []float32, make func([]float32) (Path, error)) error {
	path, err := make(theta)
	if err != nil {
		return err
	}
	if l.served, err = newServed(path, s.Frame, l.problem.Target); err != nil {
		return err
	}
	l.state, l.layout, l.params = s, layout, theta
	return nil
}
