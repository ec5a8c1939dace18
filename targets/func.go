package targets

import (
	"context"
	"sync"
)

// Func makes a density of a plain function of one point. f returns the log density at x and, if grad is not nil, fills
// it with the gradient; it must be safe for concurrent use and must not keep or change x.
func Func(name string, params []Param, f func(x, grad []float64) float64) Density {
	return newPointwise(Info{Name: name, Params: params, Can: LogP | Grad, Known: Unknown()}, func() pointFunc { return f })
}

// FuncNoGrad is Func for a function that has no gradient.
func FuncNoGrad(name string, params []Param, f func(x []float64) float64) Density {
	return newPointwise(Info{Name: name, Params: params, Can: LogP, Known: Unknown()},
		func() pointFunc { return func(x, _ []float64) float64 { return f(x) } })
}

// FuncParts is Func for a posterior: f returns the log prior and the log likelihood at x and, if the gradients are not
// nil, fills both.
func FuncParts(name string, params []Param, f func(x, gradPrior, gradLik []float64) (logPrior, logLik float64)) Density {
	return newPartwise(Info{Name: name, Params: params, Can: LogP | Grad | Parts, Known: Unknown()}, func() partFunc { return f })
}

// Describe returns d under a description that edit has changed: known answers, say, or that it is normalised.
// It must leave the parameters and the capabilities as they are.
func Describe(d Density, edit func(*Info)) Density {
	in := d.Info()
	edit(&in)
	return forward(described{d, in}, d)
}

type described struct {
	Density
	info Info
}

func (d described) Info() Info      { return d.info }
func (d described) Unwrap() Density { return d.Density }

// Reals is a list of one real parameter: Reals("x", 10) for a vector, Reals("x") for a scalar.
func Reals(name string, shape ...int) []Param { return []Param{{Name: name, Shape: shape}} }

// pointFunc is a log density of one point; a nil grad is not filled. It may own scratch, so each goroutine has its own.
type pointFunc func(x, grad []float64) float64

// pointwise is a density evaluated point by point.
type pointwise struct {
	info Info
	pool sync.Pool // of *pointFunc
}

func newPointwise(info Info, fresh func() pointFunc) *pointwise {
	p := &pointwise{info: info}
	p.pool.New = func() any { f := fresh(); return &f }
	return p
}

func (p *pointwise) Info() Info { return p.info }

func (p *pointwise) Eval(ctx context.Context, b *Batch) error {
	if err := b.Check(p.info); err != nil {
		return err
	}
	f := p.pool.Get().(*pointFunc)
	defer p.pool.Put(f)
	for i := range b.N {
		if err := ctx.Err(); err != nil {
			return err
		}
		var grad []float64
		if b.Want.Has(Grad) {
			grad = b.Grad[i*b.D : (i+1)*b.D : (i+1)*b.D]
		}
		b.settle(i, (*f)(b.X[i*b.D:(i+1)*b.D:(i+1)*b.D], grad))
	}
	return nil
}

// partFunc is a log prior and a log likelihood of one point; nil gradients are not filled.
type partFunc func(x, gradPrior, gradLik []float64) (logPrior, logLik float64)

// partwise is a posterior evaluated point by point.
type partwise struct {
	info Info
	pool sync.Pool // of *partState
}

type partState struct {
	f       partFunc
	scratch []float64 // the likelihood's gradient, where the batch has no room for it
}

func newPartwise(info Info, fresh func() partFunc) *partwise {
	d := info.Dim()
	p := &partwise{info: info}
	p.pool.New = func() any { return &partState{f: fresh(), scratch: make([]float64, d)} }
	return p
}

func (p *partwise) Info() Info { return p.info }

func (p *partwise) Eval(ctx context.Context, b *Batch) error {
	if err := b.Check(p.info); err != nil {
		return err
	}
	s := p.pool.Get().(*partState)
	defer p.pool.Put(s)
	for i := range b.N {
		if err := ctx.Err(); err != nil {
			return err
		}
		lo, hi := i*b.D, (i+1)*b.D
		x := b.X[lo:hi:hi]
		var grad, gPrior, gLik []float64
		if b.Want.Has(Grad) {
			grad = b.Grad[lo:hi:hi]
			gPrior, gLik = grad, s.scratch
			if b.Want.Has(Parts) {
				gPrior, gLik = b.GradPrior[lo:hi:hi], b.GradLik[lo:hi:hi]
			}
		}
		prior, lik := s.f(x, gPrior, gLik)
		for j := range grad {
			grad[j] = gPrior[j] + gLik[j]
		}
		if b.Want.Has(Parts) {
			b.LogPrior[i], b.LogLik[i] = prior, lik
		}
		b.settle(i, sumParts(prior, lik))
	}
	return nil
}
