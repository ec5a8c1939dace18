package smc

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// TestLaplaceOfANormal: the approximation of a normal is that normal, widened.
func TestLaplaceOfANormal(t *testing.T) {
	const d, widen = 4, 2.0
	target := ridge(d, 0.7)
	ref, tally, err := NewLaplace(context.Background(), target, []float64{3, -2, 1, 5}, widen)
	if err != nil {
		t.Fatal(err)
	}
	if tally.Gradient < 2*d {
		t.Errorf("%d evaluations counted", tally.Gradient)
	}
	for _, x := range [][]float64{{0, 0, 0, 0}, {1, -0.5, 2, 0.3}} {
		half := make([]float64, d)
		for j := range x {
			half[j] = x[j] / widen
		}
		lp, g, _ := evalOne(t, ref, x...)
		want, slope, _ := evalOne(t, target, half...)
		if math.Abs(lp-(want-d*math.Log(widen))) > 1e-5 {
			t.Errorf("log density %v at %v, want %v", lp, x, want-d*math.Log(widen))
		}
		for j := range g {
			if math.Abs(g[j]-slope[j]/widen) > 1e-5 {
				t.Errorf("gradient %v at %v, want %v over %v", g, x, slope, widen)
			}
		}
	}
}

// TestLaplaceDraws have the covariance of the factor: here (1, 0.6; 0.6, 1), false alarm 1e-6 each.
func TestLaplaceDraws(t *testing.T) {
	ref := must[Reference](t)(NewMultiNormal([]float64{1, -2}, []float64{1, 0.6, 0.8}))
	const n = 20000
	x := make([]float64, 2*n)
	if err := ref.Sample(context.Background(), 0, n, rng.NewKey(2, "test", 0), x); err != nil {
		t.Fatal(err)
	}
	var mean, cross float64
	for i := range n {
		mean += (x[2*i] - 1 + x[2*i+1] + 2) / n // variance 1 + 1 + 2·0.6
		cross += (x[2*i] - 1) * (x[2*i+1] + 2) / n
	}
	if z := mean / math.Sqrt(3.2/n); math.Abs(z) > zAlarm {
		t.Errorf("sum of the means off by z = %.1f", z)
	}
	if z := (cross - 0.6) / math.Sqrt((1+0.36)/n); math.Abs(z) > zAlarm {
		t.Errorf("covariance %v, want 0.6 (z = %.1f)", cross, z)
	}
}

// TestLaplaceAsReference: a skewed target from its own approximation.
func TestLaplaceAsReference(t *testing.T) {
	target := logGamma(3)
	ref, _, err := NewLaplace(context.Background(), target, nil, 2)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Defaults()
	cfg.Seed, cfg.Particles = 3, 512
	res := must[*Result](t)(Run(context.Background(), ref, target, cfg, Hooks{Workers: 2}))
	if math.Abs(res.LogZ) > zAlarm*res.Headline.Value {
		t.Errorf("log Z %v ± %v, want 0", res.LogZ, res.Headline.Value)
	}
}

func TestLaplaceFaults(t *testing.T) {
	ctx := context.Background()
	saddle := targets.Func("saddle", targets.Reals("x", 2), func(x, g []float64) float64 {
		if g != nil {
			g[0], g[1] = -x[0], 0
		}
		return -x[0] * x[0] / 2
	})
	nowhere := targets.Func("nowhere", targets.Reals("x", 1), func(_, g []float64) float64 { clear(g); return math.Inf(-1) })
	noGrad := targets.FuncNoGrad("plain", targets.Reals("x", 1), func(x []float64) float64 { return -x[0] * x[0] })
	for want, c := range map[string]struct {
		target targets.Density
		start  []float64
		widen  float64
	}{
		"not that of a maximum": {saddle, nil, 1},
		"not finite at the":     {nowhere, nil, 1},
		"does not offer":        {noGrad, nil, 1},
		"dimension 3":           {logGamma(2), []float64{0, 0, 0}, 1},
		"widened by 0":          {logGamma(2), nil, 0},
	} {
		if _, _, err := NewLaplace(ctx, c.target, c.start, c.widen); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
	if _, _, err := NewLaplace(ctx, &refusing{logGamma(2)}, nil, 1); err == nil || !strings.Contains(err.Error(), "asked to evaluate") {
		t.Errorf("a target that fails: %v", err)
	}
	if _, err := NewMultiNormal([]float64{0, 0}, []float64{1, 0, -1}); err == nil || !strings.Contains(err.Error(), "-1 on the diagonal") {
		t.Errorf("a negative diagonal: %v", err)
	}
}
