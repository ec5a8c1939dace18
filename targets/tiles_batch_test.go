package targets_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/targets/targettest"
	"github.com/sampan-mc/sampan/vec/rng"
)

// TestSuiteInTiles: what holds for a density holds for it in tiles.
func TestSuiteInTiles(t *testing.T) {
	for _, name := range []string{"gmm9", "many_well_d5_m5_delta4", "phi4_4x4_kappa0.3", "pima", "conjugate_regression"} {
		t.Run(name, func(t *testing.T) {
			targettest.Check(t, targets.InTiles(build(t, name, nil), 7), suiteOptions[name])
		})
	}
}

// TestInTilesDoesNotSeeTheBatch: whatever the batch is cut into, and whatever is asked beside, a point has the same bits.
func TestInTilesDoesNotSeeTheBatch(t *testing.T) {
	for _, name := range []string{"gmm40_fab", "many_well_d50_m5_delta2", "funnel10", "phi4_8x8_kappa0.3", "sonar"} {
		d := targets.InTiles(build(t, name, nil), 64)
		dim := d.Info().Dim()
		const n = 150
		whole := targets.NewBatch(n, dim, targets.LogP|targets.Grad)
		for i := range n {
			rng.NewKey(1, "tiles/batch", 0).Normals(whole.X[i*dim:(i+1)*dim], uint32(i), 0, 0)
		}
		whole.X[3*dim], whole.X[70*dim] = math.Inf(1), math.NaN()
		eval := func(d targets.Density, b *targets.Batch) {
			if err := d.Eval(context.Background(), b); err != nil {
				t.Fatal(err)
			}
		}
		eval(d, whole)
		same := func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }
		for _, rows := range []int{1, 2, 3, 63, 64, 65} {
			b := targets.NewBatch(n, dim, targets.LogP|targets.Grad)
			copy(b.X, whole.X)
			eval(targets.Chunked(d, rows, 3), b)
			if !slices.EqualFunc(b.LogP, whole.LogP, same) || !slices.EqualFunc(b.Grad, whole.Grad, same) || !slices.Equal(b.Status, whole.Status) {
				t.Errorf("%s: other values in chunks of %d", name, rows)
			}
		}
		alone := targets.NewBatch(n, dim, targets.Grad)
		copy(alone.X, whole.X)
		eval(d, alone)
		if !slices.EqualFunc(alone.Grad, whole.Grad, same) || !slices.Equal(alone.Status, whole.Status) {
			t.Errorf("%s: other gradients without log densities", name)
		}
	}
}
