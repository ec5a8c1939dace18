package targets_test

import (
	"testing"

	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/targets/targettest"
)

// TestSuiteOnRotated: what holds of a density holds of it in other coordinates.
func TestSuiteOnRotated(t *testing.T) {
	for name, o := range map[string]targettest.Options{
		"gmm40_jax":                        {Scale: 20},
		"random_mixture_d5_seed7":          {Scale: 5, Draws: 16384},
		"many_well_d5_m5_delta4":           {},
		"conjugate_regression":             {},
		"coupled_many_well_d5_delta4_c0.3": {},
		"rosenbrock_d2_b100":               {HeavyTail: true},
		"pima":                             {},
	} {
		t.Run(name, func(t *testing.T) {
			d := build(t, name, map[string]any{"rotation": int64(7)})
			targettest.Check(t, d, o)
			if _, ok := targets.As[*targets.Rotated](d); !ok {
				t.Error("is not rotated")
			}
			if targets.ModesOf(d) != nil && d.Info().Known.SD == nil {
				t.Error("the covariance is known, the standard deviations in other coordinates are not")
			}
		})
	}
}
