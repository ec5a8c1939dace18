package smc

import (
	"context"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/sampan-mc/sampan/targets"
)

func TestCondition(t *testing.T) {
	c := mat.NewSymDense(2, []float64{1, 0.6, 0.6, 1}) // eigenvalues 0.4 and 1.6
	if got := condition(c, nil); math.Abs(got-4) > 1e-12 {
		t.Errorf("condition %v, want 4", got)
	}
	if got := condition(c, cholesky(c)); math.Abs(got-1) > 1e-12 {
		t.Errorf("condition in its own coordinates %v, want 1", got)
	}
	flat := mat.NewSymDense(2, []float64{1, 1, 1, 1})
	if got := condition(flat, nil); got < 1e15 {
		t.Errorf("condition of a singular matrix %v", got)
	}
	if f := cholesky(mat.NewSymDense(2, []float64{1, 2, 2, 1})); f != nil {
		t.Errorf("factor %v of an indefinite matrix", f)
	}
}

// ridge is a normal in d dimensions with pairwise correlation r, normalised.
func ridge(d int, r float64) targets.Density {
	// Precision (I − c·11ᵀ)/(1−r) with c = r/(1 + (d−1)r).
	n := float64(d)
	c := r / (1 + (n-1)*r)
	logDet := (n-1)*math.Log(1-r) + math.Log(1+(n-1)*r)
	norm := -0.5 * (n*math.Log(2*math.Pi) + logDet)
	return targets.Func("ridge", targets.Reals("x", d), func(x, g []float64) float64 {
		sum, squares := 0.0, 0.0
		for _, v := range x {
			sum += v
			squares += v * v
		}
		for j := range g {
			g[j] = -(x[j] - c*sum) / (1 - r)
		}
		return norm - 0.5*(squares-c*sum*sum)/(1-r)
	})
}

// TestPilotLearnsCorrelations where they are strong, and does not pay for them where they are not.
func TestPilotLearnsCorrelations(t *testing.T) {
	for _, c := range []struct {
		r    float64
		want bool
	}{{0, false}, {0.5, false}, {0.995, true}} {
		cfg := Defaults()
		cfg.Seed, cfg.Particles = 8, 512
		target := ridge(12, c.r)
		res := must[*Result](t)(Run(context.Background(), newNormal(t, 12, 0, 2), target, cfg, Hooks{Workers: 2}))
		last := res.Plan.Stages[len(res.Plan.Stages)-1].Tuning
		if got := last.Factor != nil; got != c.want {
			t.Errorf("correlation %v: learned: %v, want %v", c.r, got, c.want)
		}
		if math.Abs(res.LogZ) > zAlarm*res.Headline.Value {
			t.Errorf("correlation %v: log Z %v ± %v, want 0", c.r, res.LogZ, res.Headline.Value)
		}
	}
}
