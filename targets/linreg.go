package targets

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/sampan-mc/sampan/vec/rng"
)

// NewLinearRegression is Bayesian linear regression with known noise, whose posterior is normal:
//
//	w_j ~ N(0, priorSD²),  y | w ~ N(A w, noiseSD² I)
//
// Posterior precision P = AᵀA/noiseSD² + I/priorSD², mean m = P⁻¹Aᵀy/noiseSD², and
// log Z = log p(y, m) + (d/2) log 2π − ½ log det P: at the mode joint density and posterior are known both.
func NewLinearRegression(ds Design, noiseSD, priorSD float64) (Density, error) {
	if err := ds.check(); err != nil {
		return nil, fmt.Errorf("linear-regression: %w", err)
	}
	if !(noiseSD > 0) || math.IsInf(noiseSD, 1) || !(priorSD > 0) || math.IsInf(priorSD, 1) {
		return nil, fmt.Errorf("linear-regression: noise sd %v, prior sd %v; accepted: positive numbers", noiseSD, priorSD)
	}
	tau := 1 / (noiseSD * noiseSD)
	f := func(scratch []float64) partFunc {
		return func(w, gPrior, gLik []float64) (float64, float64) {
			rss := ds.residuals(w, gLik, scratch)
			for j := range gLik {
				gLik[j] *= tau
			}
			lik := -0.5*tau*rss - float64(ds.N)*(math.Log(noiseSD)+0.5*log2Pi)
			return logNormalPrior(w, gPrior, priorSD), lik
		}
	}
	post, err := ridge(ds, tau, 1/(priorSD*priorSD))
	if err != nil {
		return nil, fmt.Errorf("linear-regression: %w", err)
	}
	prior, lik := f(make([]float64, ds.N))(post.mean, nil, nil)
	info := Info{
		Name: "linear-regression", Params: Reals("beta", ds.D), Can: LogP | Grad | Parts, PriorNormalised: true,
		Known: Known{LogZ: prior + lik + 0.5*float64(ds.D)*log2Pi - 0.5*post.logDet, Mean: post.mean, SD: post.sd, Source: "exact"},
	}
	d := newPartwise(info, func() partFunc { return f(make([]float64, ds.N)) })
	return attach(d, post, normalPrior{ds.D, priorSD}, nil), nil
}

// residuals is the sum of squares of r = y − A w, left in r; grad, if not nil, becomes Aᵀr.
func (ds Design) residuals(w, grad, r []float64) float64 {
	rss := 0.0
	clear(grad)
	for i, y := range ds.Y {
		row := ds.A[i*ds.D : (i+1)*ds.D]
		r[i] = y - dot(row, w)
		rss += r[i] * r[i]
		for j := range grad {
			grad[j] += row[j] * r[i]
		}
	}
	return rss
}

// normalPosterior is the normal density of precision P = L Lᵀ.
type normalPosterior struct {
	mean, sd []float64
	logDet   float64 // of the precision
	lower    *mat.TriDense
}

// ridge is the posterior of precision tau AᵀA + lambda I, mean P⁻¹ tau Aᵀy.
func ridge(ds Design, tau, lambda float64) (*normalPosterior, error) {
	a := mat.NewDense(ds.N, ds.D, ds.A)
	p := mat.NewSymDense(ds.D, nil)
	p.SymOuterK(tau, a.T())
	for j := range ds.D {
		p.SetSym(j, j, p.At(j, j)+lambda)
	}
	var chol mat.Cholesky
	if !chol.Factorize(p) {
		return nil, errors.New("posterior precision is not positive definite in floating point")
	}
	var b, m mat.VecDense
	b.MulVec(a.T(), mat.NewVecDense(ds.N, ds.Y))
	b.ScaleVec(tau, &b)
	if err := chol.SolveVecTo(&m, &b); err != nil {
		return nil, fmt.Errorf("posterior mean: %w", err)
	}
	var cov mat.SymDense
	if err := chol.InverseTo(&cov); err != nil {
		return nil, fmt.Errorf("posterior covariance: %w", err)
	}
	out := &normalPosterior{mean: m.RawVector().Data, sd: make([]float64, ds.D), logDet: chol.LogDet(), lower: new(mat.TriDense)}
	chol.LTo(out.lower)
	for j := range out.sd {
		out.sd[j] = math.Sqrt(cov.At(j, j))
	}
	return out, nil
}

// Sample draws m + L⁻ᵀz.
func (p *normalPosterior) Sample(_ context.Context, first, n int, key rng.Key, x []float64) error {
	d := len(p.mean)
	z := make([]float64, d)
	for i := range n {
		key.Normals(z, uint32(first+i), 0, 0)
		p.backSolve(z)
		for j, m := range p.mean {
			x[i*d+j] = m + z[j]
		}
	}
	return nil
}

// backSolve replaces z by L⁻ᵀz, by back substitution.
func (p *normalPosterior) backSolve(z []float64) {
	for j := len(z) - 1; j >= 0; j-- {
		z[j] /= p.lower.At(j, j)
		for k := range j {
			z[k] -= p.lower.At(j, k) * z[j]
		}
	}
}
