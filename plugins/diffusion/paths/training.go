package paths

import (
	"context"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/regress"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/optim"
	"github.com/sampan-mc/sampan/vec/par"
)

// training is a training under way, in one or two phases.
type training struct {
	plan    *Plan
	problem *learn.Problem
	state   *learn.State
	sampler *chain.Sampler[float32]
	params  *nn.Params[float32]
	pool    *par.Pool
	adams   []*optim.Adam[float32] // of the phases
	steps   int                    // of the last phase, that of the plan's loss
}

// stage is one phase's way to a gradient.
type stage interface {
	// gradient is that of step i: its loss and norm, and itself.
	gradient(ctx context.Context, i int) (loss, norm float64, g []float32, err error)
	// keeps and counts are as in learn.Phase.
	keeps() (map[string][]float32, map[string]*int)
}

// phases are, from a pilot, the regression on its draws as a start, and then the loss of the plan.
func (t *training) phases() []learn.Phase {
	p := t.plan
	if !t.matched() {
		t.steps = t.problem.Share(p.TrainSteps)[0]
		return []learn.Phase{t.phase(p.Loss, t.steps, p.Rate, p.loss(t))}
	}
	steps := t.problem.Share(p.MatchSteps, p.TrainSteps)
	t.steps = steps[1]
	return []learn.Phase{
		t.phase("match", steps[0], p.MatchRate, &matching{training: t}),
		t.phase(p.Loss, t.steps, p.Rate, p.loss(t)),
	}
}

// averaged is how often a training is as long as what is averaged over.
const averaged = 15

// matched tells whether the training starts by regression: from a pilot, with a way back that is known.
func (t *training) matched() bool {
	return t.plan.Start == Pilot && !t.plan.annealed() && t.plan.Loss != AdjointSampling && t.plan.MatchSteps > 0
}

// phase makes a phase of Adam steps at a falling rate. Where there was one before it starts from that one's average.
func (t *training) phase(name string, steps int, rate float64, s stage) learn.Phase {
	config := optim.Default
	config.EMA = min(config.EMA, max(1-averaged/float64(max(steps, 1)), 0.5)) // a short training is not to be held back by where it began
	adam := optim.New[float32](config, t.params.Layout.Size())
	before := t.adams
	t.adams = append(t.adams, adam)
	schedule := optim.Schedule{Peak: rate, Final: rate / 100, Warmup: steps / 40, Steps: steps}
	keeps, counts := s.keeps()
	if keeps == nil {
		keeps, counts = map[string][]float32{}, map[string]*int{}
	}
	keeps["m"], keeps["v"], keeps["mean"], counts["adam"] = adam.M, adam.V, adam.Mean, &adam.Steps
	return learn.Phase{
		Name: name, Steps: steps, Keeps: keeps, Counts: counts,
		Start: func(context.Context) error {
			if n := len(before); n > 0 && before[n-1].Steps > 0 {
				copy(t.params.Theta, before[n-1].Mean)
				t.params.Refresh()
			}
			return nil
		},
		Step: func(ctx context.Context, i int) (float64, error) {
			loss, norm, g, err := s.gradient(ctx, i)
			if err != nil {
				return 0, err
			}
			if math.IsNaN(loss) {
				return 0, fmt.Errorf("no path of the batch has a finite weight")
			}
			adam.Step(t.pool, t.params.Theta, g, norm, schedule.At(i))
			t.params.Refresh()
			return loss, nil
		},
	}
}

// average is the exponential average of the parameters over the last phase that has begun.
func (t *training) average() []float32 {
	for i := len(t.adams) - 1; i >= 0; i-- {
		if t.adams[i].Steps > 0 {
			return t.adams[i].Mean
		}
	}
	return t.params.Theta
}

// target is the problem's in the frame of the state.
func (t *training) target() *space.Target[float32] {
	return space.On[float32](t.state.Frame, t.problem.Target, t.pool.Workers(), learn.Lanes)
}

// matching is the regression on a pilot's draws: the way back taken as it would be with nothing learned of it.
type matching struct {
	*training
	target     *space.Target[float32]
	regression *regress.Step[float32] // made at the first step
}

func (m *matching) keeps() (map[string][]float32, map[string]*int) { return nil, nil }

func (m *matching) gradient(ctx context.Context, i int) (loss, norm float64, g []float32, err error) {
	if m.regression == nil {
		m.target = m.training.target()
		data, err := regress.NewPilot(m.state.Facts[factX], m.state.Facts[factScore], m.problem.Dim)
		if err != nil {
			return 0, 0, nil, err
		}
		fixed := *m.sampler
		spec := *m.sampler.Spec
		spec.Back = chain.Fixed
		fixed.Spec = &spec
		if m.regression, err = regress.New(&fixed, data, matchBatch, learn.Lanes, m.pool, m.target); err != nil {
			return 0, 0, nil, err
		}
	}
	m.target.Use(ctx)
	loss, norm, err = m.regression.Gradient(m.params, m.problem.Stream("bridges"), uint32(i))
	return loss, norm, m.regression.Grad, err
}

// matchBatch is the samples of a step of the regression.
const matchBatch = 2048
