package targets

import (
	"context"
	"sync"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// InTiles returns d with an Eval that goes through its tile form, p points at a time. Populations on a mixture or a logistic
// regression are served several times as fast, on a lattice twice, on sums over coordinates more slowly; a batch of one or
// two points is served more slowly. Values agree with those of d but for rounding, and those of a point do not depend on
// its batch. Requests with Parts go to d as they are, and where it has no tile form of its own, or the processor no vector
// instructions, d itself is returned. The optional interfaces of d are kept.
func InTiles(d Density, p int) Density {
	if _, ok := As[Tiled](d); !ok || vec.Level() == "generic" {
		return d
	}
	t := &inTiles{Density: d, info: d.Info(), p: max(p, 2)}
	t.pool.New = func() any {
		n := t.info.Dim()
		return &tileWorker{form: OnTiles[float64](d, t.p), x: tile.New[float64](n, t.p), grad: tile.New[float64](n, t.p), logp: make([]float64, t.p)}
	}
	return forward(t, d)
}

type inTiles struct {
	Density
	info Info
	p    int
	pool sync.Pool // of *tileWorker
}

func (t *inTiles) Unwrap() Density { return t.Density }

// tileWorker is what one call of Eval needs.
type tileWorker struct {
	form    TileDensity[float64]
	in      TileBatch[float64]
	x, grad tile.Tile[float64]
	logp    []float64
}

func (t *inTiles) Eval(ctx context.Context, b *Batch) error {
	if b.Want&^(LogP|Grad) != 0 {
		return t.Density.Eval(ctx, b)
	}
	if err := b.Check(t.info); err != nil {
		return err
	}
	w := t.pool.Get().(*tileWorker)
	defer t.pool.Put(w)
	for lo := 0; lo < b.N; lo += t.p {
		hi := min(lo+t.p, b.N)
		if err := w.eval(ctx, b, lo, hi); err != nil {
			return err
		}
		for i := lo; i < hi; i++ {
			b.settle(i, w.logp[i-lo])
		}
	}
	return nil
}

// eval fills rows lo … hi−1 of b.
func (w *tileWorker) eval(ctx context.Context, b *Batch, lo, hi int) error {
	n, d := hi-lo, b.D
	w.in = TileBatch[float64]{X: tile.Of(w.x.Data, d, n), LogP: w.logp[:n]}
	tile.Pack(w.in.X, b.X[lo*d:hi*d])
	if b.Want.Has(Grad) {
		w.in.Grad = tile.Of(w.grad.Data, d, n)
	}
	if err := w.form.Eval(ctx, &w.in); err != nil {
		return err
	}
	if b.Want.Has(Grad) {
		tile.Unpack(b.Grad[lo*d:hi*d], w.in.Grad)
	}
	return nil
}
