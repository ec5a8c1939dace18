package paths

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/pilot"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/nn"
)

// Plan is a sampler and how it is trained.
type Plan struct {
	Options
	Spec   func(dim int) *chain.Spec
	Shape  control.Shape
	Arch   control.Arch
	Gates  control.Gates
	Factor func(s *chain.Spec) func(k, gate int) float64
}

func (p *Plan) Name() string { return p.Method }

// Facts of a state.
const (
	factX     = "pilot.x"     // draws of the pilot, in the frame
	factScore = "pilot.score" // scores there
	factRoot  = "score.scale" // of each coordinate, what size scores have
	factEnds  = "ends.x"      // of adjoint sampling: where the model's own paths ended
	factPull  = "ends.score"  // scores there
)

// Of a start from scratch, the frame is that of the reference: with it p_0 is a standard normal. Of one from the pilot, it
// is the pilot's.
func (p *Plan) Prepare(ctx context.Context, problem *learn.Problem, levels []smc.Level) (*learn.State, error) {
	var s *learn.State
	var err error
	if p.Start == Pilot {
		s, err = p.fromPilot(ctx, problem, levels)
	} else {
		s, err = p.fromScratch(ctx, problem)
	}
	if err == nil && p.Loss == AdjointSampling {
		n := p.pool() * problem.Dim
		s.Facts[factEnds], s.Facts[factPull] = make([]float32, n), make([]float32, n)
	}
	return s, err
}

func (p *Plan) fromPilot(ctx context.Context, problem *learn.Problem, levels []smc.Level) (*learn.State, error) {
	x, g, err := pilot.Points(ctx, problem.Target, levels)
	if err != nil {
		return nil, fmt.Errorf("method %s: %w", p.Method, err)
	}
	f, err := p.frame(ctx, problem, x, g)
	if err != nil {
		return nil, err
	}
	y, q := pilot.In(f, x, g)
	root := make([]float32, f.Dim)
	for j := range root {
		sum := 0.0
		for i := j; i < len(q); i += f.Dim {
			sum += q[i] * q[i]
		}
		root[j] = scoreScale(math.Sqrt(sum / float64(len(q)/f.Dim)))
	}
	return &learn.State{Frame: f, Facts: map[string][]float32{factX: pilot.Narrow[float32](y), factScore: pilot.Narrow[float32](q), factRoot: root}}, nil
}

func (p *Plan) frame(ctx context.Context, problem *learn.Problem, x, g []float64) (*space.Frame, error) {
	switch p.Frame {
	case "scale":
		return pilot.Isotropic(x, problem.Dim), nil
	case "white":
		return pilot.Whitened(x, g, problem.Dim)
	case Reference:
		return ofReference(problem)
	}
	f, _, err := pilot.Frame(ctx, problem.Target, x, g, problem.Stream("frame"))
	return f, err
}

// looks is how many draws of the reference tell what size scores have, where there is no pilot.
const looks = 512

func (p *Plan) fromScratch(ctx context.Context, problem *learn.Problem) (*learn.State, error) {
	d := problem.Dim
	f, err := ofReference(problem)
	if err != nil {
		return nil, err
	}
	root := make([]float32, d)
	for j := range root {
		root[j] = 1
	}
	if p.Shape.NeedsScore() {
		y, x, q := make([]float64, looks*d), make([]float64, looks*d), make([]float64, looks*d)
		problem.Stream("looks").Normals(y, 0, 0, 0)
		f.ToX(x, y)
		g, err := pilot.Scores(ctx, problem.Target, x)
		if err != nil {
			return nil, err
		}
		f.Score(q, g)
		column := make([]float64, looks)
		for j := range root { // the median: out in the reference's tails scores may be anything
			for i := range column {
				column[i] = math.Abs(q[i*d+j])
			}
			slices.Sort(column)
			root[j] = scoreScale(1.5 * column[looks/2])
		}
	}
	return &learn.State{Frame: f, Facts: map[string][]float32{factRoot: root}}, nil
}

// ofReference is the frame in which the reference is a standard normal.
func ofReference(problem *learn.Problem) (*space.Frame, error) {
	d := problem.Dim
	b, mean := make([]float64, d*d), make([]float64, d)
	for i := range d {
		b[i*d+i] = problem.Scale[min(i, len(problem.Scale)-1)]
		mean[i] = problem.Mean[min(i, len(problem.Mean)-1)]
	}
	return space.NewFrame(mean, b)
}

const (
	scoreBend     = 2 // c of package control, in units of the scores' size
	scoreClip     = 2 // C, likewise
	smallestScore = 1e-6
)

func scoreScale(s float64) float32 { return float32(max(s, smallestScore)) }

// inputs bends and bounds scores to where those of the state are.
func inputs(shape control.Shape, s *learn.State) control.Inputs {
	in, sum := control.Inputs{Shape: shape}, 0.0
	for _, r := range s.Facts[factRoot] {
		in.Bend = append(in.Bend, scoreBend*float64(r))
		sum += float64(r) * float64(r)
	}
	in.Clip = scoreClip * math.Sqrt(sum)
	return in
}

// Build makes the control and the phases of its training.
func (p *Plan) Build(problem *learn.Problem, s *learn.State) (*learn.Program, error) {
	shape := p.Shape
	shape.Dim, shape.Active = problem.Dim, s.Frame.Active
	model, err := control.Build[float32](shape, p.Arch, p.Gates)
	if err != nil {
		return nil, err
	}
	spec := p.Spec(problem.Dim)
	sampler := &chain.Sampler[float32]{Spec: spec, Control: model, Inputs: inputs(model.Net.Shape, s)}
	if p.Factor != nil {
		sampler.Factor = p.Factor(spec)
	}
	if p.LearnSchedule || p.LearnSizes || p.LearnPrior {
		sampler.Free = chain.NewFree(&model.Layout, spec, p.LearnSchedule, p.LearnSizes, p.LearnPrior)
	}
	params := nn.NewParams[float32](&model.Layout)
	params.Init(problem.Stream("init"))
	t := &training{plan: p, problem: problem, state: s, sampler: sampler, params: params, pool: problem.Pool()}
	return &learn.Program{
		Layout: &model.Layout, Params: params, Phases: t.phases(), Average: t.average,
		Serve: func(theta []float32) (learn.Path, error) {
			return learn.NewChainPath(sampler, theta, s.Frame, problem.Target, 1)
		},
	}, nil
}

// hessian tells whether the target gives products with its Hessian.
func hessian(t targets.Density) bool { return t.Info().Can.Has(targets.HVP) }
