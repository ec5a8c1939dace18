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
	steps  int

	solver   *spring.Solver[float32]
	residual []float32
	jacobian *gram.Jacobian[float32]
}

func newTraining(p *Plan, problem *learn.Problem, s *learn.State, m *model, w *nn.Params[float32]) *training {
	pool := problem.Pool()
	tile := m.loss.TilePoints()
	m.loss.Start(pool, &m.layout, tile)
	t := &training{
		plan: p, model: m, params: w, steps: p.Train, residual: make([]float32, p.Batch), jacobian: m.loss.NewJacobian(w, p.Batch),
		points: newPoints(p, problem, s, m, pool, tile),
	}
	if problem.Steps > 0 {
		t.steps = min(t.steps, problem.Steps)
	}
	c := spring.Default
	if m.loss.Dim > many {
		c.Damping = spring.Damping{Floor: 1e-4, Start: 1e-1, Tau: 40}
	}
	t.solver = spring.New(pool, c, t.jacobian)
	return t
}

// Rates at the first step and at the last.
const rateFirst, rateLast = 0.5, 0.1

func (t *training) phases() []learn.Phase {
	return []learn.Phase{{
		Name: strings.ToLower(t.plan.Equation.String()), Steps: t.steps, Step: t.step,
		Keeps: map[string][]float32{"direction": t.solver.Dir}, Counts: map[string]*int{"steps": &t.solver.Iter},
	}}
}

// average is the parameters to serve.
func (t *training) average() []float32 { return t.params.Theta }

func (t *training) step(ctx context.Context, i int) (float64, error) {
	batch, err := t.points.draw(ctx, t.params, i)
	if err != nil {
		return 0, err
	}
	t.model.loss.Jacobian(t.residual, t.jacobian, t.params, batch)
	rate := rateFirst * math.Pow(rateLast/rateFirst, float64(i)/float64(t.steps))
	out := t.solver.Step(t.params.Theta, t.residual, t.jacobian, rate)
	t.params.Refresh()
	return out.Loss, nil
}

// warnings are those of its points.
func (t *training) warnings(ctx context.Context) ([]string, error) {
	return t.points.warnings(ctx, t.params)
}
