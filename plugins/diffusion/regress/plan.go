package regress

import (
	"context"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/pilot"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/optim"
	"github.com/sampan-mc/sampan/vec/rng"
)

// Plan trains a chain from a pilot: a frame from its draws, then the regression.
type Plan struct {
	Method string
	Spec   func(dim int) *chain.Spec // in a frame where the pilot has unit variance
	Shape  control.Shape
	Arch   control.Arch
	Gates  control.Gates
	Factor func(s *chain.Spec) func(k, gate int) float64
	Steps  int
	Batch  int
	Rate   float64
	Final  float64
	Frame  string // one of Frames; "": the first
}

// Frames are the coordinates a plan may work in: along which the target is nearly a product, if there are such, and else
// those in which the pilot has unit covariance; the latter; or the target's own, with one scale for all.
var Frames = []string{"product", "white", "scale"}

func (p *Plan) Name() string { return p.Method }

// The facts of a state.
const (
	factX         = "pilot.x"     // draws, in the frame
	factScore     = "pilot.score" // scores there
	factRoot      = "score.rms"   // of each coordinate: the root of κ
	scoreBend     = 2             // c of package control, in units of the score's root mean square
	scoreClip     = 2             // C, likewise
	smallestScore = 1e-6
)

// Prepare finds the frame and evaluates the scores.
func (p *Plan) Prepare(ctx context.Context, problem *learn.Problem, levels []smc.Level) (*learn.State, error) {
	x, err := pilot.Draws(levels)
	if err != nil {
		return nil, fmt.Errorf("method %s: %w", p.Method, err)
	}
	g, err := pilot.Scores(ctx, problem.Target, x)
	if err != nil {
		return nil, err
	}
	f, err := p.frame(ctx, problem, x, g)
	if err != nil {
		return nil, err
	}
	s := &learn.State{Frame: f, Facts: map[string][]float32{}}
	setPool(s, x, g)
	d := f.Dim
	root := make([]float32, d)
	for j := range d {
		sum := 0.0
		for i := j; i < len(x); i += d {
			v := float64(s.Facts[factScore][i])
			sum += v * v
		}
		root[j] = float32(max(math.Sqrt(sum/float64(len(x)/d)), smallestScore))
	}
	s.Facts[factRoot] = root
	return s, nil
}

func (p *Plan) frame(ctx context.Context, problem *learn.Problem, x, g []float64) (*space.Frame, error) {
	switch p.Frame {
	case "scale":
		return pilot.Isotropic(x, problem.Dim), nil
	case "white":
		return pilot.Whitened(x, g, problem.Dim)
	}
	f, _, err := pilot.Frame(ctx, problem.Target, x, problem.Stream("frame"))
	return f, err
}

// setPool takes draws x and scores g there to the frame.
func setPool(s *learn.State, x, g []float64) {
	y, q := make([]float64, len(x)), make([]float64, len(x))
	s.Frame.ToY(y, x)
	s.Frame.Score(q, g)
	s.Facts[factX], s.Facts[factScore] = narrow(y), narrow(q)
}

func narrow(v []float64) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x)
	}
	return out
}

// Build makes the control and the regression.
func (p *Plan) Build(problem *learn.Problem, s *learn.State) (*learn.Program, error) {
	shape := p.Shape
	shape.Dim, shape.Active = problem.Dim, s.Frame.Active
	model, err := control.Build[float32](shape, p.Arch, p.Gates)
	if err != nil {
		return nil, err
	}
	root := s.Facts[factRoot]
	precision, bend, clip := make([]float64, problem.Dim), make([]float64, problem.Dim), 0.0
	for j, r := range root {
		r := float64(r)
		precision[j], bend[j] = r*r, scoreBend*r
		clip += r * r
	}
	spec := p.Spec(problem.Dim)
	sampler := &chain.Sampler[float32]{
		Spec: spec, Control: model, Inputs: control.Inputs{Shape: model.Net.Shape, Bend: bend, Clip: scoreClip * math.Sqrt(clip)},
	}
	if p.Factor != nil {
		sampler.Factor = p.Factor(spec)
	}
	t := &training{
		plan: p, problem: problem, state: s, sampler: sampler, precision: precision,
		params: nn.NewParams[float32](&model.Layout), adam: optim.New[float32](optim.Default, model.Layout.Size()), draw: problem.Stream("bridges"),
	}
	t.params.Init(problem.Stream("init"))
	steps := problem.Share(p.Steps)[0]
	t.rate = optim.Schedule{Peak: p.Rate, Final: p.Final, Warmup: steps / 40, Steps: steps}
	return &learn.Program{
		Layout: &model.Layout, Params: t.params,
		Phases: []learn.Phase{{
			Name: "match", Steps: steps, Step: t.step,
			Keeps:  map[string][]float32{"m": t.adam.M, "v": t.adam.V, "mean": t.adam.Mean},
			Counts: map[string]*int{"adam": &t.adam.Steps},
		}},
		Average: t.average,
		Serve: func(theta []float32) (learn.Path, error) {
			return learn.NewChainPath(sampler, theta, s.Frame, problem.Target, 1)
		},
	}, nil
}

// training is a regression under way.
type training struct {
	plan      *Plan
	problem   *learn.Problem
	state     *learn.State
	sampler   *chain.Sampler[float32]
	precision []float64
	params    *nn.Params[float32]
	adam      *optim.Adam[float32]
	rate      optim.Schedule
	draw      rng.Key

	regression *Step[float32] // made at the first step
	target     *space.Target[float32]
}

func (t *training) step(ctx context.Context, i int) (float64, error) {
	pool := t.problem.Pool()
	if t.regression == nil {
		t.target = space.On[float32](t.state.Frame, t.problem.Target, pool.Workers(), learn.Lanes)
		data := Pilot[float32]{X: t.state.Facts[factX], Score: t.state.Facts[factScore], Precision: t.precision}
		var err error
		if t.regression, err = New(t.sampler, data, t.plan.Batch, learn.Lanes, pool, t.target); err != nil {
			return 0, err
		}
	}
	t.target.Use(ctx)
	loss, norm, err := t.regression.Gradient(t.params, t.draw, uint32(i))
	if err != nil {
		return 0, err
	}
	t.adam.Step(pool, t.params.Theta, t.regression.Grad, norm, t.rate.At(i))
	t.params.Refresh()
	return loss, nil
}

// average is the exponential average of the parameters.
func (t *training) average() []float32 {
	if t.adam.Steps == 0 {
		return t.params.Theta
	}
	return t.adam.Mean
}
