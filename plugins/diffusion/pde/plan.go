package pde

import (
	"context"
	"fmt"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/pilot"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/pinn"
)

// The frames.
const (
	Product = "product" // axes along which the target is nearly a product, if there are such, else White
	White   = "white"   // unit covariance
	Scale   = "scale"   // one scale
)

// What a solution is served as.
const (
	ODE   = "ode"
	SDE   = "sde"
	Split = "split"
)

// Plan is a training on residuals. Zero values that are numbers are filled in by Options.Plan.
type Plan struct {
	Points    []string // kinds of points that are trained on
	Circular  bool     // the shares of target and start are sine and cosine, and not t^p and 1 − t^p
	Reference float64  // standard deviation of the start, in the frame
	Even      bool     // nets are such that V(−x, t) = V(x, t)
	Shape     float64  // of the start: its tails are exp(−|y|^Shape)

	Method     string
	Equation   pinn.Equation // LogFP as it stands, and not by way of LogCE, is LogFP
	Serve      string
	Sigma      float64 // of what is served with noise, and of equations with some
	Frame      string
	Power      float64 // p
	Geometric  bool    // the path has no φ
	Ensemble   bool    // points are of annealed Langevin, which the drift carries
	Net        string
	Width      int
	Directions int  // 0: by the frame
	Steps      int  // K of the path
	Train      int  // steps
	Match      int  // steps before them, that match V and μ to a bridge
	Adam       bool // in place of Gauss-Newton
	// Determinant says that the flow's weights are by the determinants of its steps.
	Determinant bool
	Probes      bool // divergences are estimated along random directions; of Adam
	Batch       int
}

func (p *Plan) Name() string { return p.Method }

// The facts of a state.
const (
	factPopulations = "populations" // (levels+1)×particles×d
	factNorm        = "norm"        // z to begin with
	factDirections  = "directions"  // to begin with, of the ridge nets
	factDraws       = "draws"       // with Match: the pilot's, in the frame
	factScores      = "scores"      // and the target's scores there
)

// Prepare finds the frame, and populations along the path.
func (p *Plan) Prepare(ctx context.Context, problem *learn.Problem, levels []smc.Level) (*learn.State, error) {
	x, err := pilot.Draws(levels)
	if err != nil {
		return nil, fmt.Errorf("method %s: %w", p.Method, err)
	}
	if p.Even {
		if x, err = reflected(ctx, problem.Target, x); err != nil {
			return nil, fmt.Errorf("method %s: %w", p.Method, err)
		}
	}
	f, kind, err := p.frame(ctx, problem, x)
	if err != nil {
		return nil, err
	}
	if p.Even {
		f.Mean = make([]float64, problem.Dim) // but for rounding
	}
	if p.Circular || p.Reference != 1 || p.Shape != 2 { // coordinates that are normal at both ends are not so on the way
		axes := slices.Clone(f.B)
		for i := range axes {
			axes[i] *= p.Reference
		}
		if f, err = space.NewFrame(f.Mean, axes); err != nil {
			return nil, err
		}
	}
	b := p.base(problem.Dim, f.Dim-f.Active)
	found, err := settle(ctx, b, f, problem, levels)
	if err != nil {
		return nil, err
	}
	s := &learn.State{Frame: f, Facts: map[string][]float32{factPopulations: found.y, factNorm: b.fit(found.norm)}}
	if p.Match > 0 {
		g, err := pilot.Scores(ctx, problem.Target, x)
		if err != nil {
			return nil, err
		}
		y, q := pilot.In(f, x, g)
		s.Facts[factDraws], s.Facts[factScores] = pilot.Narrow[float32](y), pilot.Narrow[float32](q)
	}
	if p.Net != MLP {
		if s.Facts[factDirections], err = p.directions(ctx, f, kind, x, problem); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (p *Plan) base(dim, idle int) base {
	return base{dim: dim, idle: idle, power: p.Power, circular: p.Circular, geometric: p.Geometric, noising: p.Equation == pinn.Score, p0: newStart(p.Shape)}
}

func (p *Plan) frame(ctx context.Context, problem *learn.Problem, x []float64) (*space.Frame, pilot.Kind, error) {
	if p.Frame == Scale {
		return pilot.Isotropic(x, problem.Dim), pilot.White, nil
	}
	g, err := pilot.Scores(ctx, problem.Target, x)
	if err != nil {
		return nil, "", err
	}
	if p.Frame == White {
		f, err := pilot.Whitened(x, g, problem.Dim)
		return f, pilot.White, err
	}
	return pilot.Frame(ctx, problem.Target, x, g, problem.Stream("frame"))
}

// directions to begin with: the axes of a product, those of the frame or, in many coordinates, those that the pilot's Hessians
// show in any frame, for among so many training does not find them; else random ones, two for each coordinate where there
// are few.
func (p *Plan) directions(ctx context.Context, f *space.Frame, kind pilot.Kind, x []float64, problem *learn.Problem) ([]float32, error) {
	n := p.Directions
	switch {
	case n == 0 && kind == pilot.Product:
		return axes(f.Active), nil
	case n == 0 && f.Active > many:
		n = f.Active
		if p.Frame == Product { // it has been tried
			break
		}
		g, err := pilot.Scores(ctx, problem.Target, x)
		if err != nil {
			return nil, err
		}
		product, kind, err := pilot.Frame(ctx, problem.Target, x, g, problem.Stream("frame"))
		if err != nil {
			return nil, err
		}
		if kind == pilot.Product {
			return seen(f, product), nil
		}
	case n == 0:
		n = 2 * f.Active
	}
	return orthogonal(n, f.Active, problem.Stream("directions")), nil
}

// seen are coordinates of another frame, the last ones, as many directions among those of f that are not idle; row-major.
func seen(f, other *space.Frame) []float32 {
	d := f.Dim
	var rows mat.Dense
	rows.Mul(mat.NewDense(d, d, other.Inv), mat.NewDense(d, d, f.B))
	var out []float32
	for i := d - f.Active; i < d; i++ {
		for j := d - f.Active; j < d; j++ {
			out = append(out, float32(rows.At(i, j)))
		}
	}
	return out
}

// Build makes the nets and their training.
func (p *Plan) Build(problem *learn.Problem, s *learn.State) (*learn.Program, error) {
	f, directions := s.Frame, s.Facts[factDirections]
	m := p.newModel(problem.Dim, f.Dim-f.Active, len(directions)/max(f.Active, 1))
	w := nn.NewParams[float32](&m.layout)
	m.start(w, problem.Stream("init"), directions, s.Facts[factNorm])
	var t interface {
		phases() []learn.Phase
		average() []float32
		warnings(context.Context) ([]string, error)
	}
	if p.Adam {
		t = newDescent(p, problem, s, m, w)
	} else {
		t = newTraining(p, problem, s, m, w)
	}
	return &learn.Program{
		Layout: &m.layout, Params: w, Phases: t.phases(), Average: t.average, Warnings: t.warnings,
		Serve: func(theta []float32) (learn.Path, error) { return p.serve(m, theta, s.Frame, problem.Target) },
	}, nil
}
