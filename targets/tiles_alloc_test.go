//go:build !race

package targets

import (
	"context"
	"testing"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// TestTilesDoNotAllocate: once warm, neither own forms nor served ones, of built-ins, allocate; also on views.
func TestTilesDoNotAllocate(t *testing.T) {
	for _, c := range tiledTargets(t) {
		tilesDoNotAllocate[float64](t, c.Density)
		tilesDoNotAllocate[float32](t, c.Density)
	}
	served, err := New("gaussian_d50", nil, "")
	if err != nil {
		t.Fatal(err)
	}
	tilesDoNotAllocate[float32](t, served)
	mixture, err := New("gmm9", nil, "")
	if err != nil {
		t.Fatal(err)
	}
	fast, b := InTiles(mixture, 16), NewBatch(50, 2, LogP|Grad)
	eval := func() {
		if err := fast.Eval(context.Background(), b); err != nil {
			t.Fatal(err)
		}
	}
	eval()
	if a := testing.AllocsPerRun(50, eval); a >= 1 {
		t.Errorf("in tiles: %v allocations a batch", a)
	}
}

func tilesDoNotAllocate[T vec.Float](t *testing.T, d Density) {
	f := OnTiles[T](d, 32)
	b := asked[T](d, f.Can(), 32, 1, 1)
	views := *b
	views.LogP = make([]float64, 9)
	for _, v := range []*tile.Tile[T]{&views.X, &views.V, &views.Grad, &views.HVP} {
		if !v.IsZero() {
			*v = v.Columns(3, 12)
		}
	}
	if views.Laplacian != nil {
		views.Laplacian = make([]float64, 9)
	}
	for _, c := range []*TileBatch[T]{b, &views} {
		eval := func() {
			if err := f.Eval(context.Background(), c); err != nil {
				t.Fatal(err)
			}
		}
		eval()
		if a := testing.AllocsPerRun(20, eval); a >= 1 {
			t.Errorf("%s: %v allocations a tile", d.Info().Name, a)
		}
	}
}
