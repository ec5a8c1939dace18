package bridge

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/sampan-mc/sampan/plugins/diffusion/pilot"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// refresh puts weighted draws of the model in the place of half the pilot's, before round i: one damped step towards the
// fixed point that a model trained on its own draws, with the target's scores, has in the target. The weights are truncated
// at √N times their mean (Ionides, "Truncated importance sampling", JCGS 2008).
func (t *training) refresh(ctx context.Context, round int) error {
	t.regression = nil
	f, facts := t.state.Frame, t.state.Facts
	d := f.Dim
	n := len(facts[factPilot]) / d
	x, logW, err := t.own(ctx, n, round)
	if err != nil {
		return err
	}
	level := []smc.Level{{Beta: 1, N: n, D: d, X: x, LogW: logW}}
	truncate(level[0].LogW)
	if x, err = pilot.Draws(level); err != nil {
		return fmt.Errorf("the model's own draws: %w", err)
	}
	half := x[:0]
	for i := 0; i < n; i += 2 {
		half = append(half, x[i*d:(i+1)*d]...)
	}
	g, err := pilot.Scores(ctx, t.problem.Target, half)
	if err != nil {
		return err
	}
	y, q := make([]float64, len(half)), make([]float64, len(half))
	f.ToY(y, half)
	f.Score(q, g)
	old := func(v []float32) []float32 { // its odd ones
		var out []float32
		for i := 1; i < n; i += 2 {
			out = append(out, v[i*d:(i+1)*d]...)
		}
		return out
	}
	facts[factX] = slices.Concat(narrow(y), old(facts[factPilot]))
	facts[factScore] = slices.Concat(narrow(q), old(facts[factFirst]))
	return nil
}

// own makes n draws of the model as it is, with their log weights.
func (t *training) own(ctx context.Context, n, round int) (x, logW []float64, err error) {
	f := t.state.Frame
	d := f.Dim
	path, err := t.serve(t.average())
	if err != nil {
		return nil, nil, err
	}
	y, logW := make([]float64, n*d), make([]float64, n)
	key := t.problem.Stream(fmt.Sprintf("refresh/%d", round))
	rng.NewKey(key.Uint64(), "start", 0).Normals(y, 0, 0, 0)
	start := make([]float64, n)
	for i, z := range y {
		start[i/d] += z * z / 2
		y[i] *= path.Scale()
	}
	if err := path.Move(ctx, 1, y, logW, key, 0); err != nil {
		return nil, nil, err
	}
	b := targets.NewBatch(n, d, targets.LogP)
	f.ToX(b.X, y)
	if err := t.problem.Target.Eval(ctx, b); err != nil {
		return nil, nil, err
	}
	for i := range logW {
		logW[i] += b.LogP[i] + start[i] // up to a constant
		if !(logW[i] < math.Inf(1)) {
			logW[i] = math.Inf(-1)
		}
	}
	return b.X, logW, nil
}

// truncate cuts the weights at √N times their mean.
func truncate(logW []float64) {
	top := slices.Max(logW)
	if math.IsInf(top, -1) {
		return
	}
	sum, n := 0.0, float64(len(logW))
	for _, w := range logW {
		sum += math.Exp(w - top)
	}
	most := top + math.Log(sum/n) + math.Log(n)/2
	for i, w := range logW {
		logW[i] = min(w, most)
	}
}
