package bridge

import (
	"context"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/pilot"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/match"
	"github.com/sampan-mc/sampan/vec/nn/optim"
)

// What a path is served as, and the frames: the values of Plan's options.
const (
	SDE = "sde"
	ODE = "ode"

	White     = "white"   // unit covariance
	Product   = "product" // axes along which the target is nearly a product
	Isotropic = "scale"   // one scale
)

// Plan is bridge matching.
type Plan struct {
	Method    string
	Serve     string // SDE or ODE
	Frame     string
	Reference float64 // S₀, in the frame
	Sigma     float64 // σ, likewise
	Steps     int     // K of the path
	Spread    bool    // the variances of the kernels are learned
	Score     bool    // the target's scores, bounded, are inputs of the net
	Hidden    []int
	Harmonics int // of time
	Train     int // steps of Adam, of all rounds
	Batch     int
	Rate      float64
	Refresh   int // rounds of training, after the first, on the model's own draws
}

func (p *Plan) Name() string { return p.Method }

// The facts of a state.
const (
	factX     = "pool.x"     // draws that are trained on, in the frame
	factScore = "pool.score" // the target's scores there
	factRoot  = "score.rms"  // of the pilot's, coordinate by coordinate
	factPilot = "pilot.x"    // with rounds to come: the pilot's draws and scores, of which a part stays
	factFirst = "pilot.score"
	leastRoot = 1e-3
)

// Prepare finds the frame and takes the draws there.
func (p *Plan) Prepare(ctx context.Context, problem *learn.Problem, levels []smc.Level) (*learn.State, error) {
	x, err := pilot.Draws(levels)
	if err != nil {
		return nil, fmt.Errorf("method %s: %w", p.Method, err)
	}
	g, err := pilot.Scores(ctx, problem.Target, x)
	if err != nil {
		return nil, err
	}
	var f *space.Frame
	switch p.Frame {
	case Product:
		f, _, err = pilot.Frame(ctx, problem.Target, x, g, problem.Stream("frame"))
	case Isotropic:
		f = pilot.Isotropic(x, problem.Dim)
	default:
		f, err = pilot.Whitened(x, g, problem.Dim)
	}
	if err != nil {
		return nil, err
	}
	s := &learn.State{Frame: f, Facts: map[string][]float32{}}
	y, q := make([]float64, len(x)), make([]float64, len(x))
	f.ToY(y, x)
	f.Score(q, g)
	s.Facts[factX], s.Facts[factScore] = narrow(y), narrow(q)
	if p.Refresh > 0 {
		s.Facts[factPilot], s.Facts[factFirst] = narrow(y), narrow(q)
	}
	root := make([]float32, f.Dim)
	for j := range root {
		sum := 0.0
		for i := j; i < len(q); i += f.Dim {
			sum += q[i] * q[i]
		}
		root[j] = float32(max(math.Sqrt(sum/float64(len(q)/f.Dim)), leastRoot))
	}
	s.Facts[factRoot] = root
	return s, nil
}

func narrow(v []float64) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x)
	}
	return out
}

// newModel adds the net to a layout of its own.
func (p *Plan) newModel(s *learn.State) *model {
	d := s.Frame.Dim
	m := &model{Config: match.Config{
		Dim: d, Reference: p.Reference, Sigma: p.Sigma, Base: true, Spread: p.Spread && p.Serve == SDE, Time: nn.Sinusoid{Harmonics: p.Harmonics},
	}}
	if p.Score {
		m.Extra, m.bend = d, make([]float32, d)
		for i, r := range s.Facts[factRoot] {
			m.bend[i] = bends * r
		}
	}
	m.net = nn.NewMLP[float32](&m.layout, "match", nn.MLPConfig{In: m.Inputs(), Out: m.Outputs(), Hidden: p.Hidden, Residual: true})
	return m
}

// bends is where scores are bounded, in units of their root mean square.
const bends = 2

// Build makes the net and its rounds of regression.
func (p *Plan) Build(problem *learn.Problem, s *learn.State) (*learn.Program, error) {
	m := p.newModel(s)
	t := &training{
		plan: p, problem: problem, state: s, model: m, params: nn.NewParams[float32](&m.layout), adam: optim.New[float32](optim.Default, m.layout.Size()),
	}
	t.params.Init(problem.Stream("init"))
	return &learn.Program{Layout: &m.layout, Params: t.params, Phases: t.phases(), Average: t.average, Serve: t.serve}, nil
}
