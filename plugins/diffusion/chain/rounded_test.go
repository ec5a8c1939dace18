package chain

import (
	"math"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/control"
)

// TestRounded: kernels that are drawn from in single precision have the densities of what was drawn. Along Brownian motion to
// the very law of its end every weight is 1; their mean log is off by rounding alone, 2⁻²⁴ of about ½d√K at random, where
// the determinants of kernels that were not rounded put in d times the sum of K equal errors.
func TestRounded(t *testing.T) {
	const d, steps, n = 256, 128, 256
	for _, total := range []float64{1, 1.7, 2.9} {
		spec := Brownian(d, Uniform(steps), math.Sqrt(total))
		c, w := constant[float32](control.Shape{Dim: d})
		b := batch(spec, c, n, Target[float32](gauss[float32]{0, math.Sqrt(total), 0}))
		simulate(t, b, w, 1)
		mean, std := moments(b.LogW)
		t.Logf("total %g: log weights %.2g ± %.2g", total, mean, std)
		if math.Abs(mean) > 2e-5 {
			t.Errorf("total %g: the mean log weight is %.2g", total, mean)
		}
	}
}
