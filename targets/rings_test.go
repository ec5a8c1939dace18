package targets

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/integrate/quad"
)

// TestRingMoments: against Gauss's rule on pieces, where rings overlap and where they do not.
func TestRingMoments(t *testing.T) {
	for _, c := range []struct{ c, a, lo, hi, end float64 }{
		{1, 100, 0, 2, 2}, {5, 100, 4, math.Inf(1), 7}, {0.5, 2, 0, 0.75, 0.75}, {4, 2, 2.5, math.Inf(1), 12},
	} {
		got := ringMoments(c.c, c.a, c.lo, c.hi)
		for k, m := range got {
			want := 0.0
			for i := range 8 {
				h := (c.end - c.lo) / 8
				want += quad.Fixed(func(r float64) float64 {
					return math.Pow(r, float64(k)) * math.Exp(-c.a*(r-c.c)*(r-c.c))
				}, c.lo+float64(i)*h, c.lo+float64(i+1)*h, 60, nil, 0)
			}
			near(t, fmt.Sprintf("%+v: moment %d", c, k), m, want, 1e-14)
		}
	}
}

// TestRingsKnown: 25-digit quadrature of another program.
func TestRingsKnown(t *testing.T) {
	k := catalogueInfo(t, "rings3").Known
	near(t, "rings3: log Z", k.LogZ, 2.304881493676219269404872, 1e-15)
	near(t, "rings3: sd", k.SD[0], math.Sqrt(8.5075), 1e-14)
	k = catalogueInfo(t, "rings_cos").Known
	near(t, "rings_cos: log Z", k.LogZ, 6.692279578290412734791377, 1e-15)
	near(t, "rings_cos: sd", k.SD[0], math.Sqrt(63.35894109567238029061584), 1e-14)
	d, err := New("rings3", nil, "")
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range ModesOf(d).ModeWeights() {
		near(t, "weight of a ring", w, []float64{1, 3, 5}[i]/9, 1e-14)
	}
}
