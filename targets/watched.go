package targets

import (
	"context"

	"github.com/sampan-mc/sampan/vec"
)

// Watch is d with before called before each evaluation, on tiles too, with the number of points and what is wanted: to
// count them, or to refuse them by an error. It may be called by several goroutines at once.
func Watch(d Density, before func(ctx context.Context, n int, want Want) error) Density {
	return &watched{wrapper{d}, before}
}

type watched struct {
	wrapper
	before func(ctx context.Context, n int, want Want) error
}

func (w *watched) Eval(ctx context.Context, b *Batch) error {
	if err := w.before(ctx, b.N, b.Want); err != nil {
		return err
	}
	return w.Density.Eval(ctx, b)
}

func (w *watched) Tiles32(p int) TileDensity[float32] { return watchTiles[float32](w, p) }
func (w *watched) Tiles64(p int) TileDensity[float64] { return watchTiles[float64](w, p) }

func watchTiles[T vec.Float](w *watched, p int) TileDensity[T] {
	return &watchedTiles[T]{OnTiles[T](w.Density, p), w.before}
}

type watchedTiles[T vec.Float] struct {
	TileDensity[T]
	before func(ctx context.Context, n int, want Want) error
}

func (w *watchedTiles[T]) Eval(ctx context.Context, b *TileBatch[T]) error {
	if err := w.before(ctx, b.X.P, b.Want()); err != nil {
		return err
	}
	return w.TileDensity.Eval(ctx, b)
}
