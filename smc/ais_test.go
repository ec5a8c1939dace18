package smc

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/sampan-mc/sampan/smc/diag"
)

// aisCase is a row of testdata/ais_gaussian.json: AIS between normals with an autoregressive kernel, in closed form.
type aisCase struct {
	M0, S0, M1, S1, Rho float64
	Betas               []float64
	D                   int
	LogZ                float64
	ELogW               float64  `json:"E_logW"`
	VarLogW             float64  `json:"var_logW"`
	RelVar              *float64 `json:"relative_variance_of_W"`
}

// runAIS runs one island of the engine on a case.
func runAIS(t *testing.T, c aisCase, n int) *population {
	t.Helper()
	cfg := plain(n, 1, c.Betas[1:])
	cfg.Threshold = 0
	r := must[*run](t)(newRun(newNormal(t, c.D, c.M0, c.S0), bell(c.D, c.M1, c.S1), cfg))
	withAutoregression(r, gaussPath{c.M0, c.S0, c.M1, c.S1}, c.Rho)
	pop := r.newIsland(0, fixedPlan(cfg.Schedule.Betas, unitTuning(c.D, 1)))
	if err := pop.run1(context.Background()); err != nil {
		t.Fatal(err)
	}
	return pop
}

// TestAISBetweenGaussians checks the log weights' mean and variance, the mean weight, and the effective sample size.
// Standard errors are exact for the means, and from the sample's fourth moments for the others.
func TestAISBetweenGaussians(t *testing.T) {
	var file struct{ Cases []aisCase }
	loadJSON(t, "ais_gaussian.json", &file)
	if len(file.Cases) != 40 {
		t.Fatalf("%d cases read, want 40", len(file.Cases))
	}
	n := 20000
	if testing.Short() {
		n = 4000
	}
	for _, c := range file.Cases {
		name := fmt.Sprintf("N(%v,%v)→N(%v,%v)/rho=%v/stages=%d/d=%d", c.M0, c.S0, c.M1, c.S1, c.Rho, len(c.Betas)-1, c.D)
		t.Run(name, func(t *testing.T) {
			pop := runAIS(t, c, n)
			logW, rn := pop.p.LogW, float64(n)
			mean, m2, m4 := 0.0, 0.0, 0.0
			for _, l := range logW {
				mean += l / rn
			}
			for _, l := range logW {
				v := (l - mean) * (l - mean)
				m2 += v / rn
				m4 += v * v / rn
			}
			const rounding = 1e-9
			check := func(what string, got, want, se float64) {
				if z := (got - want) / (se + rounding); math.Abs(z) > zAlarm {
					t.Errorf("%s %v, want %v ± %v (z = %.1f)", what, got, want, se, z)
				}
			}
			check("mean log weight", mean, c.ELogW, math.Sqrt(c.VarLogW/rn))
			check("variance of the log weight", m2, c.VarLogW, math.Sqrt((m4-m2*m2)/rn))
			// Only weights of small relative variance have a mean that is normal at this n.
			if c.RelVar == nil || *c.RelVar > 2 {
				return
			}
			check("mean weight / Z", math.Exp(diag.LogMeanExp(logW)-c.LogZ), 1, math.Sqrt(*c.RelVar/rn))
			if *c.RelVar > 0.5 {
				return
			}
			w1, w2, influence := 0.0, 0.0, 0.0
			for _, l := range logW {
				w := math.Exp(l - c.LogZ)
				w1 += w / rn
				w2 += w * w / rn
			}
			for _, l := range logW {
				w := math.Exp(l - c.LogZ)
				v := 2*w1/w2*(w-w1) - w1*w1/(w2*w2)*(w*w-w2)
				influence += v * v / rn
			}
			check("ESS / n", diag.WeightESS(logW)/rn, 1/(1+*c.RelVar), math.Sqrt(influence/rn))
		})
	}
}

// TestWeightIsTakenBeforeTheMove is the power of the test above: weighting the moved particles instead changes the law
// of the weights. With perfect mixing and K equal steps the log weight of N(0,1) → N(m,1) is normal, −m²/(2K) ± m/√K about
// log Z, and the effective sample size e^{−m²/K} of n. That is known to .02, in four standard errors of the heavy weights
// at K = 4.
func TestWeightIsTakenBeforeTheMove(t *testing.T) {
	const n, m = 20000, 3.0
	for k, ess := range map[int]float64{4: .1054, 9: .3679, 36: .7788} {
		betas := Power(k, 1)
		want, sd := -m*m/(2*float64(k)), m/math.Sqrt(float64(k))
		logW := func(move bool) []float64 {
			r := must[*run](t)(newRun(newNormal(t, 1, 0, 1), bell(1, m, 1), plain(n, 1, betas)))
			withAutoregression(r, gaussPath{0, 1, m, 1}, 0)
			r.cfg.Threshold = 0
			pop := r.newIsland(0, fixedPlan(betas, unitTuning(1, 1)))
			ctx := context.Background()
			if err := pop.begin(ctx); err != nil {
				t.Fatal(err)
			}
			for i, beta := range betas {
				if move { // the wrong order
					if _, err := pop.mover.Move(ctx, pop.path, beta, &pop.tuning, pop.s, &pop.keys.move, uint32(100+i), 0); err != nil {
						t.Fatal(err)
					}
				}
				if err := pop.advance(ctx); err != nil {
					t.Fatal(err)
				}
			}
			return pop.p.LogW
		}
		z := func(logW []float64) float64 {
			mean := -0.5 * math.Log(2*math.Pi)
			for _, l := range logW {
				mean += l / n
			}
			return (mean - want) / (sd / math.Sqrt(n))
		}
		right := logW(false)
		if z := z(right); math.Abs(z) > zAlarm {
			t.Errorf("K = %d, the right order: z = %.1f", k, z)
		}
		if got := diag.WeightESS(right) / n; math.Abs(got-ess) > .02 {
			t.Errorf("K = %d: effective sample size %.4f, wanted %.4f", k, got, ess)
		}
		if z := z(logW(true)); math.Abs(z) < zAlarm {
			t.Errorf("K = %d: moving before weighting passes: z = %.1f", k, z)
		}
	}
}
