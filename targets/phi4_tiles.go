package targets

import (
	"context"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// phi4 is the density of a lattice.
type phi4 struct {
	*pointwise
	Phi4
	at pointFunc
}

// Tiles32 and Tiles64 are the tile forms.
func (l *phi4) Tiles32(p int) TileDensity[float32] {
	return newEdge[float32](l.info, p, tileQuantities, newPhi4Tiles(l, p).eval, l.plain())
}

func (l *phi4) Tiles64(p int) TileDensity[float64] {
	return newEdge[float64](l.info, p, tileQuantities, newPhi4Tiles(l, p).eval, l.plain())
}

// plain has the Hessian 2κ (adjacency, links counted) − 2(1 − 2λ) − 12λ φ².
func (l *phi4) plain() plainForm {
	return func(x, v, grad, hv []float64) (logp, laplacian float64) {
		laplacian = l.selfLinks(len(x))
		for i, a := range x {
			h := -2*(1-2*l.Lambda) - 12*l.Lambda*a*a
			laplacian += h
			if hv != nil {
				hv[i] = h * v[i]
			}
		}
		if hv != nil {
			for _, link := range l.links(len(x)) {
				hv[link[0]] += 2 * l.Kappa * v[link[1]]
				hv[link[1]] += 2 * l.Kappa * v[link[0]]
			}
		}
		return l.at(x, grad), laplacian
	}
}

// selfLinks is what links of sites to themselves, 2κφ² each, add to the Laplacian.
func (p Phi4) selfLinks(sites int) float64 {
	s := 0.0
	for _, l := range p.Extents {
		if l == 1 && !p.Open {
			s += 4 * p.Kappa * float64(sites)
		}
	}
	return s
}

// phi4Tiles goes over the sites one by one: a row stays in the nearest cache from its neighbours to its score.
type phi4Tiles struct {
	*phi4
	near               [][]int32 // the sites that each is linked with, both ends of every link
	quartic, curvature []float64 // p times −4λ and −12λ
	quadratic          []float64 // p times −2(1 − 2λ)
	constant           float64   // of the Laplacian
	scratch            tile.Arena[float64]
}

func newPhi4Tiles(l *phi4, p int) *phi4Tiles {
	sites := l.info.Dim()
	f := &phi4Tiles{
		phi4: l, near: make([][]int32, sites), quartic: constant(p, -4*l.Lambda), curvature: constant(p, -12*l.Lambda),
		quadratic: constant(p, -2*(1-2*l.Lambda)), constant: l.selfLinks(sites) - 2*(1-2*l.Lambda)*float64(sites),
	}
	for _, link := range l.links(sites) {
		f.near[link[0]] = append(f.near[link[0]], link[1])
		f.near[link[1]] = append(f.near[link[1]], link[0])
	}
	return f
}

// eval uses that log p = Σ (½ φ ∂log p/∂φ + λ φ⁴).
func (f *phi4Tiles) eval(_ context.Context, b *TileBatch[float64]) error {
	f.scratch.Release(tile.Mark{})
	p := b.X.P
	square, t, own := f.scratch.Slice(p), f.scratch.Slice(p), f.scratch.Slice(p)
	scores, squares, fourths := f.scratch.Slice(p), f.scratch.Slice(p), f.scratch.Slice(p) // Σ φ∂log p, Σ φ², Σ φ⁴
	for _, sum := range [...][]float64{scores, squares, fourths} {
		clear(sum)
	}
	for i := range b.X.Rows {
		x := b.X.Row(i)
		vec.Mul(square, x, x)
		if b.Laplacian != nil {
			vec.Add(squares, squares, square)
		}
		if !b.HVP.IsZero() {
			hv := b.HVP.Row(i)
			f.coupling(hv, b.V, i)
			vec.MulAdd(t, square, f.curvature[:p], f.quadratic[:p])
			vec.MulAdd(hv, t, b.V.Row(i), hv)
		}
		if b.LogP == nil && b.Grad.IsZero() {
			continue
		}
		g := own
		if !b.Grad.IsZero() {
			g = b.Grad.Row(i)
		}
		f.coupling(g, b.X, i)
		vec.MulAdd(t, square, f.quartic[:p], f.quadratic[:p])
		vec.MulAdd(g, t, x, g)
		if b.LogP != nil {
			vec.MulAdd(scores, x, g, scores)
			vec.MulAdd(fourths, square, square, fourths)
		}
	}
	for j := range b.LogP {
		b.LogP[j] = 0.5*scores[j] + f.Lambda*fourths[j]
	}
	for j := range b.Laplacian {
		b.Laplacian[j] = f.constant - 12*f.Lambda*squares[j]
	}
	return nil
}

// coupling sets dst to 2κ times the sum of the rows of x that site i is linked with.
func (f *phi4Tiles) coupling(dst []float64, x tile.Tile[float64], i int) {
	near := f.near[i]
	if len(near) < 2 {
		clear(dst)
		for _, n := range near {
			vec.Axpy(dst, 2*f.Kappa, x.Row(int(n)))
		}
		return
	}
	vec.Add(dst, x.Row(int(near[0])), x.Row(int(near[1])))
	for _, n := range near[2:] {
		vec.Add(dst, dst, x.Row(int(n)))
	}
	vec.Scale(dst, 2*f.Kappa, dst)
}
