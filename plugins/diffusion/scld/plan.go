package scld

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
)

// The losses by name.
const (
	LogVariance = "log-variance"
	Balance     = "trajectory-balance"
	KL          = "kl"
)

// Plan is a way to train by blocks.
type Plan struct {
	Method  string
	Scratch bool // no pilot: the path starts from the reference
	K       int  // steps of the chain
	Blocks  int  // that divide K
	Std     bool // the steps' standard deviations are learned
	Free    bool // temperatures and step sizes are, too
	Loss    string
	Memory  int     // bytes of the buffers together; 0: none
	Moves   int     // trajectories between blocks
	Stretch float64 // step sizes of the chain over those of trajectories, ½ε²
	Batch   int     // particles; 0: by the dimension
	Steps   int     // of training; 0: by the dimension
	Rate    float64 // of Adam, up to some dimensions
	Arch    control.Arch
	Cap     int // bytes for pre-activations
}

// scale of p_0 in the frame.
const scale = 1

// clip is the length at which the control's view of a score is cut, over its root mean square at the target.
const clip = 4

// ring is how many batches a buffer holds at most.
const ring = 20

func (p *Plan) Name() string { return p.Method }

// Prepare takes the frame from the pilot or the reference, and surveys the path.
func (p *Plan) Prepare(ctx context.Context, problem *learn.Problem, levels []smc.Level) (*learn.State, error) {
	f, err := p.frame(ctx, problem, levels)
	if err != nil {
		return nil, err
	}
	found, rms, err := alongPath(ctx, f, problem, scale)
	if err != nil {
		return nil, err
	}
	path := schedule(found, p.K)
	return &learn.State{Frame: f, Facts: map[string][]float32{
		"rms": single(rms), "betas": single(path.betas), "steps": single(path.steps), "fine": single(path.fine),
	}}, nil
}

func single(v []float64) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x)
	}
	return out
}

func (p *Plan) frame(ctx context.Context, problem *learn.Problem, levels []smc.Level) (*space.Frame, error) {
	d := problem.Dim
	if !p.Scratch {
		x, err := pilot.Draws(levels)
		if err != nil {
			return nil, err
		}
		g, err := pilot.Scores(ctx, problem.Target, x)
		if err != nil {
			return nil, err
		}
		f, _, err := pilot.Frame(ctx, problem.Target, x, g, problem.Stream("frame"))
		return f, err
	}
	mean, b := make([]float64, d), make([]float64, d*d)
	for i := range d {
		mean[i] = problem.Mean[min(i, len(problem.Mean)-1)]
		b[i*d+i] = problem.Scale[min(i, len(problem.Scale)-1)]
	}
	return space.NewFrame(mean, b)
}

// chain makes the chain of a state: its drift in units of the frame a unit of time, its steps as long as the survey found.
func (p *Plan) chain(dim int, s *learn.State) *chain.Spec {
	betas, fine, sizes := make([]float64, p.K+1), s.Facts["fine"], make([]float64, p.K)
	for k, b := range s.Facts["betas"] {
		betas[k] = float64(b)
	}
	for k := range sizes {
		sizes[k] = p.Stretch / 2 * float64(fine[k]) * float64(fine[k+1])
	}
	spec := chain.Langevin(dim, chain.Uniform(p.K), sizes, betas, scale, chain.Tied)
	for k := range spec.Steps {
		spec.Steps[k].Forward.Push, spec.Steps[k].Backward.Push = 1/float64(p.K), 1/float64(p.K)
	}
	return spec
}

// Build makes the one phase.
func (p *Plan) Build(problem *learn.Problem, s *learn.State) (*learn.Program, error) {
	program, _, err := p.build(problem, s)
	return program, err
}

func (p *Plan) build(problem *learn.Problem, s *learn.State) (*learn.Program, *training, error) {
	if b, n, f := len(s.Facts["betas"]), len(s.Facts["steps"]), len(s.Facts["fine"]); b != p.K+1 || n != b || f != b || len(s.Facts["rms"]) != problem.Dim {
		return nil, nil, fmt.Errorf("a path of %d temperatures, %d step sizes and %d of its necks found; accepted: %d of each", b, n, f, p.K+1)
	}
	d := problem.Dim
	p = p.sized(d)
	model, err := control.Build[float32](control.Shape{Dim: d, Active: s.Frame.Active, Score: true, Gates: true, Std: p.Std}, p.Arch, control.Gates{})
	if err != nil {
		return nil, nil, err
	}
	in := control.Inputs{Shape: model.Net.Shape, Bend: make([]float64, d)}
	square := 0.0
	for i, r := range s.Facts["rms"] {
		in.Bend[i] = math.Max(2*float64(r), 1e-3)
		square += float64(r) * float64(r)
	}
	in.Clip = clip * math.Sqrt(square+float64(d))
	sampler := &chain.Sampler[float32]{Spec: p.chain(d, s), Control: model, Inputs: in}
	control := model.Layout.Size()
	if p.Free {
		sampler.Free = chain.NewFree(&model.Layout, sampler.Spec, true, true, false)
	}
	t := p.training(problem, s, sampler, control)
	return &learn.Program{
		Layout: &model.Layout, Params: t.params,
		Phases: []learn.Phase{{
			Name: p.Loss, Steps: t.rate.Steps, Step: t.step, Keeps: t.keeps(),
			Counts: map[string]*int{"adam": &t.adam.Steps, "path": &t.path.Steps, "pushed": &t.pushed},
		}},
		Average: t.average,
		Serve: func(theta []float32) (learn.Path, error) {
			return learn.NewChainPath(sampler, theta, s.Frame, problem.Target, p.Blocks)
		},
	}, t, nil
}

func (p *Plan) training(problem *learn.Problem, s *learn.State, sampler *chain.Sampler[float32], control int) *training {
	layout := &sampler.Control.Layout
	t := &training{
		plan: p, problem: problem, sampler: sampler, frame: s.Frame, params: nn.NewParams[float32](layout), pool: problem.Pool(),
		control: control, adam: optim.New[float32](optim.Default, control), path: optim.New[float32](optim.Default, layout.Size()-control),
		replay: problem.Stream("replay"), level: make([]float32, p.Blocks),
	}
	t.params.Init(problem.Stream("init"))
	steps := problem.Share(p.Steps)[0]
	t.rate = optim.Schedule{Peak: p.Rate, Final: p.Rate / 100, Warmup: steps / 40, Steps: steps}
	for i := range p.Blocks {
		t.ends = append(t.ends, (i+1)*p.K/p.Blocks)
		t.moves = append(t.moves, float32(math.Log(float64(s.Facts["steps"][t.ends[i]]))))
	}
	width := pathWidth(p.K/p.Blocks, problem.Dim)
	if n := min(ring*p.Batch, p.Memory/4/p.Blocks/width); n >= 2*p.Batch {
		for range p.Blocks {
			t.buffers = append(t.buffers, newBuffer(n, width))
		}
	}
	return t
}

// keeps lists what steps change.
func (t *training) keeps() map[string][]float32 {
	v := map[string][]float32{"m": t.adam.M, "v": t.adam.V, "mean": t.adam.Mean, "moves": t.moves, "level": t.level,
		"path.m": t.path.M, "path.v": t.path.V, "path.mean": t.path.Mean}
	for i, b := range t.buffers {
		v[fmt.Sprintf("paths.%d", i)], v[fmt.Sprintf("weights.%d", i)] = b.paths, b.logW
	}
	return v
}
