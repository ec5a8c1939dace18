//go:build unix

package record

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sampan-mc/sampan/targets"
)

func TestDrawsInTheSchemaOfArviZ(t *testing.T) {
	f := create(t)
	const chains, n, width = 2, 3, 8 // draw, mu, L (2×3)
	d := &Draws{
		Params:  []targets.Param{{Name: "draw"}, {Name: "mu"}, {Name: "L", Shape: []int{2, 3}}},
		Stats:   []Stat{{"lp", [][]float64{{-1, -2, -3}, {-4, -5, -6}}}},
		Sampler: "smc", Version: "0.1.0", Created: time.Unix(0, 0), Attrs: map[string]any{"target": "test"},
		Particles: &Particles{
			X: []float64{1, 2, 3, 4}, Names: []string{"mu", "L[0,0]"}, Scale: "unconstrained",
			LogW: []float64{0, -1}, Lineage: []int32{5, 6}, Island: []int32{0, 1},
		},
	}
	for c := range chains {
		var x []float64
		for i := range n * width {
			x = append(x, float64(100*c+i))
		}
		d.Posterior = append(d.Posterior, x)
	}
	for range 2 { // the second in place of the first
		if err := f.WriteDraws(d); err != nil {
			t.Fatal(err)
		}
	}
	if left := leftovers(t, f.Dir()); left != nil {
		t.Errorf("left behind: %v", left)
	}
	set, err := f.Draws()
	if err != nil {
		t.Fatal(err)
	}
	posterior := set.Group("posterior")
	l := posterior.Array("L")
	if diff := cmp.Diff([]string{"chain", "draw", "L_dim_0", "L_dim_1"}, l.Dims); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{2, 3, 2, 3}, l.Shape); diff != "" {
		t.Error(diff)
	}
	values := l.Data.([]float64)
	for c := range chains { // L of draw i sits in columns 2 … 7
		for i := range n {
			for k := range 6 {
				if got, want := values[(c*n+i)*6+k], float64(100*c+i*width+2+k); got != want {
					t.Fatalf("chain %d, draw %d, element %d: %v, want %v", c, i, k, got, want)
				}
			}
		}
	}
	if diff := cmp.Diff([]float64{1, 9, 17, 101, 109, 117}, posterior.Array("mu").Data); diff != "" {
		t.Error(diff)
	}
	if posterior.Array("draw_") == nil {
		t.Error("a parameter called draw must make way for the dimension")
	}
	if diff := cmp.Diff([]int64{0, 1, 2}, posterior.Array("draw").Data); diff != "" {
		t.Error(diff)
	}
	if got := posterior.Attrs["inference_library"]; got != "sampan" || posterior.Attrs["target"] != "test" {
		t.Errorf("attributes %v", posterior.Attrs)
	}
	if diff := cmp.Diff([]float64{-1, -2, -3, -4, -5, -6}, set.Group("sample_stats").Array("lp").Data); diff != "" {
		t.Error(diff)
	}
	particles := set.Group("particles")
	for name, want := range map[string]any{
		"x": d.Particles.X, "coordinate": d.Particles.Names, "log_w": d.Particles.LogW, "lineage": d.Particles.Lineage, "island": d.Particles.Island,
	} {
		if diff := cmp.Diff(want, particles.Array(name).Data); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if particles.Attrs["scale"] != "unconstrained" {
		t.Errorf("attributes %v", particles.Attrs)
	}

	d.Posterior[1] = d.Posterior[1][:5]
	if err := f.WriteDraws(d); err == nil {
		t.Error("chains of different length were taken")
	}
	if _, err := f.Draws(); err != nil {
		t.Errorf("a refused write took away what was there: %v", err)
	}
}
