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

// run is a stretch of sites linked with another one, each with its opposite: whole rows of a tile at once.
type run struct{ from, to, sites int }

// runs lists the links as long stretches: in each direction, for each line of slices across it, all but the last slice
// are linked with the next one, and the last, if the lattice is periodic, with the first.
func (p Phi4) runs(sites int) []run {
	var out []run
	stride := sites
	for _, l := range p.Extents {
		line := stride
		stride /= l
		for at := 0; at < sites; at += line {
			if l > 1 {
				out = append(out, run{at, at + stride, line - stride})
			}
			if !p.Open {
				out = append(out, run{at + line - stride, at, stride})
			}
		}
	}
	return out
}

type phi4Tiles struct {
	*phi4
	lines    []run
	ones     []float64
	constant []float64 // p: of the Laplacian
	scratch  tile.Arena[float64]
}

func newPhi4Tiles(l *phi4, p int) *phi4Tiles {
	sites := l.info.Dim()
	return &phi4Tiles{
		phi4: l, lines: l.runs(sites), ones: constant(sites, 1),
		constant: constant(p, l.selfLinks(sites)-2*(1-2*l.Lambda)*float64(sites)),
	}
}

// eval uses that log p = Σ φ (½ ∂log p/∂φ + λ φ³).
func (f *phi4Tiles) eval(_ context.Context, b *TileBatch[float64]) error {
	f.scratch.Release(tile.Mark{})
	x, sites, p := b.X, b.X.Rows, b.X.P
	a, lambda := 1-2*f.Lambda, f.Lambda
	square := f.scratch.Tile(sites, p)
	vec.Mul(square.Flat(), x.Flat(), x.Flat())
	if b.Laplacian != nil {
		t := f.scratch.Tile(sites, p)
		vec.Scale(t.Flat(), -12*lambda, square.Flat())
		total(b.Laplacian, f.ones, t, f.constant)
	}
	if hv := b.HVP; !hv.IsZero() {
		t := f.scratch.Tile(sites, p)
		f.neighbours(hv, b.V)
		vec.Scale(hv.Flat(), 2*f.Kappa, hv.Flat())
		vec.Axpy(hv.Flat(), -2*a, b.V.Flat())
		vec.Mul(t.Flat(), square.Flat(), b.V.Flat())
		vec.Axpy(hv.Flat(), -12*lambda, t.Flat())
	}
	if b.LogP == nil && b.Grad.IsZero() {
		return nil
	}
	g := b.Grad
	if g.IsZero() {
		g = f.scratch.Tile(sites, p)
	}
	cube := square
	vec.Mul(cube.Flat(), square.Flat(), x.Flat())
	f.neighbours(g, x)
	vec.Scale(g.Flat(), 2*f.Kappa, g.Flat())
	vec.Axpy(g.Flat(), -2*a, x.Flat())
	vec.Axpy(g.Flat(), -4*lambda, cube.Flat())
	if b.LogP != nil {
		t := cube
		vec.Scale(t.Flat(), lambda, cube.Flat())
		vec.Axpy(t.Flat(), 0.5, g.Flat())
		vec.Mul(t.Flat(), t.Flat(), x.Flat())
		total(b.LogP, f.ones, t, nil)
	}
	return nil
}

// neighbours sets row i of sum to the sum of the fields that site i is linked with.
func (f *phi4Tiles) neighbours(sum, x tile.Tile[float64]) {
	clear(sum.Flat())
	for _, l := range f.lines {
		here, there := sum.Slice(l.from, l.from+l.sites).Flat(), sum.Slice(l.to, l.to+l.sites).Flat()
		vec.Add(here, here, x.Slice(l.to, l.to+l.sites).Flat())
		vec.Add(there, there, x.Slice(l.from, l.from+l.sites).Flat())
	}
}
