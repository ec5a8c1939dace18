package smc

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"

	"github.com/sampan-mc/sampan/smc/mcmc"
	"github.com/sampan-mc/sampan/targets"
)

// NewLaplace is the normal distribution at a mode of target with the curvature there, its standard deviations widened by
// the factor widen (2, say: a reference must reach into the target's tails). The mode is sought by BFGS from start, nil
// for the origin; the Hessian is taken from the gradient by central differences. The tally counts what that cost.
//
// A target with more than one mode is badly served: the path then starts at one of them.
func NewLaplace(ctx context.Context, target targets.Density, start []float64, widen float64) (Reference, mcmc.Tally, error) {
	l := laplace{ctx: ctx, target: target, d: target.Info().Dim()}
	name := target.Info().Name
	if start == nil {
		start = make([]float64, l.d)
	}
	switch {
	case !target.Info().Can.Has(targets.Grad):
		return nil, l.tally, fmt.Errorf("reference laplace needs the gradient of the log density, which %s does not offer", name)
	case len(start) != l.d:
		return nil, l.tally, fmt.Errorf("reference laplace: a start of dimension %d found, target %s has %d", len(start), name, l.d)
	case !(widen > 0) || math.IsInf(widen, 1):
		return nil, l.tally, fmt.Errorf("reference laplace: widened by %v found; accepted: a positive factor", widen)
	}
	mode, err := l.climb(start)
	if err != nil {
		return nil, l.tally, fmt.Errorf("reference laplace: no mode of %s was found: %w", name, err)
	}
	factor, err := l.curvature(mode, widen)
	if err != nil {
		return nil, l.tally, fmt.Errorf("reference laplace: %s at the point %.4g where the climb ended: %w", name, mode, err)
	}
	ref, err := NewMultiNormal(mode, factor)
	return ref, l.tally, err
}

type laplace struct {
	ctx    context.Context
	target targets.Density
	d      int
	tally  mcmc.Tally
	err    error // of an evaluation; the optimiser cannot carry it
}

// eval evaluates points x with gradients.
func (l *laplace) eval(x []float64) (*targets.Batch, error) {
	b := targets.NewBatch(len(x)/l.d, l.d, targets.LogP|targets.Grad)
	copy(b.X, x)
	l.tally.Gradient += int64(b.N)
	return b, l.target.Eval(l.ctx, b)
}

func (l *laplace) climb(start []float64) ([]float64, error) {
	var last *targets.Batch
	at := func(x []float64) *targets.Batch { // the optimiser asks for value and gradient in turn
		if last != nil && slices.Equal(last.X, x) {
			return last
		}
		b, err := l.eval(x)
		if err != nil {
			l.err = err
		}
		last = b
		return b
	}
	problem := optimize.Problem{
		Func: func(x []float64) float64 {
			if b := at(x); l.err == nil && b.Status[0] == targets.OK {
				return -b.LogP[0]
			}
			return math.Inf(1)
		},
		Grad: func(grad, x []float64) {
			for j, g := range at(x).Grad {
				grad[j] = -g
			}
		},
		Status: func() (optimize.Status, error) {
			if l.err != nil {
				return optimize.Failure, l.err
			}
			return optimize.NotTerminated, l.ctx.Err()
		},
	}
	res, err := optimize.Minimize(problem, start, &optimize.Settings{GradientThreshold: 1e-6, MajorIterations: 1000}, &optimize.BFGS{})
	if l.err != nil {
		return nil, l.err
	}
	if res == nil || !(res.F < math.Inf(1)) {
		return nil, errors.Join(errors.New("the log density is not finite at the start"), err)
	}
	return res.X, nil // a climb that stalled at rounding is good enough: the curvature is checked
}

// curvature is the packed factor of widen²·(−Hessian)⁻¹.
func (l *laplace) curvature(mode []float64, widen float64) ([]float64, error) {
	x := make([]float64, 0, 2*l.d*l.d)
	step := make([]float64, l.d)
	for j := range mode {
		step[j] = math.Cbrt(0x1p-52) * math.Max(1, math.Abs(mode[j]))
		for _, sign := range []float64{1, -1} {
			x = append(x, mode...)
			x[len(x)-l.d+j] += sign * step[j]
		}
	}
	b, err := l.eval(x)
	if err != nil {
		return nil, err
	}
	precision := mat.NewSymDense(l.d, nil)
	slope := func(i, j int) float64 { // of gradient entry i along j
		up, down := b.Grad[(2*j)*l.d+i], b.Grad[(2*j+1)*l.d+i]
		return (up - down) / (2 * step[j])
	}
	for i := range l.d {
		for j := range i + 1 {
			precision.SetSym(i, j, -(slope(i, j)+slope(j, i))/2)
		}
	}
	var ch mat.Cholesky
	if !ch.Factorize(precision) {
		return nil, errors.New("the curvature is not that of a maximum")
	}
	var cov mat.SymDense
	if err := ch.InverseTo(&cov); err != nil {
		return nil, fmt.Errorf("the curvature is next to singular: %w", err)
	}
	cov.ScaleSym(widen*widen, &cov)
	factor := cholesky(&cov)
	if factor == nil {
		return nil, errors.New("the curvature is next to singular")
	}
	return factor, nil
}
