package targets

import (
	"context"
	"math"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// unpacked serves tiles from any Density: every tile is one Batch, rows and columns exchanged.
type unpacked[T vec.Float] struct {
	d     Density
	info  Info
	can   Want
	p     int
	whole *Batch // of p points, with room for all that is offered
	in    Batch  // the rows of it that a tile needs
}

func newUnpacked[T vec.Float](d Density, p int) *unpacked[T] {
	in := d.Info()
	can := in.Can & (LogP | Grad | HVP | Laplacian)
	return &unpacked[T]{d: d, info: in, can: can, p: p, whole: NewBatch(p, in.Dim(), can)}
}

func (u *unpacked[T]) Can() Want { return u.can }

func (u *unpacked[T]) Eval(ctx context.Context, b *TileBatch[T]) error {
	if err := b.check(u.info.Name, u.whole.D, u.p, u.can); err != nil {
		return err
	}
	in := &u.in
	u.whole.Rows(0, b.X.P, in)
	in.Want = b.Want() | LogP // the other answers depend on whether it is finite
	tile.Unpack64(in.X, b.X)
	if in.Want.Has(HVP) {
		tile.Unpack64(in.V, b.V)
	}
	if err := u.d.Eval(ctx, in); err != nil {
		return err
	}
	for i, s := range in.Status {
		row := func(v []float64) []float64 { return v[i*in.D : (i+1)*in.D] }
		switch {
		case s == NotEvaluated:
			in.LogP[i] = math.NaN()
			fallthrough
		case s == Numerical:
			if in.Want.Has(Grad) {
				fill(row(in.Grad), math.NaN())
			}
			if in.Want.Has(HVP) {
				fill(row(in.HVP), math.NaN())
			}
			if in.Want.Has(Laplacian) {
				in.Laplacian[i] = math.NaN()
			}
		case s == OutOfSupport:
			if in.Want.Has(HVP) {
				clear(row(in.HVP))
			}
			if in.Want.Has(Laplacian) {
				in.Laplacian[i] = 0
			}
		}
	}
	copy(b.LogP, in.LogP)
	copy(b.Laplacian, in.Laplacian)
	if in.Want.Has(Grad) {
		tile.Pack64(b.Grad, in.Grad)
	}
	if in.Want.Has(HVP) {
		tile.Pack64(b.HVP, in.HVP)
	}
	return nil
}
