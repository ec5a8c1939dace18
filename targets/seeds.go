package targets

import "math"

// newSeeds is the random-effects logistic regression of germinating seeds (M. J. Crowder, "Beta-binomial Anova for
// proportions", Applied Statistics 27, 1978; N. E. Breslow and D. G. Clayton, JASA 88, 1993; an example of BUGS), whose
// posterior has the shape of a funnel: of n_i seeds on plate i, r_i germinate,
//
//	r_i ~ Binomial(n_i, σ(a_0 + a_1 x_1i + a_2 x_2i + a_12 x_1i x_2i + b_i)),  b_i ~ N(0, 1/τ)
//	a ~ N(0, 10²),  τ ~ Gamma(0.01, rate 0.01)
//
// as a density of log τ, the a and the b, binomial coefficients and the Jacobian of τ included.
//
// Draws of the prior are not offered: almost half of its mass lies at τ < exp(−70), where the b are of the order of 10^15, so
// that nothing can start from it.
func newSeeds() (Density, error) {
	t, err := readTable(openEmbedded, "seeds.csv", false)
	if err != nil {
		return nil, err
	}
	s := &seeds{r: t.cols[0], n: t.cols[1], x1: t.cols[2], x2: t.cols[3]}
	for i, n := range s.n {
		s.binomials += lgamma(n+1) - lgamma(s.r[i]+1) - lgamma(n-s.r[i]+1)
	}
	plates := len(s.r)
	nan := make([]float64, plates)
	fill(nan, math.NaN())
	info := Info{
		Name: "seeds",
		Params: []Param{
			{Name: "log_tau"}, {Name: "a0"}, {Name: "a1"}, {Name: "a2"}, {Name: "a12"}, {Name: "b", Shape: []int{plates}},
		},
		Can: LogP | Grad | Parts, PriorNormalised: true,
		Known: Known{
			LogZ: -73.4057082141785, LogZErr: 0.0024,
			Mean:   append([]float64{2.4691, -0.5488, 0.0725, 1.3553, -0.8305}, nan...),
			SD:     append([]float64{0.8779, 0.2012, 0.3238, 0.2851, 0.4505}, nan...),
			Source: "quadrature over τ and b, importance sampling over a",
		},
	}
	d := newPartwise(info, func() partFunc {
		return func(x, gPrior, gLik []float64) (float64, float64) { return s.prior(x, gPrior), s.likelihood(x, gLik) }
	})
	return d, nil
}

const (
	seedsShape = 0.01 // and rate, of the gamma law of τ
	seedsSD    = 10   // of the a
	seedsFixed = 5    // coordinates before the b
)

type seeds struct {
	r, n, x1, x2 []float64
	binomials    float64 // sum of the logs of the binomial coefficients
}

func lgamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}

func (s *seeds) prior(x, grad []float64) float64 {
	q, plates := x[0], float64(len(s.r))
	tau, root := math.Exp(q), math.Exp(0.5*q)
	v := seedsShape*math.Log(seedsShape) - lgamma(seedsShape) + seedsShape*(q-tau)
	v -= (seedsFixed-1)*(math.Log(seedsSD)+0.5*log2Pi) - 0.5*plates*(q-log2Pi)
	for j := 1; j < seedsFixed; j++ {
		v -= 0.5 * x[j] * x[j] / (seedsSD * seedsSD)
	}
	squares := 0.0 // τ Σ b², by the root of τ so that neither factor overflows alone
	for i, b := range x[seedsFixed:] {
		z := over(b, root)
		squares += z * z
		if grad != nil {
			grad[seedsFixed+i] = -z * root
		}
	}
	if grad != nil {
		grad[0] = seedsShape*(1-tau) + 0.5*plates - 0.5*squares
		for j := 1; j < seedsFixed; j++ {
			grad[j] = -x[j] / (seedsSD * seedsSD)
		}
	}
	return v - 0.5*squares
}

func (s *seeds) likelihood(x, grad []float64) float64 {
	clear(grad)
	v := s.binomials
	for i, n := range s.n {
		x1, x2 := s.x1[i], s.x2[i]
		z := x[1] + x[2]*x1 + x[3]*x2 + x[4]*x1*x2 + x[seedsFixed+i]
		// log(1 + exp z) and its slope, with one exponential that cannot overflow.
		e := math.Exp(-math.Abs(z))
		p := 1 / (1 + e)
		if z < 0 {
			p *= e
		}
		// r z − n max(z, 0), without a difference of large terms
		if z < 0 {
			v += s.r[i] * z
		} else {
			v -= (n - s.r[i]) * z
		}
		v -= n * math.Log1p(e)
		if grad == nil {
			continue
		}
		g := s.r[i] - n*p
		grad[1] += g
		grad[2] += g * x1
		grad[3] += g * x2
		grad[4] += g * x1 * x2
		grad[seedsFixed+i] = g
	}
	return v
}

func seedsItems() []item {
	return []item{{
		name: "seeds", kind: kindInstance, summary: "random-effects logistic regression, germination of seeds on 21 plates: a funnel",
		build: func(*reader, string) (Density, error) { return newSeeds() },
	}}
}
