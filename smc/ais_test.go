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
// of the weights (the closed form is that of an AIS of which every stage weighs by the point before the move).
func TestWeightIsTakenBeforeTheMove(t *testing.T) {
	c := aisCase{M0: 0, S0: 1, M1: 3, S1: 1, Rho: 0, Betas: []float64{0, 1. / 9, 2. / 9, 3. / 9, 4. / 9, 5. / 9, 6. / 9, 7. / 9, 8. / 9, 1}, D: 1}
	const n = 20000
	// With perfect mixing and K equal steps the log weight of N(0,1) → N(m,1) is normal, −m²/(2K) ± m/√K about log Z.
	want, sd := -0.5, 1.0
	moments := func(move bool) float64 {
		r := must[*run](t)(newRun(newNormal(t, 1, c.M0, c.S0), bell(1, c.M1, c.S1), plain(n, 1, c.Betas[1:])))
		withAutoregression(r, gaussPath{c.M0, c.S0, c.M1, c.S1}, c.Rho)
		r.cfg.Threshold = 0
		pop := r.newIsland(0, fixedPlan(c.Betas[1:], unitTuning(1, 1)))
		ctx := context.Background()
		if err := pop.begin(ctx); err != nil {
			t.Fatal(err)
		}
		for k, beta := range c.Betas[1:] {
			if move { // the wrong order
				if _, err := pop.mover.Move(ctx, pop.path, beta, &pop.tuning, pop.s, &pop.keys.move, uint32(100+k), 0); err != nil {
					t.Fatal(err)
				}
			}
			if err := pop.advance(ctx); err != nil {
				t.Fatal(err)
			}
		}
		mean := 0.0
		for _, l := range pop.p.LogW {
			mean += l / n
		}
		return mean - 0.5*math.Log(2*math.Pi)
	}
	if z := (moments(false) - want) / (sd / math.Sqrt(n)); math.Abs(z) > zAlarm {
		t.Errorf("the right order: z = %.1f", z)
	}
	if z := (moments(true) - want) / (sd / math.Sqrt(n)); math.Abs(z) < zAlarm {
		t.Errorf("moving before weighting passes: z = %.1f", z)
	}
}
