package targets_test

import (
	"math"
	"testing"

	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/targets/targettest"
)

// suiteOptions are those of the entries that need other than the default.
var suiteOptions = map[string]targettest.Options{
	"funnel10":                {HeavyTail: true},
	"phi4_2x2_kappa0.3":       {Scale: 2.5, Draws: 16384},
	"phi4_16x16_kappa0.3":     {Scale: 2},
	"state_space_sharp_obs":   {Scale: 2},
	"random_mixture_d5_seed7": {Scale: 5, Draws: 16384},
	"gmm40_fab":               {Scale: 20},
	"gmm40_jax":               {Scale: 20},
	"gmm40_jax_d50":           {Scale: 20},
	"student_mixture_d2":      {Scale: 5, HeavyTail: true},
	"student_mixture_d50":     {Scale: 5, HeavyTail: true},
	"banana_b0.03_s10":        {Scale: 5, HeavyTail: true},
	"rings_cos":               {Scale: 8, Draws: 16384},
}

func TestSuiteOnCatalogue(t *testing.T) {
	for _, e := range targets.List() {
		if e.Kind != "catalogue" || testing.Short() && e.Dim > 64 {
			continue
		}
		t.Run(e.Name, func(t *testing.T) { targettest.Check(t, build(t, e.Name, nil), suiteOptions[e.Name]) })
	}
}

// TestSuiteOnFamilies takes the corners of the configurations that the catalogue leaves out.
func TestSuiteOnFamilies(t *testing.T) {
	list := func(v ...any) []any { return v }
	for _, c := range []struct {
		name, use string
		config    map[string]any
		o         targettest.Options
	}{
		{"one dimension", "gaussian", map[string]any{"mean": list(3.0), "sd": list(0.5), "log_z": -2.0}, targettest.Options{}},
		{"independent", "gaussian", map[string]any{"sd": list(0.1, int64(1), 10.0)}, targettest.Options{}},
		{"correlated", "gaussian", map[string]any{"mean": list(1.0, 2.0), "cov": list(list(2.0, -1.2), list(-1.2, 1.0)), "log_z": 7.5}, targettest.Options{}},
		{"unequal mixture", "mixture", map[string]any{
			"means": list(list(-3.0, 0.0), list(2.0, 1.0)), "weights": list(1.0, 3.0), "variance": list(list(1.0, 0.5), list(0.25, 2.0)),
		}, targettest.Options{}},
		{"shallow wells", "many-well", map[string]any{"dim": int64(3), "wells": int64(2), "delta": 0.5}, targettest.Options{}},
		{"deep wells", "many-well", map[string]any{"dim": int64(1), "delta": 30.0}, targettest.Options{}},
		{"inverted wells", "many-well", map[string]any{"dim": int64(2), "delta": -3.0}, targettest.Options{}},
		{"upright banana", "banana", map[string]any{"b": 0.0, "s": 0.5}, targettest.Options{}},
		{"blunt rings", "rings", map[string]any{"radii": list(0.5, 1.0, 4.0), "sharpness": 2.0}, targettest.Options{}},
		{"random mixture", "random-mixture", map[string]any{"dim": int64(2), "modes": int64(3), "seed": int64(4)}, targettest.Options{Scale: 4, Draws: 16384}},
		{"one Student law", "student-mixture", map[string]any{"locations": list(list(3.0))}, targettest.Options{HeavyTail: true}},
		{"one well of a chain", "coupled-many-well", map[string]any{"dim": int64(1), "delta": 2.0}, targettest.Options{}},
		{"pushing wells", "coupled-many-well", map[string]any{"dim": int64(3), "delta": 1.5, "coupling": -0.7}, targettest.Options{}},
		{"coupled and flat", "coupled-many-well", map[string]any{"dim": int64(2), "delta": -1.0, "coupling": 2.0}, targettest.Options{}},
		{"long chain", "coupled-many-well", map[string]any{"dim": int64(30), "delta": 1.0, "coupling": 0.2}, targettest.Options{}},
		{"mild funnel", "funnel", map[string]any{"dim": int64(3), "scale": 0.7}, targettest.Options{}},
		{"open cube", "phi4", map[string]any{"extents": list(3.0, 2.0, 2.0), "periodic": false, "kappa": 0.1, "lambda": 0.5}, targettest.Options{}},
		{"one site", "phi4", map[string]any{"extents": list(int64(1), int64(1)), "kappa": 0.2}, targettest.Options{}},
		{"observations half missing", "state-space", map[string]any{
			"A": list(list(0.9, 0.3), list(-0.2, 0.8)), "Q": list(list(0.5, 0.1), list(0.1, 0.3)), "P0": list(list(2.0, -0.5), list(-0.5, 1.0)),
			"C": list(list(1.0, 0.5), list(0.0, 2.0)), "R": list(list(1.0, 0.4), list(0.4, 0.7)), "m0": list(1.0, -1.0),
			"y": list(list(0.3, nil), list(nil, nil), list(math.NaN(), 1.0)),
		}, targettest.Options{}},
	} {
		t.Run(c.name, func(t *testing.T) { targettest.Check(t, build(t, c.use, c.config), c.o) })
	}
}

// TestSuiteOnWrappers: what the wrappers make must pass as the originals do.
func TestSuiteOnWrappers(t *testing.T) {
	noise := build(t, "conjugate_regression_noise", nil)
	free, _, err := targets.Unconstrain(noise)
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]targets.Density{
		"unconstrained": free, "chunked": targets.Chunked(noise, 2, 3), "both": targets.Chunked(free, 3, 2),
	} {
		t.Run(name, func(t *testing.T) { targettest.Check(t, d, targettest.Options{}) })
	}
}

// TestSuiteOnFunctions: adaptors.
func TestSuiteOnFunctions(t *testing.T) {
	exponential := targets.Func("exponential", []targets.Param{{Name: "x", Support: targets.Positive}}, func(x, grad []float64) float64 {
		if x[0] < 0 {
			return math.Inf(-1)
		}
		if grad != nil {
			grad[0] = -2
		}
		return math.Log(2) - 2*x[0]
	})
	plain := targets.FuncNoGrad("plain", targets.Reals("x", 2), func(x []float64) float64 { return -x[0]*x[0] - math.Abs(x[1]) })
	posterior := targets.FuncParts("posterior", targets.Reals("x", 1), func(x, gp, gl []float64) (float64, float64) {
		if gp != nil {
			gp[0], gl[0] = -x[0], -4*math.Pow(x[0]-1, 3)
		}
		return -0.5 * x[0] * x[0], -math.Pow(x[0]-1, 4)
	})
	for _, d := range []targets.Density{
		targets.Describe(exponential, func(in *targets.Info) {
			in.Known = targets.Known{LogZ: 0, Mean: []float64{0.5}, SD: []float64{0.5}, Source: "exact"}
			in.Normalised = true
		}),
		plain, posterior,
	} {
		t.Run(d.Info().Name, func(t *testing.T) { targettest.Check(t, d, targettest.Options{}) })
	}
}

func build(t testing.TB, use string, config map[string]any) targets.Density {
	t.Helper()
	d, err := targets.New(use, config, "")
	if err != nil {
		t.Fatal(err)
	}
	return d
}
