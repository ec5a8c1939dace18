package chain

import (
	"math"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/control"
)

// TestRounded: kernels that are drawn from in single precision have the densities of what was drawn. Along Brownian motion to
// the very law of its end every weight is 1, and logs vary by rounding alone, by 6e-5 from path to path; the mean of 256 is
// within 5 of its standard errors, but for 6e-7 by chance. The wrong twin has the determinants of kernels that were not rounded,
// which are off by as much in each coordinate. Learned standard deviations are those of the kernels but for the last bit.
func TestRounded(t *testing.T) {
	const d, steps, n = 256, 128, 256
	last := make([]float64, 2*d) // the control's drifts and ℓ
	for i := range d {
		last[d+i] = -6e-8
	}
	for _, learned := range []bool{false, true} {
		for _, total := range []float64{1, 1.7, 2.9} {
			spec := Brownian(d, Uniform(steps), math.Sqrt(total))
			c, w := constant[float32](control.Shape{Dim: d})
			if learned {
				c, w = constant[float32](control.Shape{Dim: d, Std: true}, last...)
			}
			b := batch(spec, c, n, Target[float32](gauss[float32]{0, math.Sqrt(total), 0}))
			simulate(t, b, w, 1)
			mean, std := moments(b.LogW)
			if se := std / math.Sqrt(n); math.Abs(mean) > 5*se || std > 1e-4 {
				t.Errorf("total %g, learned %v: log weights of %.2g ± %.2g", total, learned, mean, std)
			}
			for _, s := range spec.Steps {
				if s.Backward.Var > 0 {
					mean += d * (math.Log(s.Forward.Var/s.Backward.Var)/2 - math.Log(float64(root[float32](s.Forward))*float64(inverse[float32](s.Backward))))
				}
			}
			if se := std / math.Sqrt(n); math.Abs(mean) < 20*se {
				t.Errorf("total %g: determinants that were not rounded leave the mean at %.2g", total, mean)
			}
		}
	}
}
