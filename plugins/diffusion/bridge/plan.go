package bridge

import (
	"context"
	"fmt"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/pilot"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/optim"
)

// What a path is served as, and the frames: the values of Plan's options.
const (
	SDE = "sde"
	ODE = "ode"

	White   = "white"   // unit covariance
	Product = "product" // axes along which the target is nearly a product
	Scale   = "scale"   // one scale
)

// Plan is bridge matching.
type Plan struct {
	Serve     string // SDE or ODE
	Frame     string
	Reference float64 // S₀, in the frame
	Sigma     float64 // σ, likewise
	Steps     int     // K of the path
	Spread    bool    // the variances of the kernels are learned
	Hidden    []int
	Harmonics int // of time
	Train     int // steps of Adam, of all rounds
	Batch     int
	Rate      float64
	Refresh   int // rounds of training, after the first, on the model's own draws too
	Own       int // draws it makes for one
}

func (p *Plan) Name() string { return Method.Name }

// The facts of a state.
const (
	factX     = "pool.x"     // draws that are trained on, in the frame
	factScore = "pool.score" // the target's scores there
	factPilot = "pilot.x"    // with rounds to come: the pilot's draws and scores, of which a part stays
	factFirst = "pilot.score"
)

// Prepare finds the frame and takes the draws there.
func (p *Plan) Prepare(ctx context.Context, problem *learn.Problem, levels []smc.Level) (*learn.State, error) {
	x, g, err := pilot.Points(ctx, problem.Target, levels)
	if err != nil {
		return nil, fmt.Errorf("method match: %w", err)
	}
	var f *space.Frame
	switch p.Frame {
	case Product:
		f, _, err = pilot.Frame(ctx, problem.Target, x, g, problem.Stream("frame"))
	case Scale:
		f = pilot.Isotropic(x, problem.Dim)
	default:
		f, err = pilot.Whitened(x, g, problem.Dim)
	}
	if err != nil {
		return nil, err
	}
	s := &learn.State{Frame: f, Facts: map[string][]float32{}}
	y, q := pilot.In(f, x, g)
	s.Facts[factX], s.Facts[factScore] = pilot.Narrow[float32](y), pilot.Narrow[float32](q)
	if p.Refresh > 0 {
		s.Facts[factPilot], s.Facts[factFirst] = pilot.Narrow[float32](y), pilot.Narrow[float32](q)
	}
	return s, nil
}

// Build makes the net and its rounds of regression.
func (p *Plan) Build(problem *learn.Problem, s *learn.State) (*learn.Program, error) {
	m := p.newModel(problem.Dim)
	t := &training{
		plan: p, problem: problem, state: s, model: m, params: nn.NewParams[float32](&m.layout), adam: optim.New[float32](optim.Default, m.layout.Size()),
		draw: problem.Stream("bridges"), pool: problem.Pool(),
	}
	t.params.Init(problem.Stream("init"))
	return &learn.Program{Layout: &m.layout, Params: t.params, Phases: t.phases(), Average: t.average, Serve: t.serve}, nil
}
