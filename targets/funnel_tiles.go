package targets

import (
	"context"
	"math"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Tiles32 and Tiles64 are the tile forms.
func (f *funnel) Tiles32(p int) TileDensity[float32] {
	return newEdge[float32](f.info, p, tileQuantities, (&funnelTiles{funnel: f, ones: constant(f.dim, 1)}).eval, f.plain())
}

func (f *funnel) Tiles64(p int) TileDensity[float64] {
	return newEdge[float64](f.info, p, tileQuantities, (&funnelTiles{funnel: f, ones: constant(f.dim, 1)}).eval, f.plain())
}

// plain has the Hessian of the exponent: with ε = exp(−x_1) and q = ε Σ x_i²,
//
//	∂₁∂₁ = −1/scale² − q/2,  ∂₁∂_i = ε x_i,  ∂_i∂_i = −ε
func (f *funnel) plain() plainForm {
	return func(x, v, grad, hv []float64) (logp, laplacian float64) {
		half := math.Exp(-0.5 * x[0])
		q, mixed := 0.0, 0.0
		for i, y := range x[1:] {
			z := 0.0
			if y != 0 {
				z = y * half
			}
			q += z * z
			if hv != nil {
				mixed += z * half * v[i+1]
				hv[i+1] = z*half*v[0] - half*half*v[i+1]
			}
		}
		first := -1/(f.scale*f.scale) - 0.5*q
		if hv != nil {
			hv[0] = first*v[0] + mixed
		}
		return f.constant() + f.exponent(x, grad), first - float64(f.dim-1)*half*half
	}
}

// constant is the log of the normalising constant.
func (f *funnel) constant() float64 { return -math.Log(f.scale) - 0.5*float64(f.dim)*log2Pi }

type funnelTiles struct {
	*funnel
	ones    []float64
	scratch tile.Arena[float64]
}

func (f *funnelTiles) eval(_ context.Context, b *TileBatch[float64]) error {
	f.scratch.Release(tile.Mark{})
	p, k := b.X.P, f.dim-1
	first, rest := b.X.Row(0), b.X.Slice(1, f.dim)
	half, q := f.scratch.Slice(p), f.scratch.Slice(p)
	z, square := f.scratch.Tile(k, p), f.scratch.Tile(k, p)
	vec.Scale(half, -0.5, first)
	vec.Exp(half, half)
	for i := range k {
		vec.Mul(z.Row(i), rest.Row(i), half)
	}
	vec.Mul(square.Flat(), z.Flat(), z.Flat())
	total(q, f.ones[:k], square, nil)
	precision := 1 / (f.scale * f.scale)
	if b.LogP != nil {
		c := f.constant()
		for j, v := range first {
			b.LogP[j] = c - 0.5*(v*v*precision+q[j]+float64(k)*v)
		}
	}
	if g := b.Grad; !g.IsZero() {
		for j, v := range first {
			g.Data[j] = 0.5*q[j] - 0.5*float64(k) - v*precision
		}
		for i := range k {
			vec.Mul(g.Row(i+1), z.Row(i), half)
		}
		tail := g.Slice(1, f.dim).Flat()
		vec.Scale(tail, -1, tail)
	}
	if b.Laplacian != nil {
		for j, h := range half {
			b.Laplacian[j] = -precision - 0.5*q[j] - float64(k)*h*h
		}
	}
	if !b.HVP.IsZero() {
		f.hvp(b, half, q, z)
	}
	return nil
}

// hvp overwrites z by the mixed derivatives, z exp(−x_1/2).
func (f *funnelTiles) hvp(b *TileBatch[float64], half, q []float64, z tile.Tile[float64]) {
	p, k := b.X.P, f.dim-1
	first, t, minus := b.HVP.Row(0), f.scratch.Slice(p), f.scratch.Slice(p)
	precision := 1 / (f.scale * f.scale)
	for j, v := range b.V.Row(0) {
		first[j] = (-precision - 0.5*q[j]) * v
		minus[j] = -half[j] * half[j]
	}
	for i := range k {
		m, v, out := z.Row(i), b.V.Row(i+1), b.HVP.Row(i+1)
		vec.Mul(m, m, half)
		vec.MulAdd(first, m, v, first)
		vec.Mul(t, minus, v)
		vec.MulAdd(out, m, b.V.Row(0), t)
	}
}
