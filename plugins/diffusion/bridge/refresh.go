package bridge

import (
	"context"
	"fmt"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/plugins/diffusion/pilot"
)

// fewest draws of the model's own, in effect, are worth a look.
const fewest = 1000

// refresh has the model make draws of its own, by its kernels whatever is served, and puts as many of them as they are
// worth, by their weights, beside the pilot's: one damped step towards the fixed point that a model trained on its own
// draws, with the target's scores, has in the target. A poor model leaves things as they are.
func (t *training) refresh(ctx context.Context, round int) error {
	t.regression = nil
	f, d, facts := t.state.Frame, t.problem.Dim, t.state.Facts
	path := newSDE(t.model, chain.Refined(ownSteps), t.average())
	y, logW, err := pilot.Own(ctx, t.problem.Target, f, path, t.plan.Own, t.problem.Stream(fmt.Sprintf("own/%d", round)), t.pool)
	if err != nil {
		return err
	}
	worth := int(pilot.Truncate(logW))
	if worth < fewest {
		return nil
	}
	y = pilot.Systematic(y, logW, worth)
	x, q := make([]float64, len(y)), make([]float64, len(y))
	f.ToX(x, y)
	g, err := pilot.Scores(ctx, t.problem.Target, x)
	if err != nil {
		return err
	}
	f.Score(q, g)
	kept := min(len(facts[factPilot])/d, worth) * d
	facts[factX] = append(pilot.Narrow[float32](y), facts[factPilot][:kept]...)
	facts[factScore] = append(pilot.Narrow[float32](q), facts[factFirst][:kept]...)
	return nil
}

// ownSteps are those of a path for draws of the model's own.
const ownSteps = 128
