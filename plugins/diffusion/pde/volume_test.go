package pde

import (
	"math"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn/learntest"
	"github.com/sampan-mc/sampan/vec/rng"
)

// TestDeterminants: in steps far too long the mean weight by determinants is Z, at 4.5 standard errors wrong once in 100,000 times; by
// integrals of the divergence weights are others. In short steps both agree.
func TestDeterminants(t *testing.T) {
	const n = 20_000
	d := wells(t, 1)
	run := func(volume string, steps int) []float64 {
		p, f := random(t, small(LogCE, func(o *Options) { o.Volume, o.Steps = volume, steps }), d)
		y, start := starts(n, 2)
		lw := make([]float64, n)
		if err := p.Move(t.Context(), 1, y, lw, rng.NewKey(9, "move", 0), 0); err != nil {
			t.Fatal(err)
		}
		for i, l := range learntest.LogDensity(t, d, f, y) {
			lw[i] += l - start[i] - d.Info().Known.LogZ
		}
		return lw
	}
	apart := func(a, b []float64) (most float64) {
		for i := range a {
			most = max(most, math.Abs(a[i]-b[i]))
		}
		return most
	}
	long := run(determinant, 1)
	if z := learntest.Off(long); !(math.Abs(z) < 4.5) {
		t.Errorf("the mean weight is %.1f standard errors off Z", z)
	}
	if e := apart(long, run(integrated, 1)); e < .02 {
		t.Errorf("in one step integrals are off by no more than %g", e)
	}
	if e := apart(run(determinant, 40), run(integrated, 40)); !(e < 1e-3) {
		t.Errorf("in forty steps both differ by %g", e)
	}
}
