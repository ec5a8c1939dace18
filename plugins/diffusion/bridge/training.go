package bridge

import (
	"context"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/match"
	"github.com/sampan-mc/sampan/vec/nn/optim"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
)

// training is a regression under way.
type training struct {
	plan    *Plan
	problem *learn.Problem
	state   *learn.State
	model   *model
	params  *nn.Params[float32]
	adam    *optim.Adam[float32]
	rate    optim.Schedule
	draw    rng.Key
	pool    *par.Pool

	regression *match.Step[float32] // made at the first step of a round
}

// phases are the rounds, under one schedule of rates.
func (t *training) phases() []learn.Phase {
	rounds := t.plan.Refresh + 1
	like := make([]int, rounds)
	for i := range like {
		like[i] = t.plan.Train*(i+1)/rounds - t.plan.Train*i/rounds
	}
	var out []learn.Phase
	total := 0
	for i, steps := range t.problem.Share(like...) {
		first := total
		total += steps
		phase := learn.Phase{
			Name: "match", Steps: steps,
			Step:   func(_ context.Context, j int) (float64, error) { return t.step(first + j), nil },
			Keeps:  map[string][]float32{"m": t.adam.M, "v": t.adam.V, "mean": t.adam.Mean},
			Counts: map[string]*int{"adam": &t.adam.Steps},
		}
		if i > 0 {
			phase.Name = "match, with draws of its own"
			phase.Start = func(ctx context.Context) error { return t.refresh(ctx, i) }
		}
		out = append(out, phase)
	}
	t.rate = optim.Schedule{Peak: t.plan.Rate, Final: t.plan.Rate / 100, Warmup: total / 40, Steps: total}
	return out
}

// step makes step i of them all.
func (t *training) step(i int) float64 {
	if t.regression == nil {
		data := match.Pool[float32]{X: t.state.Facts[factX], Score: t.state.Facts[factScore]}
		t.regression = match.NewStep(t.model.Config, t.model.net, &t.model.layout, t.pool, data, t.plan.Batch, learn.Lanes)
	}
	loss, norm := t.regression.Gradient(t.params, t.draw, uint32(i))
	t.adam.Step(t.pool, t.params.Theta, t.regression.Grad, norm, t.rate.At(i))
	t.params.Refresh()
	return loss
}

// average is the exponential average of the parameters.
func (t *training) average() []float32 {
	if t.adam.Steps == 0 {
		return t.params.Theta
	}
	return t.adam.Mean
}

func (t *training) serve(theta []float32) (learn.Path, error) {
	times := chain.Refined(t.plan.Steps)
	if t.plan.Serve == ODE {
		return newFlow(t.model, times, theta), nil
	}
	return newSDE(t.model, times, theta), nil
}
