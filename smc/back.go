package smc

import (
	"context"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/smc/diag"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// SendBack takes n points y of the target, n×d with their log densities, back to the reference of t, or to ref if it has
// none of its own, and returns the log weights of the paths,
//
//	log γ_K(y) − log γ_0(x) + Σ r_k.
//
// Over exact draws of the target their mean is an upper bound of log Z. A weight of NaN is that of a path that the
// transport gave up. used counts what it asked of the target.
func SendBack(ctx context.Context, t Backward, ref Reference, n int, y, logTarget []float64, seed uint64) (logW []float64, used Evals, err error) {
	if own := t.Reference(); own != nil {
		ref = own
	}
	cuts, info, d := t.Cuts(), t.Info(), len(y)/n
	at := NewParticles(n, d, info.Aux)
	copy(at.X, y)
	copy(at.LogTarget, logTarget)
	logW = append([]float64(nil), logTarget...)
	ratio, status := make([]float64, n), make([]targets.Status, n)
	for k := len(cuts); k >= 1; k-- {
		to := NewParticles(n, d, info.Aux)
		if k > 1 && cuts[k-2].Kind == CutOwn {
			to.LogOwn = make([]float64, n)
		}
		clear(status)
		key := rng.NewKey(seed, fmt.Sprintf("smc/back/segment-%d", k), 0)
		if err := t.Backward(ctx, k, at, to, ratio, status, key); err != nil {
			return nil, used, fmt.Errorf("back through segment %d of %s: %w", k, info.Name, err)
		}
		used.Density += to.Used.Density
		used.Gradient += to.Used.Gradient
		for i := range logW {
			if status[i] != targets.OK && status[i] != targets.OutOfSupport {
				ratio[i] = math.NaN()
			}
			logW[i] += ratio[i]
		}
		at = to
	}
	b := targets.NewBatch(n, d, targets.LogP)
	copy(b.X, at.X)
	if err := ref.Eval(ctx, b); err != nil {
		return nil, used, fmt.Errorf("reference: %w", err)
	}
	for i := range logW {
		logW[i] -= b.LogP[i]
	}
	return logW, used, nil
}

// Out of N particles none can be relied on to tell of paths whose weight is heavy·N times the mean or more. A transport
// that leaves more than unreached of the target to such paths does not reach it.
const (
	heavy     = 0.05
	unreached = 0.05
)

// unreachedBy is the part of the target, as the pilot knows it, that as many particles as an island has would hardly ever
// reach: there the paths of a transport of one stretch, run back from the pilot's points, have weights beyond reason. It
// is 0 where that cannot be told.
func (r *run) unreachedBy(ctx context.Context, logZ float64) (float64, error) {
	back, ok := r.transport.(Backward)
	if !ok || !oneStretch(r.cuts) || len(r.cfg.Tempered.Levels) == 0 {
		return 0, nil
	}
	l := &r.cfg.Tempered.Levels[len(r.cfg.Tempered.Levels)-1]
	n := min(l.N, r.cfg.Particles)
	logW, used, err := SendBack(ctx, back, r.ref, n, l.X[:n*l.D], l.LogTarget[:n], r.cfg.Seed)
	if err != nil {
		return 0, err
	}
	r.back.Density += used.Density
	r.back.Gradient += used.Gradient
	of := make([]float64, n)
	if l.LogW != nil {
		copy(of, l.LogW)
	}
	share, _ := diag.Normalise(nil, of)
	limit, sum := logZ+math.Log(heavy*float64(r.cfg.Particles)), 0.0
	for i, w := range share {
		if w > 0 && !(logW[i] < limit) { // NaN: it leads nowhere
			sum += w
		}
	}
	return sum, nil
}

// oneStretch reports whether γ is known at no cut but the last, so that the whole path has one weight.
func oneStretch(cuts []Cut) bool {
	for _, c := range cuts[:len(cuts)-1] {
		if c.Kind != CutNone {
			return false
		}
	}
	return true
}
