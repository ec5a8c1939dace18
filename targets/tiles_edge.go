package targets

import (
	"context"
	"math"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// tileQuantities is what the forms of the built-ins offer.
const tileQuantities = LogP | Grad | HVP | Laplacian

// plainForm evaluates one point in the way of Eval, and its second derivatives: it fills those of grad and hv that are
// not nil; v comes with hv.
type plainForm func(x, v, grad, hv []float64) (logp, laplacian float64)

// tileForm is the formula of a density for tiles of U. The tiles it gets are contiguous, but for that the caller's own.
type tileForm[U vec.Float] func(ctx context.Context, b *TileBatch[U]) error

// edge stands between callers, who work in T, and a formula, which works in U. The cheap densities have float64 for
// U always: beside the net that asks they cost nothing, and the log density is then as exact in float32 as the point.
//
// Formulas need not know about what is not finite: a lane in which anything came out so is done again by the plain form,
// so that infinite and huge points, NaN and overflow are treated as Eval treats them.
type edge[T, U vec.Float] struct {
	name  string
	d, p  int
	can   Want
	form  tileForm[U] // nil: every lane in the plain form
	plain plainForm   // nil: the formula sees to its own specials

	in              TileBatch[U]
	x, v, grad, hv  tile.Tile[U] // for tiles that the formula cannot take as they are
	logp, laplacian [2]float64   // of a lone particle
	zeros, mark     []U
	point           [4][]float64 // x, v, grad, hv
}

func newEdge[T, U vec.Float](in Info, p int, can Want, form tileForm[U], plain plainForm) *edge[T, U] {
	d := in.Dim()
	e := &edge[T, U]{name: in.Name, d: d, p: p, can: can, form: form, plain: plain, zeros: make([]U, d), mark: make([]U, p)}
	for i := range e.point {
		e.point[i] = make([]float64, d)
	}
	return e
}

func (e *edge[T, U]) Can() Want { return e.can }

func (e *edge[T, U]) Eval(ctx context.Context, b *TileBatch[T]) error {
	if err := b.check(e.name, e.d, e.p, e.can); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	e.in = TileBatch[U]{LogP: b.LogP, Laplacian: b.Laplacian}
	lone := b.X.P == 1
	if lone { // for two, as matrix products add up a single column in another order
		if b.LogP != nil {
			e.in.LogP = e.logp[:]
		}
		if b.Laplacian != nil {
			e.in.Laplacian = e.laplacian[:]
		}
	}
	var ownGrad, ownHV bool
	e.in.X, _ = e.enter(&e.x, b.X, true)
	if !b.Grad.IsZero() {
		e.in.Grad, ownGrad = e.enter(&e.grad, b.Grad, false)
	}
	if !b.HVP.IsZero() {
		e.in.V, _ = e.enter(&e.v, b.V, true)
		e.in.HVP, ownHV = e.enter(&e.hv, b.HVP, false)
	}
	if e.form == nil {
		for j := range e.in.X.P {
			e.lane(j)
		}
	} else if err := e.form(ctx, &e.in); err != nil {
		return err
	} else if e.plain != nil {
		e.repair()
	}
	if lone {
		copy(b.LogP, e.in.LogP)
		copy(b.Laplacian, e.in.Laplacian)
	}
	if ownGrad {
		narrowTile(b.Grad, e.in.Grad)
	}
	if ownHV {
		narrowTile(b.HVP, e.in.HVP)
	}
	return nil
}

// enter is t where the formula can take it, else own memory of that shape, with the values of t if they are needed.
func (e *edge[T, U]) enter(own *tile.Tile[U], t tile.Tile[T], values bool) (in tile.Tile[U], copied bool) {
	if same, ok := any(t).(tile.Tile[U]); ok && t.P > 1 && (t.LD == t.P || t.Rows == 1) {
		return same, false
	}
	if own.IsZero() {
		*own = tile.New[U](e.d, e.p)
	}
	in = tile.Of(own.Data, e.d, max(t.P, 2))
	if values {
		for i := range t.Rows {
			row := in.Row(i)
			widen(row[:t.P], t.Row(i))
			if t.P == 1 {
				row[1] = row[0]
			}
		}
	}
	return in, true
}

// repair finds the lanes in which something is not finite: a product with zero is NaN for those, and only for those.
func (e *edge[T, U]) repair() {
	b, p := &e.in, e.in.X.P
	mark := e.mark[:p]
	clear(mark)
	for _, t := range [...]tile.Tile[U]{b.X, b.Grad, b.HVP} {
		if !t.IsZero() {
			vec.Gemm(1, p, e.d, e.zeros, e.d, 1, t.Data, t.LD, mark, p, mark, p)
		}
	}
	for j := range mark {
		bad := mark[j] != 0
		if b.LogP != nil {
			bad = bad || b.LogP[j]*0 != 0
		}
		if b.Laplacian != nil {
			bad = bad || b.Laplacian[j]*0 != 0
		}
		if bad {
			e.lane(j)
		}
	}
}

// lane evaluates lane j in the plain form.
func (e *edge[T, U]) lane(j int) {
	b := &e.in
	x, v, grad, hv := e.point[0], e.point[1], e.point[2], e.point[3]
	column(x, b.X, j)
	if b.HVP.IsZero() {
		v, hv = nil, nil
	} else {
		column(v, b.V, j)
	}
	logp, laplacian := e.plain(x, v, grad, hv)
	switch {
	case math.IsInf(logp, -1):
		clear(grad)
		clear(hv)
		laplacian = 0
	case math.IsNaN(logp) || math.IsInf(logp, 1):
		fill(grad, math.NaN())
		fill(hv, math.NaN())
		laplacian = math.NaN()
	}
	if b.LogP != nil {
		b.LogP[j] = logp
	}
	if b.Laplacian != nil {
		b.Laplacian[j] = laplacian
	}
	for i := range e.d {
		if !b.Grad.IsZero() {
			b.Grad.Row(i)[j] = U(grad[i])
		}
		if hv != nil {
			b.HVP.Row(i)[j] = U(hv[i])
		}
	}
}

func column[U vec.Float](x []float64, t tile.Tile[U], j int) {
	for i := range x {
		x[i] = float64(t.Row(i)[j])
	}
}

// widen is dst = x into a type at least as wide, narrowTile the way back.
func widen[U, T vec.Float](dst []U, x []T) {
	switch dst := any(dst).(type) {
	case []float64:
		vec.Widen(dst, x)
	case []T:
		copy(dst, x)
	}
}

func narrowTile[T, U vec.Float](dst tile.Tile[T], t tile.Tile[U]) {
	for i := range t.Rows {
		switch x := any(t.Row(i)[:dst.P]).(type) {
		case []float64:
			vec.Narrow(dst.Row(i), x)
		case []T:
			copy(dst.Row(i), x)
		}
	}
}

// total sets dst to init, or zero, plus the sum over rows i of weights[i]·t_i: one value a lane.
func total(dst []float64, weights []float64, t tile.Tile[float64], init []float64) {
	vec.Gemm(1, t.P, t.Rows, weights, t.Rows, 1, t.Data, t.LD, init, 0, dst, t.P)
}

// constant is n times c.
func constant(n int, c float64) []float64 {
	v := make([]float64, n)
	fill(v, c)
	return v
}
