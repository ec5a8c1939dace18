package pde

import (
	"context"
	"math"
	"strings"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/gram"
	"github.com/sampan-mc/sampan/vec/nn/spring"
)

// training is Gauss-Newton on the residuals.
type training struct {
	plan   *Plan
	model  *model
	params *nn.Params[float32]
	points *points
	match  *matching // nil: residuals from the first step on
	shared []int     // steps of both

	solver   *spring.Solver[float32]
	residual []float32
	jacobian *gram.Jacobian[float32]
}

func newTraining(p *Plan, problem *learn.Problem, s *learn.State, m *model, w *nn.Params[float32]) *training {
	pool := problem.Pool()
	tile := m.loss.TilePoints()
	m.loss.Start(pool, &m.layout, tile)
	t := &training{
		plan: p, model: m, params: w, residual: make([]float32, p.Batch), jacobian: m.loss.NewJacobian(w, p.Batch),
		points: newPoints(p, problem, s, m, pool, tile),
	}
	t.shared = problem.Share(p.Match, p.Train)
	if p.Match > 0 {
		t.match = newMatching(problem, s, m, w)
	}
	c := spring.Default
	if m.loss.Dim > many {
		c.Damping = spring.Damping{Floor: 1e-4, Start: 1e-1, Tau: 40}
	}
	t.solver = spring.New(pool, c, t.jacobian)
	return t
}

// Rates at the first step and at the last; lower ones do not undo a matching.
const (
	rateFirst, rateLast       = 0.5, 0.1
	matchedFirst, matchedLast = 0.3, 0.05
)

func (t *training) phases() []learn.Phase {
	main := learn.Phase{
		Name: strings.ToLower(t.plan.Equation.String()), Steps: t.shared[1], Step: t.step,
		Keeps: map[string][]float32{"direction": t.solver.Dir}, Counts: map[string]*int{"steps": &t.solver.Iter},
	}
	if t.match == nil {
		return []learn.Phase{main}
	}
	main.Start = t.match.finish
	return []learn.Phase{t.match.phase(t.shared[0]), main}
}

// average is the parameters to serve.
func (t *training) average() []float32 {
	if t.match != nil && t.solver.Iter == 0 {
		return t.match.average()
	}
	return t.params.Theta
}

func (t *training) step(ctx context.Context, i int) (float64, error) {
	batch, err := t.points.draw(ctx, t.params, i)
	if err != nil {
		return 0, err
	}
	t.model.loss.Jacobian(t.residual, t.jacobian, t.params, batch)
	first, last := rateFirst, rateLast
	if t.match != nil {
		first, last = matchedFirst, matchedLast
	}
	rate := first * math.Pow(last/first, float64(i)/float64(t.shared[1]))
	out := t.solver.Step(t.params.Theta, t.residual, t.jacobian, rate)
	t.params.Refresh()
	return out.Loss, nil
}

// warnings are those of its points.
func (t *training) warnings(ctx context.Context) ([]string, error) {
	return t.points.warnings(ctx, t.params)
}
