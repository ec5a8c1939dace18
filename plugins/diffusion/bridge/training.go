package bridge

import (
	"context"
	"fmt"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/match"
	"github.com/sampan-mc/sampan/vec/nn/optim"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// training is a regression under way.
type training struct {
	plan    *Plan
	problem *learn.Problem
	state   *learn.State
	model   *model
	params  *nn.Params[float32]
	adam    *optim.Adam[float32]

	// Made at the first step of a round.
	regression *match.Step[float32]
	target     *space.Target[float32] // for scores as inputs
}

// phases are the first round and those on the model's own draws, of as many steps each.
func (t *training) phases() []learn.Phase {
	rounds := t.plan.Refresh + 1
	like := make([]int, rounds)
	for i := range like {
		like[i] = t.plan.Train*(i+1)/rounds - t.plan.Train*i/rounds
	}
	var out []learn.Phase
	for i, steps := range t.problem.Share(like...) {
		peak := t.plan.Rate
		name := "match"
		if i > 0 {
			peak, name = peak/2, "refresh"
		}
		rate := optim.Schedule{Peak: peak, Final: peak / 100, Warmup: steps / 40, Steps: steps}
		draw := t.problem.Stream(fmt.Sprintf("bridges/%d", i))
		phase := learn.Phase{
			Name: name, Steps: steps,
			Start:  func(context.Context) error { t.regression = nil; return nil },
			Step:   func(ctx context.Context, j int) (float64, error) { return t.step(ctx, draw, j, rate.At(j)) },
			Keeps:  map[string][]float32{"m": t.adam.M, "v": t.adam.V, "mean": t.adam.Mean},
			Counts: map[string]*int{"adam": &t.adam.Steps},
		}
		if i > 0 {
			phase.Start = func(ctx context.Context) error { return t.refresh(ctx, i) }
		}
		out = append(out, phase)
	}
	return out
}

// step makes step i of a round.
func (t *training) step(ctx context.Context, draw rng.Key, i int, rate float64) (float64, error) {
	pool := t.problem.Pool()
	if t.regression == nil {
		data := match.Pool[float32]{X: t.state.Facts[factX], Score: t.state.Facts[factScore]}
		t.regression = match.NewStep(t.model.Config, t.model.net, &t.model.layout, pool, data, t.plan.Batch, learn.Lanes)
		if t.model.Extra > 0 {
			t.scores()
		}
	}
	if t.target != nil {
		t.target.Use(ctx)
	}
	loss, norm := t.regression.Gradient(t.params, draw, uint32(i))
	if t.target != nil {
		if err := t.target.Err(); err != nil {
			return 0, err
		}
	}
	t.adam.Step(pool, t.params.Theta, t.regression.Grad, norm, rate)
	t.params.Refresh()
	return loss, nil
}

// scores makes the regression ask the target for further inputs.
func (t *training) scores() {
	workers := t.problem.Pool().Workers()
	t.target = space.On[float32](t.state.Frame, t.problem.Target, workers, learn.Lanes)
	type scratch struct {
		logp []float64
		q    tile.Tile[float32]
	}
	room := make([]scratch, workers)
	for i := range room {
		room[i] = scratch{make([]float64, learn.Lanes), tile.New[float32](t.model.Dim, learn.Lanes)}
	}
	t.regression.Extra = func(worker int, dst, x tile.Tile[float32]) {
		r := &room[worker]
		t.target.Eval(worker, r.logp, r.q, x)
		t.model.bounded(dst, r.q)
	}
}

// average is the exponential average of the parameters.
func (t *training) average() []float32 {
	if t.adam.Steps == 0 {
		return t.params.Theta
	}
	return t.adam.Mean
}

func (t *training) serve(theta []float32) (learn.Path, error) {
	times := refined(t.plan.Steps)
	if t.plan.Serve == ODE {
		return newFlow(t.model, times, theta, t.state.Frame, t.problem.Target), nil
	}
	return newSDE(t.model, times, theta, t.state.Frame, t.problem.Target), nil
}
