package targets

import (
	"context"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Tiles32 and Tiles64 are the tile forms.
func (m *manyWell) Tiles32(p int) TileDensity[float32] {
	return newEdge[float32](m.info, p, tileQuantities, newManyWellTiles(m, p).eval, m.plain())
}

func (m *manyWell) Tiles64(p int) TileDensity[float64] {
	return newEdge[float64](m.info, p, tileQuantities, newManyWellTiles(m, p).eval, m.plain())
}

// plain has the second derivatives −4e − 8x², with e = x² − δ, of a well, and −1 elsewhere.
func (m *manyWell) plain() plainForm {
	return func(x, v, grad, hv []float64) (logp, laplacian float64) {
		for i, a := range x {
			h := -1.0
			if i < m.wells {
				h = -4*(a*a-m.well.delta) - 8*a*a
			}
			laplacian += h
			if hv != nil {
				hv[i] = h * v[i]
			}
		}
		return m.at(x, grad), laplacian
	}
}

type manyWellTiles struct {
	wells         int
	weights, ones []float64 // of the terms of the sum
	delta         []float64 // wells×p
	normals       []float64 // p: what the normals add to the Laplacian
	scratch       tile.Arena[float64]
}

func newManyWellTiles(m *manyWell, p int) *manyWellTiles {
	f := &manyWellTiles{
		wells: m.wells, weights: constant(m.dim, -0.5), ones: constant(m.wells, 1),
		delta: constant(m.wells*p, m.well.delta), normals: constant(p, -float64(m.dim-m.wells)),
	}
	fill(f.weights[:m.wells], -1)
	return f
}

func (f *manyWellTiles) eval(_ context.Context, b *TileBatch[float64]) error {
	f.scratch.Release(tile.Mark{})
	x, d, p, w := b.X, b.X.Rows, b.X.P, f.wells
	square, e := f.scratch.Tile(d, p), f.scratch.Tile(w, p)
	vec.Mul(square.Flat(), x.Flat(), x.Flat())
	vec.Sub(e.Flat(), square.Slice(0, w).Flat(), f.delta[:w*p])
	if g := b.Grad; !g.IsZero() {
		wells := g.Slice(0, w).Flat()
		vec.Mul(wells, e.Flat(), x.Slice(0, w).Flat())
		vec.Scale(wells, -4, wells)
		vec.Scale(g.Slice(w, d).Flat(), -1, x.Slice(w, d).Flat())
	}
	if !b.HVP.IsZero() || b.Laplacian != nil {
		h := f.scratch.Tile(w, p)
		vec.Scale(h.Flat(), -8, square.Slice(0, w).Flat())
		vec.Axpy(h.Flat(), -4, e.Flat())
		if hv := b.HVP; !hv.IsZero() {
			vec.Mul(hv.Slice(0, w).Flat(), h.Flat(), b.V.Slice(0, w).Flat())
			vec.Scale(hv.Slice(w, d).Flat(), -1, b.V.Slice(w, d).Flat())
		}
		if b.Laplacian != nil {
			total(b.Laplacian, f.ones, h, f.normals)
		}
	}
	if b.LogP != nil {
		vec.Mul(square.Slice(0, w).Flat(), e.Flat(), e.Flat())
		total(b.LogP, f.weights, square, nil)
	}
	return nil
}
