package regress

import (
	"context"
	"fmt"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/pilot"
	"github.com/sampan-mc/sampan/plugins/diffusion/polish"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/optim"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
)

// training is a regression under way.
type training struct {
	plan    *Plan
	problem *learn.Problem
	state   *learn.State
	sampler *chain.Sampler[float32]
	params  *nn.Params[float32]
	adam    *optim.Adam[float32]
	rate    optim.Schedule
	draw    rng.Key
	pool    *par.Pool

	polished int       // steps of package polish
	momentum []float32 // of these

	regression *Step[float32] // made when first wanted
	fresh      bool           // it draws from the pool as it is
	target     *space.Target[float32]
}

func newTraining(p *Plan, problem *learn.Problem, s *learn.State, sampler *chain.Sampler[float32]) *training {
	layout := &sampler.Control.Layout
	t := &training{
		plan: p, problem: problem, state: s, sampler: sampler, pool: problem.Pool(),
		params: nn.NewParams[float32](layout), adam: optim.New[float32](optim.Default, layout.Size()), draw: problem.Stream("bridges"),
	}
	t.params.Init(problem.Stream("init"))
	return t
}

// phases are the rounds, under one schedule of rates, and what comes after.
func (t *training) phases() []learn.Phase {
	rounds, steps := 1+t.plan.Refresh, t.plan.Steps
	number(&steps, trainSteps(t.problem.Dim))
	like := make([]int, rounds, rounds+1)
	for i := range like {
		like[i] = (i+1)*steps/rounds - i*steps/rounds
	}
	share := t.problem.Share(append(like, t.plan.Polish)...)
	var phases []learn.Phase
	before := 0
	for i, n := range share[:rounds] {
		first := before
		p := learn.Phase{
			Name: "match", Steps: n,
			Step:   func(ctx context.Context, i int) (float64, error) { return t.step(ctx, first+i) },
			Keeps:  map[string][]float32{"m": t.adam.M, "v": t.adam.V, "mean": t.adam.Mean},
			Counts: map[string]*int{"adam": &t.adam.Steps},
		}
		if i > 0 {
			p.Name = "match, with draws of its own"
			p.Start = func(ctx context.Context) error { return t.refresh(ctx, i) }
		}
		phases = append(phases, p)
		before += n
	}
	t.rate = optim.Schedule{Peak: t.plan.Rate, Final: t.plan.Final, Warmup: before / 40, Steps: before}
	if n := share[rounds]; n > 0 {
		phases = append(phases, t.polishing(n))
	}
	return phases
}

func (t *training) step(ctx context.Context, i int) (float64, error) {
	if err := t.ready(); err != nil {
		return 0, err
	}
	t.target.Use(ctx)
	loss, norm, err := t.regression.Gradient(t.params, t.draw, uint32(i))
	if err != nil {
		return 0, err
	}
	t.adam.Step(t.pool, t.params.Theta, t.regression.Grad, norm, t.rate.At(i))
	t.params.Refresh()
	return loss, nil
}

// polishing is n steps from the averaged parameters on, which are then what is served.
func (t *training) polishing(n int) learn.Phase {
	draw, rate := t.problem.Stream("polish"), optim.Schedule{Peak: polishRate, Final: polishFinal, Steps: n}
	t.momentum = make([]float32, len(t.params.Theta))
	var p *polish.Step[float32] // a large thing, made at the first step
	return learn.Phase{
		Name: "polish", Steps: n,
		Start: func(context.Context) error {
			copy(t.params.Theta, t.average())
			t.params.Refresh()
			return nil
		},
		Step: func(ctx context.Context, i int) (float64, error) {
			if p == nil {
				p = polish.New(polish.Default, t.sampler, t.pool, t.aim())
				p.Solver.Dir, p.Solver.Iter = t.momentum, t.polished
			}
			t.target.Use(ctx)
			loss, _, err := p.Step(t.params, draw, uint32(i), rate.At(i))
			t.polished = p.Solver.Iter
			return loss, err
		},
		Keeps:  map[string][]float32{"d": t.momentum},
		Counts: map[string]*int{"spring": &t.polished},
	}
}

// aim is the target in the frame.
func (t *training) aim() *space.Target[float32] {
	if t.target == nil {
		t.target = space.On[float32](t.state.Frame, t.problem.Target, t.pool.Workers(), learn.Lanes)
	}
	return t.target
}

// ready makes the regression and has it draw from the pool as it is.
func (t *training) ready() (err error) {
	if t.fresh {
		return nil
	}
	data, err := NewPilot(t.state.Facts[factX], t.state.Facts[factScore], t.problem.Dim)
	if err != nil {
		return err
	}
	if t.regression == nil {
		size := t.plan.Batch
		number(&size, batch(t.problem.Dim))
		t.regression, err = New(t.sampler, data, size, learn.Lanes, t.pool, t.aim())
	} else {
		t.regression.Use(data)
	}
	t.fresh = err == nil
	return err
}

// Rates of polishing.
const (
	polishRate  = 0.1
	polishFinal = 0.02
)

// fewest draws of the model's own, in effect, are worth a look.
const fewest = 1000

// refresh has the model make draws of its own, and puts as many of them as they are worth, by their weights, in the place
// of the pool's. Where the model is poor they join the pool instead.
func (t *training) refresh(ctx context.Context, round int) error {
	path, err := learn.NewChainPath(t.sampler, t.average(), t.state.Frame, t.problem.Target, 1)
	if err != nil {
		return err
	}
	f, d, n := t.state.Frame, t.problem.Dim, t.plan.Own
	number(&n, own(d))
	y, logW, err := pilot.Own(ctx, t.problem.Target, f, path, n, t.problem.Stream(fmt.Sprintf("own/%d", round)), t.pool)
	if err != nil {
		return err
	}
	worth := pilot.Truncate(logW)
	if worth < fewest {
		return nil
	}
	y = pilot.Systematic(y, logW, int(worth))
	x, g, q := make([]float64, len(y)), []float64(nil), make([]float64, len(y))
	f.ToX(x, y)
	if g, err = pilot.Scores(ctx, t.problem.Target, x); err != nil {
		return err
	}
	f.Score(q, g)
	poolX, poolG := t.state.Facts[factX], t.state.Facts[factScore]
	if int(worth) >= len(poolX)/d {
		poolX, poolG = nil, nil
	}
	t.state.Facts[factX] = append(pilot.Narrow[float32](y), poolX...)
	t.state.Facts[factScore] = append(pilot.Narrow[float32](q), poolG...)
	t.fresh = false
	return nil
}

// average is the exponential average of the parameters; once they are polished, they themselves.
func (t *training) average() []float32 {
	if t.adam.Steps == 0 || t.polished > 0 {
		return t.params.Theta
	}
	return t.adam.Mean
}
