package targets

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"

	"github.com/sampan-mc/sampan/vec/rng"
)

// NewLogistic is Bayesian logistic regression: responses y in {0, 1}, weights w with independent normal priors of
// standard deviation priorSD (infinite: an improper flat prior, and no Parts),
//
//	log p(w) = Σ_i [ y_i z_i − log(1 + exp z_i) ] + Σ_j log N(w_j; 0, priorSD²),  z = A w
//	gradient = Aᵀ (y − σ(z)) − w / priorSD²
func NewLogistic(ds Design, priorSD float64) (Density, error) {
	if err := ds.check(); err != nil {
		return nil, fmt.Errorf("logistic: %w", err)
	}
	for i, y := range ds.Y {
		if y != 0 && y != 1 {
			return nil, fmt.Errorf("logistic: response %d is %v; accepted: 0, 1", i, y)
		}
	}
	if !(priorSD > 0) {
		return nil, errors.New("logistic: prior sd must be positive")
	}
	l := &logistic{
		a: blas64.General{Rows: ds.N, Cols: ds.D, Stride: ds.D, Data: ds.A}, y: ds.Y, priorSD: priorSD,
		info: Info{Name: "logistic", Params: Reals("beta", ds.D), Can: LogP | Grad, Known: Unknown()},
	}
	l.scratch.New = func() any {
		return &logisticScratch{z: make([]float64, ds.N), r: make([]float64, ds.N), g: make([]float64, ds.D)}
	}
	if math.IsInf(priorSD, 1) {
		return l, nil
	}
	l.proper = true
	l.info.Can |= Parts
	l.info.PriorNormalised = true
	return attach(l, nil, normalPrior{ds.D, priorSD}, nil), nil
}

type logistic struct {
	a       blas64.General
	y       []float64
	priorSD float64
	proper  bool
	info    Info
	scratch sync.Pool // of *logisticScratch
}

type logisticScratch struct{ z, r, g []float64 }

func (l *logistic) Info() Info { return l.info }

func (l *logistic) Eval(ctx context.Context, b *Batch) error {
	if err := b.Check(l.info); err != nil {
		return err
	}
	s := l.scratch.Get().(*logisticScratch)
	defer l.scratch.Put(s)
	for i := range b.N {
		if err := ctx.Err(); err != nil {
			return err
		}
		lo, hi := i*b.D, (i+1)*b.D
		w := b.X[lo:hi:hi]
		var gPrior, gLik, grad []float64
		if b.Want.Has(Grad) {
			grad, gLik, gPrior = b.Grad[lo:hi], s.g, b.Grad[lo:hi]
			if b.Want.Has(Parts) {
				gLik, gPrior = b.GradLik[lo:hi], b.GradPrior[lo:hi]
			}
		}
		lik := l.likelihood(w, gLik, s)
		prior := 0.0
		if l.proper {
			prior = logNormalPrior(w, gPrior, l.priorSD)
		} else {
			clear(gPrior)
		}
		for j := range grad {
			grad[j] = gPrior[j] + gLik[j]
		}
		if b.Want.Has(Parts) {
			b.LogPrior[i], b.LogLik[i] = prior, lik
		}
		b.settle(i, prior+lik)
	}
	return nil
}

// likelihood is the log likelihood of w, and its gradient if grad is not nil. With e = exp(−|z|) both the logarithm,
// log(1 + exp z) = max(z, 0) + log(1 + e), and the sigmoid need one exponential. The factors 1 + e lie in [1, 2], so
// up to a thousand are multiplied before a logarithm is taken: an error of a unit in the last place for each.
func (l *logistic) likelihood(w, grad []float64, s *logisticScratch) float64 {
	blas64.Gemv(blas.NoTrans, 1, l.a, blas64.Vector{N: l.a.Cols, Inc: 1, Data: w}, 0, blas64.Vector{N: l.a.Rows, Inc: 1, Data: s.z})
	lik, product := 0.0, 1.0
	for i, z := range s.z {
		y := l.y[i]
		e := math.Exp(-math.Abs(z))
		lik += y*z - max(z, 0)
		product *= 1 + e
		if i%1000 == 999 {
			lik -= math.Log(product)
			product = 1
		}
		p := 1 / (1 + e)
		if z < 0 {
			p *= e
		}
		s.r[i] = y - p
	}
	lik -= math.Log(product)
	if grad != nil {
		blas64.Gemv(blas.Trans, 1, l.a, blas64.Vector{N: l.a.Rows, Inc: 1, Data: s.r}, 0, blas64.Vector{N: l.a.Cols, Inc: 1, Data: grad})
	}
	return lik
}

// logNormalPrior is Σ log N(w_j; 0, sd²), with its gradient if grad is not nil.
func logNormalPrior(w, grad []float64, sd float64) float64 {
	p := 1 / (sd * sd)
	for j := range grad {
		grad[j] = -p * w[j]
	}
	return -0.5*p*dot(w, w) - float64(len(w))*(math.Log(sd)+0.5*log2Pi)
}

// normalPrior draws from independent normals of mean zero.
type normalPrior struct {
	d  int
	sd float64
}

func (p normalPrior) SamplePrior(_ context.Context, first, n int, key rng.Key, x []float64) error {
	for i := range n {
		row := x[i*p.d : (i+1)*p.d]
		key.Normals(row, uint32(first+i), 0, 0)
		for j := range row {
			row[j] *= p.sd
		}
	}
	return nil
}
