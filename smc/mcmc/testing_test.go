package mcmc

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// falseAlarm is the chance at which each statistical test here fails though all is well; seeds are fixed, so a test that
// passes once passes always. zAlarm is the two-sided normal quantile of it.
const (
	falseAlarm = 1e-6
	zAlarm     = 4.8916
)

// ks is the Kolmogorov–Smirnov distance of x, which it sorts, from a distribution function.
func ks(x []float64, cdf func(float64) float64) float64 {
	slices.Sort(x)
	n, worst := float64(len(x)), 0.0
	for i, v := range x {
		p := cdf(v)
		worst = max(worst, p-float64(i)/n, float64(i+1)/n-p)
	}
	return worst
}

// ksLimit is the distance exceeded with chance falseAlarm by n independent draws, by Kolmogorov's asymptotic law.
func ksLimit(n int) float64 { return math.Sqrt(math.Log(2/falseAlarm)/2) / math.Sqrt(float64(n)) }

func normalCDF(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }

func loadJSON(t *testing.T, name string, into any) {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// gumbel is a product of d skewed densities: exp(x) is a gamma variate of shape 2, log p = 2x − eˣ. A kernel with a
// wrong sign somewhere cannot hide behind symmetry.
func gumbel(d int) targets.Density {
	return targets.Func("log-gamma", targets.Reals("x", d), func(x, g []float64) float64 {
		s := 0.0
		for j, v := range x {
			e := math.Exp(v)
			s += 2*v - e
			if g != nil {
				g[j] = 2 - e
			}
		}
		return s
	})
}

func gumbelCDF(x float64) float64 { // of log Gamma(2): 1 − (1 + t)e^−t at t = eˣ
	t := math.Exp(x)
	return 1 - (1+t)*math.Exp(-t)
}

// gumbelDraws fills x with exact draws: a gamma variate of shape 2 is the sum of two exponentials.
func gumbelDraws(x []float64, key rng.Key) {
	for i := range x {
		var u [2]float64
		key.Uniforms(u[:], uint32(i), 0, 0)
		x[i] = math.Log(-math.Log(u[0]) - math.Log(u[1]))
	}
}

// normal is N(mean, sd²) in each of d coordinates, times exp(shift).
func normal(d int, mean, sd, shift float64) targets.Density {
	return targets.Func("normal", targets.Reals("x", d), func(x, g []float64) float64 {
		s := shift
		for j, v := range x {
			z := (v - mean) / sd
			s -= z * z / 2
			if g != nil {
				g[j] = -z / sd
			}
		}
		return s
	})
}

// pair is a path between two targets.
type pair struct{ ref, target targets.Density }

func (p pair) Dim() int { return p.target.Info().Dim() }

func (p pair) Eval(ctx context.Context, n int, x []float64, grad bool, t *Terms) error {
	if err := Plain(p.ref).Eval(ctx, n, x, grad, &Terms{LogTarget: t.LogRef, GradTarget: t.GradRef, Status: make([]targets.Status, n)}); err != nil {
		return err
	}
	return Plain(p.target).Eval(ctx, n, x, grad, t)
}

// start makes a population at x with its terms evaluated.
func start(t *testing.T, f Density, x []float64, ref, grad bool) *State {
	t.Helper()
	d := f.Dim()
	s := NewState(len(x)/d, d, ref, grad)
	copy(s.X, x)
	if err := s.Refresh(context.Background(), f, &Tally{}); err != nil {
		t.Fatal(err)
	}
	return s
}
