package pilot

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec"
)

// Draws are equally weighted points of the last level, by systematic resampling where it has weights; n×d row-major.
func Draws(levels []smc.Level) ([]float64, error) {
	if len(levels) == 0 {
		return nil, fmt.Errorf("a pilot run is needed, and it was skipped")
	}
	l := &levels[len(levels)-1]
	if l.Beta != 1 || l.N < 2 {
		return nil, fmt.Errorf("the pilot ends with %d points at β = %g; accepted: 2 or more at 1", l.N, l.Beta)
	}
	if l.LogW == nil {
		return append([]float64(nil), l.X...), nil
	}
	top := slices.Max(l.LogW)
	if math.IsInf(top, 0) || math.IsNaN(top) {
		return nil, fmt.Errorf("the pilot ends with weights of which the largest is %g in the log", top)
	}
	return Systematic(l.X, l.LogW, l.N), nil
}

// Points are those draws and the target's scores there, both n×d row-major.
func Points(ctx context.Context, target targets.Density, levels []smc.Level) (x, g []float64, err error) {
	if x, err = Draws(levels); err != nil {
		return nil, nil, err
	}
	g, err = Scores(ctx, target, x)
	return x, g, err
}

// In takes points and scores there into a frame.
func In(f *space.Frame, x, g []float64) (y, q []float64) {
	y, q = make([]float64, len(x)), make([]float64, len(g))
	f.ToY(y, x)
	f.Score(q, g)
	return y, q
}

// Narrow rounds v to the precision of nets.
func Narrow[T vec.Float](v []float64) []T {
	out := make([]T, len(v))
	for i, x := range v {
		out[i] = T(x)
	}
	return out
}

// Scores evaluates the target's score at the points x. Where it is not to be had it is zero.
func Scores(ctx context.Context, target targets.Density, x []float64) ([]float64, error) {
	info := target.Info()
	d := info.Dim()
	if !info.Can.Has(targets.Grad) {
		return nil, fmt.Errorf("the gradient of the log density is needed, which %s does not give", info.Name)
	}
	const rows = 1024
	g := make([]float64, len(x))
	for at := 0; at < len(x); at += rows * d {
		part := x[at:min(at+rows*d, len(x))]
		b := targets.Batch{
			N: len(part) / d, D: d, Want: targets.LogP | targets.Grad, X: part, LogP: make([]float64, len(part)/d),
			Grad: g[at : at+len(part)], Status: make([]targets.Status, len(part)/d),
		}
		if err := target.Eval(ctx, &b); err != nil {
			return nil, err
		}
	}
	for i := range len(x) / d {
		row := g[i*d : (i+1)*d]
		for _, v := range row {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				clear(row)
				break
			}
		}
	}
	return g, nil
}
