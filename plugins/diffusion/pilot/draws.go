package pilot

import (
	"context"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
)

// Draws are equally weighted points of the last level, by systematic resampling where it has weights; n×d row-major.
func Draws(levels []smc.Level) ([]float64, error) {
	if len(levels) == 0 {
		return nil, fmt.Errorf("a pilot run is needed, and there is none")
	}
	l := &levels[len(levels)-1]
	if l.Beta != 1 || l.N < 2 {
		return nil, fmt.Errorf("the pilot ends with %d points at β = %g; accepted: 2 or more at 1", l.N, l.Beta)
	}
	if l.LogW == nil {
		return append([]float64(nil), l.X...), nil
	}
	top := math.Inf(-1)
	for _, w := range l.LogW {
		top = max(top, w)
	}
	if math.IsInf(top, 0) || math.IsNaN(top) {
		return nil, fmt.Errorf("the pilot ends with weights of which the largest is %g in the log", top)
	}
	total := 0.0
	for _, w := range l.LogW {
		total += math.Exp(w - top)
	}
	x := make([]float64, 0, len(l.X))
	at, sum := 0, math.Exp(l.LogW[0]-top)
	for i := range l.N {
		for u := (float64(i) + 0.5) / float64(l.N) * total; u > sum && at < l.N-1; {
			at++
			sum += math.Exp(l.LogW[at] - top)
		}
		x = append(x, l.X[at*l.D:(at+1)*l.D]...)
	}
	return x, nil
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
