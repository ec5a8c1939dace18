package regress

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/vec/rng"
)

const steps = 6

func specs(d int) map[string]*chain.Spec {
	return map[string]*chain.Spec{
		"pis": chain.Brownian(d, chain.Scaled(chain.Refined(steps), 2), .8),
		"dis": chain.Reversal(d, chain.Refined(steps), chain.Noise{Start: 5, End: .5}, 1.3),
		"dds": chain.Exponential(d, chain.Uniform(steps), []float64{.7, .6, .5, .4, .4, .3}, 1.1),
	}
}

// TestNodes: the laws of x_k and of x_{k+1} given what is known are those that conditioning the joint normal of all states
// gives, the joint made step by step from the way back.
func TestNodes(t *testing.T) {
	for name, s := range specs(1) {
		known, err := nodes(s)
		if err != nil {
			t.Fatal(err)
		}
		// State k is a_k y + Σ_i l_{k,i} ξ_i.
		k := s.K()
		a, l := make([]float64, k+1), mat.NewDense(k+1, k, nil)
		a[k] = 1
		for i := k - 1; i >= 0; i-- {
			b := s.Steps[i].Backward
			a[i] = b.Keep * a[i+1]
			for j := range k {
				l.Set(i, j, b.Keep*l.At(i+1, j))
			}
			l.Set(i, i, math.Sqrt(b.Var))
		}
		var c mat.Dense
		c.Mul(l, l.T())
		for i, n := range known {
			gain := 0.0
			if c.At(i, i) > 0 {
				gain = c.At(i+1, i) / c.At(i, i)
			}
			want := node{a[i], math.Sqrt(c.At(i, i)), n.ratio, gain, a[i+1] - gain*a[i], c.At(i+1, i+1) - gain*c.At(i+1, i)}
			if a[i] > 0 {
				want.ratio = c.At(i, i) / a[i]
			}
			got, exact := [...]float64{n.alpha, n.std, n.ratio, n.c1, n.c2, n.w}, [...]float64{want.alpha, want.std, want.ratio, want.c1, want.c2, want.w}
			for j := range got {
				if math.Abs(got[j]-exact[j]) > 1e-12 {
					t.Errorf("%s, time %d: value %d of %v, wanted %v", name, i, j, got, exact)
				}
			}
		}
		if name == "pis" { // total variance 2·.8²: r falls from it in a straight line
			for i, n := range known {
				if want := .64 * (2 - s.Times[i]); math.Abs(n.ratio-want) > 1e-12 {
					t.Errorf("time %d: r = %v, wanted %v", i, n.ratio, want)
				}
			}
		}
	}
	if _, err := nodes(chain.Langevin(1, chain.Uniform(1), []float64{.1}, nil, 1, chain.Own)); err == nil {
		t.Error("a way back that is learned was accepted")
	}
}

// mixture is of two normals in one dimension.
var mixture = struct{ weight, mean, std [2]float64 }{[2]float64{.3, .7}, [2]float64{-1.5, .8}, [2]float64{.4, .6}}

func mixtureScore(y float64) float64 {
	p, g := 0.0, 0.0
	for i, w := range mixture.weight {
		r := (y - mixture.mean[i]) / mixture.std[i]
		d := w * math.Exp(-r*r/2) / mixture.std[i]
		p += d
		g -= d * r / mixture.std[i]
	}
	return g / p
}

// TestStandIn: over pairs of a draw y of a mixture and its state x_k, ŷ − y has no correlation with functions of x_k, and
// the product of the residuals of y and ŷ that of y's own but for the constant: z-scores below 4.5, false alarms 5e-4 in
// all. A stand-in with the sign of the score turned, or with the constant left out, is found out by more than 7.
func TestStandIn(t *testing.T) {
	const n, kappa = 30_000, 3.0
	key := rng.NewKey(5, "stand-in", 0)
	z, u := make([]float64, 2), make([]float64, 1)
	functions := []func(x float64) float64{
		func(float64) float64 { return 1 }, func(x float64) float64 { return x }, math.Sin, func(x float64) float64 { return math.Cos(2 * x) },
	}
	for name, s := range specs(1) {
		known, err := nodes(s)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range known {
			worst, twin, worst2, twin2 := 0.0, 0.0, 0.0, 0.0
			for _, f := range functions {
				var right, wrong, second, bare tally
				for i := range n {
					key.Normals(z, uint32(i), uint32(k), 0)
					key.Uniforms(u, uint32(i), uint32(k), 1)
					c := 0
					if u[0] > mixture.weight[0] {
						c = 1
					}
					y := mixture.mean[c] + mixture.std[c]*z[0]
					x, g := v.alpha*y+v.std*z[1], mixtureScore(y)
					gap := func(g float64) float64 { return (x - v.alpha*y + v.ratio*g) / (v.alpha + kappa*v.ratio) }
					left, a := v.ratio/(v.alpha+kappa*v.ratio), .3
					right.add(f(x) * gap(g))
					wrong.add(f(x) * gap(-g))
					second.add(f(x) * ((y-a)*gap(g) + left))
					bare.add(f(x) * (y - a) * gap(g))
				}
				worst, twin = max(worst, right.z()), max(twin, wrong.z())
				worst2, twin2 = max(worst2, second.z()), max(twin2, bare.z())
			}
			if worst > 4.5 || worst2 > 4.5 {
				t.Errorf("%s, time %d: z-scores %.1f and %.1f", name, k, worst, worst2)
			}
			if twin < 7 || twin2 < 7 {
				t.Errorf("%s, time %d: z-scores of only %.1f and %.1f for wrong stand-ins", name, k, twin, twin2)
			}
		}
	}
}

// tally adds up.
type tally struct{ n, sum, squares float64 }

func (t *tally) add(x float64) { t.n, t.sum, t.squares = t.n+1, t.sum+x, t.squares+x*x }

// z is the number of standard errors that the mean is off 0.
func (t *tally) z() float64 {
	mean := t.sum / t.n
	return math.Abs(mean) / math.Sqrt((t.squares/t.n-mean*mean)/t.n)
}
