package targets

import (
	"context"
	"math"
	"testing"

	"github.com/sampan-mc/sampan/vec/rng"
)

// TestModeWeights: exact draws fall into the regions in proportion to their weights, by a χ² test at a false alarm of
// 3e-7 each; counts with two modes taken for one do not. Left out is
// one entry whose regions have the weights of its components only roughly, as their tails overlap.
func TestModeWeights(t *testing.T) {
	for _, e := range List() {
		d, err := New(e.Name, nil, "")
		if err != nil || e.Kind != kindInstance || e.Name == "student_mixture_d2" {
			continue
		}
		m := ModesOf(d)
		s, exact := d.(Sampler)
		if m == nil || !exact {
			continue
		}
		w := m.ModeWeights()
		const n = 20_000
		dim, count, sum := d.Info().Dim(), make([]float64, len(w)), 0.0
		x := make([]float64, n*dim)
		if err := s.Sample(context.Background(), 0, n, rng.NewKey(5, "modes", 0), x); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			count[m.Mode(x[i*dim:(i+1)*dim])]++
		}
		for _, v := range w {
			sum += v
		}
		near(t, e.Name+": sum of the weights", sum, 1, 1e-12)
		if z := chiSquare(count, w); z > 5 {
			t.Errorf("%s: counts %v for weights %v: z = %.1f", e.Name, count, w, z)
		}
		count[0] += count[1]
		count[1] = 0
		if z := chiSquare(count, w); z <= 5 {
			t.Errorf("%s: a merged mode passes: z = %.1f", e.Name, z)
		}
		x[0] = math.NaN()
		if k := m.Mode(x[:dim]); k != -1 {
			t.Errorf("%s: a point with a NaN lies in mode %d", e.Name, k)
		}
	}
}

// chiSquare is the cube root of Pearson's statistic over its degrees of freedom, in standard units (Wilson and Hilferty),
// of all categories that are expected at least five times.
func chiSquare(count, w []float64) float64 {
	n, stat, df := 0.0, 0.0, -1.0
	for _, c := range count {
		n += c
	}
	for k, c := range count {
		if e := n * w[k]; e >= 5 {
			stat += (c - e) * (c - e) / e
			df++
		}
	}
	v := 2 / (9 * df)
	return (math.Cbrt(stat/df) - (1 - v)) / math.Sqrt(v)
}
