package paths

import (
	"context"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/optim"
)

// Plan is a sampler and a loss.
type Plan struct {
	Method string
	Spec   func(dim int) *chain.Spec
	Shape  control.Shape
	Arch   control.Arch
	Gates  control.Gates
	Factor func(s *chain.Spec) func(k, gate int) float64
	Clip   float64
	Steps  int
	Batch  int
	Rate   float64
	Cap    int // bytes for pre-activations
}

func (p *Plan) Name() string { return p.Method }

// Prepare takes the frame from the reference: with it p_0 is a standard normal.
func (p *Plan) Prepare(_ context.Context, problem *learn.Problem, _ []smc.Level) (*learn.State, error) {
	d := problem.Dim
	b := make([]float64, d*d)
	mean := make([]float64, d)
	for i := range d {
		b[i*d+i] = problem.Scale[min(i, len(problem.Scale)-1)]
		mean[i] = problem.Mean[min(i, len(problem.Mean)-1)]
	}
	f, err := space.NewFrame(mean, b)
	return &learn.State{Frame: f}, err
}

// Build makes one phase of log-variance training.
func (p *Plan) Build(problem *learn.Problem, s *learn.State) (*learn.Program, error) {
	shape := p.Shape
	shape.Dim, shape.Active = problem.Dim, s.Frame.Active
	model, err := control.Build[float32](shape, p.Arch, p.Gates)
	if err != nil {
		return nil, err
	}
	spec := p.Spec(problem.Dim)
	sampler := &chain.Sampler[float32]{Spec: spec, Control: model, Inputs: control.Inputs{Shape: model.Net.Shape, Clip: p.Clip}}
	if p.Factor != nil {
		sampler.Factor = p.Factor(spec)
	}
	params := nn.NewParams[float32](&model.Layout)
	params.Init(problem.Stream("init"))
	pool := problem.Pool()
	adam := optim.New[float32](optim.Default, model.Layout.Size())
	steps := problem.Share(p.Steps)
	rate := optim.Schedule{Peak: p.Rate, Final: p.Rate / 100, Warmup: steps[0] / 40, Steps: steps[0]}
	var batch *chain.Batch[float32]
	var target *space.Target[float32]
	coef := make([]float32, p.Batch)
	draw := problem.Stream("paths")
	step := func(ctx context.Context, i int) (float64, error) {
		if batch == nil {
			target = space.On[float32](s.Frame, problem.Target, pool.Workers(), learn.Lanes)
			batch = chain.NewBatch(sampler, p.Batch, learn.Lanes, p.Cap, pool, target)
		}
		target.Use(ctx)
		if err := batch.Simulate(params, draw, uint32(i), 1); err != nil {
			return 0, err
		}
		loss, _ := chain.LogVariance(coef, batch.LogW)
		norm := batch.Back(params, func(int) []float32 { return coef })
		adam.Step(pool, params.Theta, batch.Grad, norm, rate.At(i))
		params.Refresh()
		if math.IsNaN(loss) {
			return 0, fmt.Errorf("no path of the batch has a finite weight")
		}
		return loss, nil
	}
	return &learn.Program{
		Layout: &model.Layout, Params: params,
		Phases: []learn.Phase{{
			Name: "log-variance", Steps: steps[0], Step: step,
			Keeps:  map[string][]float32{"m": adam.M, "v": adam.V, "mean": adam.Mean},
			Counts: map[string]*int{"adam": &adam.Steps},
		}},
		Average: func() []float32 {
			if adam.Steps == 0 {
				return params.Theta
			}
			return adam.Mean
		},
		Serve: func(theta []float32) (learn.Path, error) {
			return learn.NewChainPath(sampler, theta, s.Frame, problem.Target, 1)
		},
	}, nil
}
