package targets

import (
	"context"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/vec/rng"
)

// NoisePrior is the prior of linear regression with unknown noise: σ² ~ InverseGamma(Shape, Scale), w | σ² ~
// N(0, σ² Width² I).
type NoisePrior struct{ Shape, Scale, Width float64 }

// NewLinearRegressionNoise is Bayesian linear regression with unknown noise, y | w, σ² ~ N(A w, σ² I), over (w, σ²),
// σ² positive. The prior is the conjugate one, so with
//
//	Λ = AᵀA + I/Width²,  m = Λ⁻¹Aᵀy,  a = Shape + n/2,  b = Scale + ½ (yᵀy − mᵀΛm)
//
// the posterior is σ² ~ InverseGamma(a, b), w | σ² ~ N(m, σ² Λ⁻¹), and
//
//	log Z = −(n/2) log 2π − d log Width − ½ log det Λ + Shape log Scale − a log b + log Γ(a) − log Γ(Shape)
func NewLinearRegressionNoise(ds Design, p NoisePrior) (Density, error) {
	if err := ds.check(); err != nil {
		return nil, fmt.Errorf("linear-regression-noise: %w", err)
	}
	for _, v := range []float64{p.Shape, p.Scale, p.Width} {
		if !(v > 0) || math.IsInf(v, 1) {
			return nil, fmt.Errorf("linear-regression-noise: prior %+v; accepted: positive numbers", p)
		}
	}
	post, err := ridge(ds, 1, 1/(p.Width*p.Width))
	if err != nil {
		return nil, fmt.Errorf("linear-regression-noise: %w", err)
	}
	n, d := float64(ds.N), ds.D
	r := make([]float64, ds.N)
	rss := ds.residuals(post.mean, nil, r)
	a := p.Shape + n/2
	b := p.Scale + 0.5*(rss+dot(post.mean, post.mean)/(p.Width*p.Width)) // yᵀy − mᵀΛm without the cancellation
	lgA, _ := math.Lgamma(a)
	lgShape, _ := math.Lgamma(p.Shape)
	known := Known{
		LogZ: -0.5*n*log2Pi - float64(d)*math.Log(p.Width) - 0.5*post.logDet +
			p.Shape*math.Log(p.Scale) - a*math.Log(b) + lgA - lgShape,
		Mean: append(append([]float64(nil), post.mean...), invGammaMean(a, b)), SD: make([]float64, d+1), Source: "exact",
	}
	for j, s := range post.sd {
		known.SD[j] = s * math.Sqrt(invGammaMean(a, b))
	}
	known.SD[d] = invGammaSD(a, b)
	info := Info{
		Name:   "linear-regression-noise",
		Params: []Param{{Name: "beta", Shape: []int{d}}, {Name: "sigma2", Support: Positive}},
		Can:    LogP | Grad | Parts, PriorNormalised: true, Known: known,
	}
	density := newPartwise(info, func() partFunc { return noiseParts(ds, p, lgShape) })
	return attach(density, normalInvGamma{post, a, b}, normalInvGamma{priorOfWidth(d, p.Width), p.Shape, p.Scale}, nil), nil
}

func noiseParts(ds Design, p NoisePrior, lgShape float64) partFunc {
	r, d := make([]float64, ds.N), ds.D
	c := p.Shape*math.Log(p.Scale) - lgShape - float64(d)*(math.Log(p.Width)+0.5*log2Pi)
	return func(x, gPrior, gLik []float64) (float64, float64) {
		w, s2 := x[:d], x[d]
		if !(s2 > 0) {
			if math.IsNaN(s2) {
				return s2, s2
			}
			return math.Inf(-1), math.Inf(-1)
		}
		var gw []float64
		if gLik != nil {
			gw = gLik[:d]
		}
		logS2, rss := math.Log(s2), ds.residuals(w, gw, r)
		ww, v, k := dot(w, w), p.Width*p.Width, p.Shape+1+0.5*float64(d)
		if gPrior != nil {
			for j := range w {
				gw[j] /= s2
				gPrior[j] = -w[j] / (s2 * v)
			}
			gPrior[d] = -k/s2 + (p.Scale+0.5*ww/v)/(s2*s2)
			gLik[d] = -0.5*float64(ds.N)/s2 + 0.5*rss/(s2*s2)
		}
		return c - k*logS2 - (p.Scale+0.5*ww/v)/s2, -0.5*float64(ds.N)*(log2Pi+logS2) - 0.5*rss/s2
	}
}

// invGammaMean is NaN where there is none.
func invGammaMean(a, b float64) float64 {
	if a <= 1 {
		return math.NaN()
	}
	return b / (a - 1)
}

func invGammaSD(a, b float64) float64 {
	if a <= 2 {
		return math.NaN()
	}
	return b / (a - 1) / math.Sqrt(a-2)
}

// normalInvGamma draws σ² ~ InverseGamma(a, b), then w = m + σ L⁻ᵀz.
type normalInvGamma struct {
	w    *normalPosterior
	a, b float64
}

func (g normalInvGamma) Sample(_ context.Context, first, n int, key rng.Key, x []float64) error {
	d := len(g.w.mean)
	for i := range n {
		slot, row := uint32(first+i), x[i*(d+1):(i+1)*(d+1)]
		key.Normals(row[:d], slot, 0, 0)
		g.w.backSolve(row[:d])
		s2 := g.b / gammaDraw(key, slot, 1, g.a)
		for j, m := range g.w.mean {
			row[j] = m + math.Sqrt(s2)*row[j]
		}
		row[d] = s2
	}
	return nil
}

func (g normalInvGamma) SamplePrior(ctx context.Context, first, n int, key rng.Key, x []float64) error {
	return g.Sample(ctx, first, n, key, x)
}

// gammaDraw draws from Gamma(a, 1) by rejection (G. Marsaglia and W. W. Tsang, "A simple method for generating gamma
// variables", ACM TOMS 26, 2000), in counters (slot, stage, attempt). For a < 1 it draws at a + 1 and multiplies by
// u^(1/a).
func gammaDraw(key rng.Key, slot, stage uint32, a float64) float64 {
	boost := 1.0
	if a < 1 {
		boost = math.Pow(key.Uniform(slot, stage, 0), 1/a)
		a++
	}
	d := a - 1.0/3
	c := 1 / math.Sqrt(9*d)
	var z [1]float64
	for attempt := uint32(1); ; attempt += 2 {
		key.Normals(z[:], slot, stage, attempt)
		v := 1 + c*z[0]
		if v <= 0 {
			continue
		}
		v *= v * v
		if math.Log(key.Uniform(slot, stage, attempt+1)) < 0.5*z[0]*z[0]+d-d*v+d*math.Log(v) {
			return boost * d * v
		}
	}
}
