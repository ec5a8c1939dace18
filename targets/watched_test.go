package targets

import (
	"context"
	"errors"
	"testing"

	"github.com/sampan-mc/sampan/vec/tile"
)

// TestWatch: evaluations of batches and of tiles are announced once each, before they are made, and can be refused.
func TestWatch(t *testing.T) {
	plain, err := New("many-well", map[string]any{"dim": 3, "wells": 2}, "")
	if err != nil {
		t.Fatal(err)
	}
	densities, gradients, refuse := 0, 0, error(nil)
	d := Watch(plain, func(_ context.Context, n int, want Want) error {
		if want.Has(Grad) {
			gradients += n
		} else {
			densities += n
		}
		return refuse
	})
	b := NewBatch(5, 3, LogP)
	if err := d.Eval(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	tb := TileBatch[float32]{X: tile.New[float32](3, 16), LogP: make([]float64, 16), Grad: tile.New[float32](3, 16)}
	on := OnTiles[float32](d, 16)
	if err := on.Eval(context.Background(), &tb); err != nil {
		t.Fatal(err)
	}
	if densities != 5 || gradients != 16 {
		t.Errorf("%d densities and %d gradients, wanted 5 and 16", densities, gradients)
	}
	refuse = errors.New("enough")
	if err := on.Eval(context.Background(), &tb); !errors.Is(err, refuse) {
		t.Errorf("a refused evaluation of a tile gives %v", err)
	}
	if err := d.Eval(context.Background(), b); !errors.Is(err, refuse) {
		t.Errorf("a refused evaluation of a batch gives %v", err)
	}
}

// TestHasTiles: a density that is watched has a tile form if what is watched has one.
func TestHasTiles(t *testing.T) {
	watch := func(d Density) Density {
		return Watch(d, func(context.Context, int, Want) error { return nil })
	}
	own, err := New("gmm9", nil, "")
	if err != nil {
		t.Fatal(err)
	}
	plain := struct{ Density }{own}
	for i, c := range []struct {
		d    Density
		want bool
	}{{own, true}, {watch(own), true}, {plain, false}, {watch(watch(plain)), false}} {
		if got := HasTiles(c.d); got != c.want {
			t.Errorf("case %d: %v, wanted %v", i, got, c.want)
		}
	}
}
