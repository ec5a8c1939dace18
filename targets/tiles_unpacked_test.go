package targets

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/sampan-mc/sampan/vec/tile"
)

// half is a density of one coordinate on the positive numbers that gives up on 2, has a bad gradient at 3 and a Hessian.
type half struct{ fails error }

func (half) Info() Info {
	return Info{Name: "half", Params: []Param{{Name: "x", Support: Positive}}, Can: LogP | Grad | HVP, Known: Unknown()}
}

func (h half) Eval(_ context.Context, b *Batch) error {
	if err := b.Check(h.Info()); err != nil {
		return err
	}
	for i, x := range b.X {
		logp, grad := -0.5*x*x, -x
		if x <= 0 {
			logp = math.Inf(-1)
		}
		if x == 3 {
			grad = math.Inf(1)
		}
		b.LogP[i] = logp
		if b.Want.Has(Grad) {
			b.Grad[i] = grad
		}
		if b.Want.Has(HVP) {
			b.HVP[i] = -b.V[i]
		}
		b.settle(i, logp)
		if x == 2 {
			b.Status[i] = NotEvaluated
		}
	}
	return h.fails
}

// TestTilesOfAnyDensity: what has no tile form of its own is served by Batches, with statuses made values.
func TestTilesOfAnyDensity(t *testing.T) {
	f := OnTiles[float32](Describe(half{}, func(*Info) {}), 8)
	if f.Can() != LogP|Grad|HVP {
		t.Errorf("offers %v", f.Can())
	}
	nan, inf := math.NaN(), math.Inf(1)
	x := []float32{1, -1, 2, 3, float32(nan)}
	b := &TileBatch[float32]{X: tile.Of(x, 1, 5), V: tile.New[float32](1, 5), LogP: make([]float64, 5), Grad: tile.New[float32](1, 5), HVP: tile.New[float32](1, 5)}
	b.V.Fill(2)
	if err := f.Eval(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	for j, want := range []struct{ logp, grad, hv float64 }{{-0.5, -1, -2}, {-inf, 0, 0}, {nan, nan, nan}, {-4.5, inf, -2}, {nan, nan, nan}} {
		for _, v := range [][2]float64{{b.LogP[j], want.logp}, {float64(b.Grad.Data[j]), want.grad}, {float64(b.HVP.Data[j]), want.hv}} {
			if v[0] != v[1] && !(math.IsNaN(v[0]) && math.IsNaN(v[1])) {
				t.Errorf("at %v: %v, wanted %v", x[j], v[0], v[1])
			}
		}
	}
	alone := &TileBatch[float32]{X: b.X, HVP: b.HVP, V: b.V}
	if err := f.Eval(context.Background(), alone); err != nil || b.HVP.Data[1] != 0 {
		t.Errorf("Hessian alone: %v, %v outside of the support", err, b.HVP.Data[1])
	}
	broken := errors.New("gone")
	if err := OnTiles[float64](half{broken}, 2).Eval(context.Background(), &TileBatch[float64]{X: tile.New[float64](1, 2), LogP: make([]float64, 2)}); !errors.Is(err, broken) {
		t.Errorf("the failure of a batch became %v", err)
	}
}

// TestTileRequests: what does not fit is refused by own forms and served ones alike, and a cancelled context is heeded.
func TestTileRequests(t *testing.T) {
	own, err := NewFunnel(3, 1)
	if err != nil {
		t.Fatal(err)
	}
	served := FuncNoGrad("served", Reals("x", 3), func(x []float64) float64 { return -x[0] })
	mk := func(d, p int) tile.Tile[float64] { return tile.New[float64](d, p) }
	for _, c := range []struct {
		d    Density
		b    TileBatch[float64]
		says string
	}{
		{own, TileBatch[float64]{X: mk(3, 4)}, "asks for nothing"},
		{served, TileBatch[float64]{X: mk(3, 4), Grad: mk(3, 4)}, "asks for grad, the density offers logp"},
		{own, TileBatch[float64]{X: mk(2, 4), LogP: make([]float64, 4)}, "tile of 2×4, accepted: 3 rows of 1 to 4 particles"},
		{served, TileBatch[float64]{X: mk(3, 5), LogP: make([]float64, 5)}, "tile of 3×5, accepted: 3 rows of 1 to 4 particles"},
		{own, TileBatch[float64]{X: mk(3, 4), LogP: make([]float64, 3)}, "LogP of length 3"},
		{own, TileBatch[float64]{X: mk(3, 4), Laplacian: make([]float64, 3)}, "Laplacian of length 3"},
		{own, TileBatch[float64]{X: mk(3, 4), Grad: mk(3, 3)}, "Grad of 3×3"},
		{own, TileBatch[float64]{X: mk(3, 4), HVP: mk(3, 4)}, "V of 0×0"},
	} {
		if err := OnTiles[float64](c.d, 4).Eval(context.Background(), &c.b); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("error is %v, wanted one that says %q", err, c.says)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, d := range []Density{own, served} {
		if err := OnTiles[float64](d, 4).Eval(ctx, &TileBatch[float64]{X: mk(3, 4), LogP: make([]float64, 4)}); !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled context gave %v", err)
		}
	}
}
