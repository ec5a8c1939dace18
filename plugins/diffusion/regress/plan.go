package regress

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/pilot"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/smc"
)

// Plan trains a chain from a pilot: a frame from its draws, then the regression.
type Plan struct {
	Method  string
	Spec    func(dim int) *chain.Spec // in a frame where the pilot has unit variance
	Shape   control.Shape
	Arch    Arch
	Gates   control.Gates
	Factor  func(s *chain.Spec) func(k, gate int) float64
	Frame   string  // one of Frames; "": the first
	Steps   int     // of Adam, of all rounds; 0: by the dimension
	Batch   int     // 0: likewise
	Rate    float64 // of Adam, at its highest
	Final   float64 // and at the end
	Refresh int     // rounds after the first, with draws of the model's own
	Own     int     // how many draws of its own the model makes for a round; 0: by the dimension
	Polish  int     // steps of package polish at the end
}

// Frames are the coordinates a plan may work in: along which the target is nearly a product, if there are such, and else
// those in which the pilot has unit covariance; the latter; or the target's own, with one scale for all.
var Frames = []string{"product", "white", "scale"}

func (p *Plan) Name() string { return p.Method }

// The facts of a state.
const (
	factX     = "pool.x"     // draws, in the frame
	factScore = "pool.score" // scores there
	factRoot  = "score.rms"  // of each coordinate, of the pilot's
	// There where the target is nearly a product in the frame.
	factProduct = "frame.product"

	scoreBend = 2 // c of package control, in units of the score's root mean square
	leastRoot = 1e-3
)

// Prepare finds the frame and evaluates the scores.
func (p *Plan) Prepare(ctx context.Context, problem *learn.Problem, levels []smc.Level) (*learn.State, error) {
	x, g, err := pilot.Points(ctx, problem.Target, levels)
	if err != nil {
		return nil, fmt.Errorf("method %s: %w", p.Method, err)
	}
	f, kind, err := p.frame(ctx, problem, x, g)
	if err != nil {
		return nil, err
	}
	y, q := pilot.In(f, x, g)
	s := &learn.State{Frame: f, Facts: map[string][]float32{factX: pilot.Narrow[float32](y), factScore: pilot.Narrow[float32](q)}}
	s.Facts[factRoot] = rootMeanSquares(s.Facts[factScore], f.Dim, leastRoot)
	if kind == pilot.Product {
		s.Facts[factProduct] = []float32{1}
	}
	return s, nil
}

func (p *Plan) frame(ctx context.Context, problem *learn.Problem, x, g []float64) (f *space.Frame, kind pilot.Kind, err error) {
	switch p.Frame {
	case "scale":
		return pilot.Isotropic(x, problem.Dim), pilot.White, nil
	case "white":
		f, err = pilot.Whitened(x, g, problem.Dim)
		return f, pilot.White, err
	}
	if d := problem.Dim; d > many && len(x) < enough*d*d { // what few draws tell of covariances is noise
		return pilot.Isotropic(x, d), pilot.White, nil
	}
	return pilot.Frame(ctx, problem.Target, x, g, problem.Stream("frame"))
}

// sampler makes the chain and its control for a state.
func (p *Plan) sampler(dim int, s *learn.State) (*chain.Sampler[float32], error) {
	shape := p.Shape
	shape.Dim, shape.Active = dim, s.Frame.Active
	model, err := control.Build[float32](shape, p.Arch.or(s.Frame.Active, s.Facts[factProduct] != nil), p.Gates)
	if err != nil {
		return nil, err
	}
	bend, clip := make([]float64, dim), 0.0
	for j, r := range s.Facts[factRoot] {
		bend[j] = scoreBend * float64(r)
		clip += float64(r) * float64(r)
	}
	spec := p.Spec(dim)
	out := &chain.Sampler[float32]{
		Spec: spec, Control: model, Inputs: control.Inputs{Shape: model.Net.Shape, Bend: bend, Clip: scoreClip(dim) * math.Sqrt(clip)},
	}
	if p.Factor != nil {
		out.Factor = p.Factor(spec)
	}
	return out, nil
}

// Arch is an architecture; zero values stand for what suits the frame.
type Arch control.Arch

// few coordinates are as well served by one net for all of them, product or not.
const few = 3

func (a Arch) or(active int, product bool) control.Arch {
	width, depth := 64, 3
	switch {
	case a.Kind == "" && product && active > few:
		a.Kind = "perdim+mlp"
	case a.Kind == "":
		a.Kind = "mlp"
	}
	if strings.HasSuffix(a.Kind, "+mlp") {
		depth = 2
	}
	if active > 8 {
		width = 96
	}
	number(&a.Width, width)
	number(&a.Depth, depth)
	number(&a.Small, 32)
	return control.Arch(a)
}

// scoreClip is C of package control, in units of the score's root mean square: a normal's scores are longer once in 10⁵
// times, or less often.
func scoreClip(d int) float64 { return max(2, 1+3.5/math.Sqrt(float64(d))) }

// Build makes the control and the rounds of the regression.
func (p *Plan) Build(problem *learn.Problem, s *learn.State) (*learn.Program, error) {
	sampler, err := p.sampler(problem.Dim, s)
	if err != nil {
		return nil, err
	}
	t := newTraining(p, problem, s, sampler)
	return &learn.Program{
		Layout: &sampler.Control.Layout, Params: t.params, Phases: t.phases(), Average: t.average,
		Serve: func(theta []float32) (learn.Path, error) {
			return learn.NewChainPath(sampler, theta, s.Frame, problem.Target, 1)
		},
	}, nil
}
