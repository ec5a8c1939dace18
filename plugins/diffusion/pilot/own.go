package pilot

import (
	"context"
	"math"
	"slices"

	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
)

// Path is a trained sampler of one segment, in the coordinates of a frame (package learn's Path).
type Path interface {
	Scale() float64
	Forgets() bool
	Move(ctx context.Context, k int, y, ratio []float64, key rng.Key, first uint32) error
}

// Own makes n draws y of a path itself, n×d in its frame, with their log weights up to a constant: a pilot of its own for a
// further round of training. Weights that are not finite are zero. The result does not depend on the workers of pool.
func Own(ctx context.Context, target targets.Density, f *space.Frame, path Path, n int, key rng.Key, pool *par.Pool) (y, logW []float64, err error) {
	d := f.Dim
	y, logW = make([]float64, n*d), make([]float64, n)
	start := make([]float64, n)
	if !path.Forgets() {
		rng.NewKey(key.Uint64(), "start", 0).Normals(y, 0, 0, 0)
		for i, z := range y {
			start[i/d] += z * z / 2
			y[i] *= path.Scale()
		}
	}
	const rows = 1024
	errs := make([]error, (n+rows-1)/rows)
	pool.For(len(errs), func(_, i int) {
		lo, hi := i*rows, min(n, (i+1)*rows)
		errs[i] = path.Move(ctx, 1, y[lo*d:hi*d], logW[lo:hi], key, uint32(lo))
	})
	for _, err := range errs {
		if err != nil {
			return nil, nil, err
		}
	}
	b := targets.NewBatch(n, d, targets.LogP)
	f.ToX(b.X, y)
	if err := target.Eval(ctx, b); err != nil {
		return nil, nil, err
	}
	for i := range logW {
		logW[i] += b.LogP[i] + start[i]
		if !(logW[i] < math.Inf(1)) {
			logW[i] = math.Inf(-1)
		}
	}
	return y, logW, nil
}

// Truncate cuts weights at √N times their mean (Ionides 2008, "Truncated importance sampling"), and returns the effective
// sample size that is left, as a number of draws.
func Truncate(logW []float64) (ess float64) {
	top := slices.Max(logW)
	if math.IsInf(top, -1) {
		return 0
	}
	sum, n := 0.0, float64(len(logW))
	for _, w := range logW {
		sum += math.Exp(w - top)
	}
	most := top + math.Log(sum/n) + math.Log(n)/2
	one, two := 0.0, 0.0
	for i, w := range logW {
		logW[i] = min(w, most)
		v := math.Exp(logW[i] - top)
		one += v
		two += v * v
	}
	return one * one / two
}

// Systematic picks so many of the draws y, n×d, by their log weights, each as often as it is expected to within one.
func Systematic(y, logW []float64, count int) []float64 {
	d := len(y) / len(logW)
	top, total := slices.Max(logW), 0.0
	for _, w := range logW {
		total += math.Exp(w - top)
	}
	out := make([]float64, 0, count*d)
	at, sum := 0, math.Exp(logW[0]-top)
	for i := range count {
		for u := (float64(i) + 0.5) / float64(count) * total; u > sum && at < len(logW)-1; {
			at++
			sum += math.Exp(logW[at] - top)
		}
		out = append(out, y[at*d:(at+1)*d]...)
	}
	return out
}
