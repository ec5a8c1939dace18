package run

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"github.com/sampan-mc/sampan/host/record"
	"github.com/sampan-mc/sampan/targets"
)

// quadrature is the observables of the 2×2 lattice with hopping κ, by the trapezoidal rule, whose error falls faster than
// any power of its step.
func quadrature(t *testing.T, kappa float64) map[string]float64 {
	l, err := targets.NewPhi4(targets.Phi4{Extents: []int{2, 2}, Kappa: kappa, Lambda: 0.022})
	if err != nil {
		t.Fatal(err)
	}
	observed := l.(targets.Observed)
	const side, half = 28, 6.5
	k := observed.NumStatistics()
	sums, one, x := make([]float64, k), make([]float64, k), make([]float64, 4)
	mass := 0.0
	for i := range side * side * side * side {
		for j, rest := 0, i; j < 4; j, rest = j+1, rest/side {
			x[j] = half * (2*float64(rest%side)/(side-1) - 1)
		}
		observed.Statistics(one, x)
		w := math.Exp(-one[k-1]) // the action is the last
		mass += w
		for j, v := range one {
			sums[j] += w * v
		}
	}
	for j := range sums {
		sums[j] /= mass
	}
	out := map[string]float64{}
	for _, q := range observed.Observables() {
		out[q.Name] = q.Of(sums)
	}
	return out
}

// TestObservables holds runs on lattices to quadrature (2×2) and to a transfer matrix of bond functions (4×4: seven or eight a
// bond, log Z with a field h Σφ and with the action scaled differentiated). False alarm: 4.5 standard errors in twenty
// comparisons, 1.4e-4. The twin is the other hopping parameter's values, some of which must be told apart.
func TestObservables(t *testing.T) {
	four := map[float64]map[string]float64{
		0.2:  {"magnetisation": 0, "susceptibility_disordered": 2.1475, "binder_cumulant": 0.03645, "action": 7.6192},
		0.25: {"magnetisation": 0, "susceptibility_disordered": 7.830, "binder_cumulant": 0.227, "action": 7.1223},
	}
	for _, c := range []struct {
		name, sampler string
		extent        int
		kappa         float64
		want, twin    map[string]float64
	}{
		{"2x2, population", "smc", 2, 0.3, quadrature(t, 0.3), quadrature(t, 0.27)},
		{"2x2, chains", "hmc", 2, 0.2, quadrature(t, 0.2), quadrature(t, 0.25)},
		{"4x4, population", "smc", 4, 0.2, four[0.2], four[0.25]},
		{"4x4, chains", "hmc", 4, 0.25, four[0.25], four[0.2]},
	} {
		text := fmt.Sprintf("sampler.use = %q\ntarget = {use = \"phi4\", config = {extents = [%d, %d], kappa = %g}}\n", c.sampler, c.extent, c.extent, c.kappa)
		if c.sampler == "smc" {
			text += "reference = {use = \"normal\", scale = 1.5}\nsampler.particles = 1024\n"
		}
		sum, err := Start(context.Background(), readRun(t, text), filepath.Join(t.TempDir(), "run"), Options{})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		found, apart := 0, false
		for _, o := range sum.Observables {
			want, known := c.want[o.Name]
			if !known {
				continue
			}
			found++
			t.Logf("%s: %s %.4f ± %.4f, exactly %.4f", c.name, o.Name, float64(o.Value), float64(o.SE), want)
			if !(within(o, want)) {
				t.Errorf("%s: %s is %.4f ± %.4f, want %.4f", c.name, o.Name, float64(o.Value), float64(o.SE), want)
			}
			apart = apart || !within(o, c.twin[o.Name])
		}
		if found != len(c.want) || !apart {
			t.Errorf("%s: %d of %d observables found, told from the twin's: %v", c.name, found, len(c.want), apart)
		}
	}
}

func within(o record.Observable, want float64) bool {
	return o.SE > 0 && math.Abs(float64(o.Value)-want) < 4.5*float64(o.SE)
}
