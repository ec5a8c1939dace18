package pde

import (
	"context"
	"strings"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/optim"
	"github.com/sampan-mc/sampan/vec/par"
)

// descent is Adam on the mean of r²: no trap for products, cheaper a step than Gauss-Newton, and of many more steps.
type descent struct {
	model  *model
	params *nn.Params[float32]
	points *points
	pool   *par.Pool
	steps  int
	adam   *optim.Adam[float32]
	rate   optim.Schedule
}

// descentSteps is how many there are where nothing is said.
const descentSteps = 4000

func newDescent(p *Plan, problem *learn.Problem, s *learn.State, m *model, w *nn.Params[float32]) *descent {
	pool, tile := problem.Pool(), m.loss.TilePoints()
	m.loss.Start(pool, &m.layout, tile)
	d := &descent{model: m, params: w, pool: pool, steps: p.Train, points: newPoints(p, problem, s, m, pool, tile), adam: optim.New[float32](optim.Default, m.layout.Size())}
	if problem.Steps > 0 {
		d.steps = min(d.steps, problem.Steps)
	}
	d.rate = optim.Schedule{Peak: 3e-3, Final: 2e-5, Warmup: d.steps / 40, Steps: d.steps}
	return d
}

func (d *descent) phases() []learn.Phase {
	return []learn.Phase{{
		Name: strings.ToLower(d.model.loss.Equation.String()), Steps: d.steps, Step: d.step,
		Keeps:  map[string][]float32{"m": d.adam.M, "v": d.adam.V, "mean": d.adam.Mean},
		Counts: map[string]*int{"adam": &d.adam.Steps},
	}}
}

func (d *descent) step(ctx context.Context, i int) (float64, error) {
	batch, err := d.points.draw(ctx, d.params, i)
	if err != nil {
		return 0, err
	}
	loss, norm := d.model.loss.Gradient(d.params, batch)
	d.adam.Step(d.pool, d.params.Theta, d.model.loss.Grad, norm, d.rate.At(i))
	d.params.Refresh()
	return loss, nil
}

// average is the parameters to serve.
func (d *descent) average() []float32 {
	if d.adam.Steps == 0 {
		return d.params.Theta
	}
	return d.adam.Mean
}

// warnings are those of its points.
func (d *descent) warnings(ctx context.Context) ([]string, error) {
	return d.points.warnings(ctx, d.params)
}
