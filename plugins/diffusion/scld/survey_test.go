package scld

import (
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/targets"
)

// TestNecks: of a funnel the survey finds steps a good deal shorter than those that suit the bulk; of a Gaussian, which has no
// neck, it finds none.
func TestNecks(t *testing.T) {
	funnel, err := targets.New("funnel10", nil, "")
	if err != nil {
		t.Fatal(err)
	}
	gaussian, err := targets.New("gaussian_d50", nil, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		target      targets.Density
		least, most float64 // of the steps' ratio at the target
	}{{funnel, 1. / 256, 1. / 4}, {gaussian, 1, 1}} {
		p := problem(c.target, 1)
		levels, _, err := alongPath(t.Context(), space.Scaled(make([]float64, p.Dim), 1), &p, scale)
		if err != nil {
			t.Fatal(err)
		}
		last := levels[len(levels)-1]
		if ratio := last.fine / last.step; ratio < c.least || ratio > c.most {
			t.Errorf("%s: steps of %.3g, in necks of %.3g", c.target.Info().Name, last.step, last.fine)
		}
	}
}
