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

// manyWellTiles goes over the coordinates one by one, with g = −4e: a row stays in the nearest cache from its square to
// its score.
type manyWellTiles struct {
	wells                  int
	minus4, minus12, fours []float64 // p times −4, −12 and 4δ
	scratch                tile.Arena[float64]
}

func newManyWellTiles(m *manyWell, p int) *manyWellTiles {
	return &manyWellTiles{wells: m.wells, minus4: constant(p, -4), minus12: constant(p, -12), fours: constant(p, 4*m.well.delta)}
}

func (f *manyWellTiles) eval(_ context.Context, b *TileBatch[float64]) error {
	f.scratch.Release(tile.Mark{})
	d, p := b.X.Rows, b.X.P
	square, g, h := f.scratch.Slice(p), f.scratch.Slice(p), f.scratch.Slice(p)
	wells, normals := f.scratch.Slice(p), f.scratch.Slice(p) // Σ 16e², Σ x²
	clear(wells)
	clear(normals)
	fill(b.Laplacian, float64(f.wells-d))
	for i := range f.wells {
		x := b.X.Row(i)
		vec.Mul(square, x, x)
		vec.MulAdd(g, square, f.minus4[:p], f.fours[:p])
		if b.LogP != nil {
			vec.MulAdd(wells, g, g, wells)
		}
		if !b.Grad.IsZero() {
			vec.Mul(b.Grad.Row(i), g, x)
		}
		if b.HVP.IsZero() && b.Laplacian == nil {
			continue
		}
		vec.MulAdd(h, square, f.minus12[:p], f.fours[:p])
		if !b.HVP.IsZero() {
			vec.Mul(b.HVP.Row(i), h, b.V.Row(i))
		}
		if b.Laplacian != nil {
			vec.Add(b.Laplacian, b.Laplacian, h)
		}
	}
	for i := f.wells; i < d; i++ {
		x := b.X.Row(i)
		if b.LogP != nil {
			vec.MulAdd(normals, x, x, normals)
		}
		if !b.Grad.IsZero() {
			vec.Scale(b.Grad.Row(i), -1, x)
		}
		if !b.HVP.IsZero() {
			vec.Scale(b.HVP.Row(i), -1, b.V.Row(i))
		}
	}
	for j := range b.LogP {
		b.LogP[j] = -wells[j]/16 - 0.5*normals[j]
	}
	return nil
}
