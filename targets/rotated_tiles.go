package targets

import (
	"context"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Tiles32 and Tiles64 are the tile forms: those of the inner density, between two matrix products.
func (r *Rotated) Tiles32(p int) TileDensity[float32] {
	f := &rotatedTiles{Rotated: r, of: OnTiles[float64](r.inner, p)}
	return newEdge[float32](r.info, p, f.of.Can(), f.eval, nil)
}

func (r *Rotated) Tiles64(p int) TileDensity[float64] {
	f := &rotatedTiles{Rotated: r, of: OnTiles[float64](r.inner, p)}
	return newEdge[float64](r.info, p, f.of.Can(), f.eval, nil)
}

// rotatedTiles turns in float64, so that it is the point asked for that the density is evaluated at.
type rotatedTiles struct {
	*Rotated
	of      TileDensity[float64]
	in      TileBatch[float64]
	scratch tile.Arena[float64]
}

func (f *rotatedTiles) eval(ctx context.Context, b *TileBatch[float64]) error {
	f.scratch.Release(tile.Mark{})
	d, p := b.X.Rows, b.X.P
	in := TileBatch[float64]{X: f.scratch.Tile(d, p), LogP: b.LogP, Laplacian: b.Laplacian}
	f.turnTile(in.X, b.X, d, 1)
	if !b.Grad.IsZero() {
		in.Grad = f.scratch.Tile(d, p)
	}
	if !b.HVP.IsZero() {
		in.V, in.HVP = f.scratch.Tile(d, p), f.scratch.Tile(d, p)
		f.turnTile(in.V, b.V, d, 1)
	}
	f.in = in
	if err := f.of.Eval(ctx, &f.in); err != nil {
		return err
	}
	if !b.Grad.IsZero() {
		f.turnTile(b.Grad, in.Grad, 1, d)
	}
	if !b.HVP.IsZero() {
		f.turnTile(b.HVP, in.HVP, 1, d)
	}
	return nil
}

// turnTile sets dst to Q t, or to Qᵀ t, by the strides that Q is read with.
func (f *rotatedTiles) turnTile(dst, t tile.Tile[float64], row, column int) {
	vec.Gemm(dst.Rows, t.P, t.Rows, f.q, row, column, t.Data, t.P, nil, 0, dst.Data, dst.P)
}
