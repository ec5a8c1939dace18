package pilot

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

const (
	hessians   = 200  // points where they are taken
	mostDims   = 128  // beyond, no Hessians: they cost 2d scores each
	inactive   = 1e-2 // eigenvalues of S below this part of the largest are none
	difference = 1e-3 // half the distance of scores, in pilot standard deviations
	enough     = 2    // draws a dimension, of fewer correlations are not told
	diagonal   = 0.02 // a frame whose Hessians have no more than this part of their varying squares off the diagonal is one
)

// Kind is how a frame was found.
type Kind string

// The kinds of frame.
const (
	Product Kind = "product" // axes along which the target is nearly a product
	White   Kind = "white"   // unit covariance
)

// Frame finds the frame of a target from equally weighted draws x of it with scores g.
func Frame(ctx context.Context, target targets.Density, x, g []float64, key rng.Key) (*space.Frame, Kind, error) {
	d := target.Info().Dim()
	white, err := Whitened(x, g, d)
	if err != nil || d == 1 || d > mostDims {
		return white, White, err
	}
	m, err := momentsOf(x, d)
	if err != nil {
		return nil, "", err
	}
	hs, err := curvature(ctx, target, x, m, key)
	if err != nil {
		return nil, "", err
	}
	var best *mat.Dense
	share, active := diagonal, d
	for _, base := range []*mat.Dense{identity(d), mat.NewDense(d, d, m.whitening())} {
		axes, n, off := jointAxes(hs, base, &m.cov)
		if off < share {
			best, share, active = axes, off, n
		}
	}
	if best == nil {
		return white, White, nil
	}
	f, err := space.NewFrame(m.mean, unitVariance(best, &m.cov))
	if err != nil {
		return nil, "", err
	}
	f.Active = active
	return settle(f, hs, x, g), Product, nil
}

// moments of draws.
type moments struct {
	mean []float64
	cov  mat.SymDense
	eig  mat.EigenSym
}

func momentsOf(x []float64, d int) (*moments, error) {
	n := len(x) / d
	m := &moments{mean: columnMeans(x, d)}
	stat.CovarianceMatrix(&m.cov, mat.NewDense(n, d, x), nil)
	if n < enough*d { // too few draws to tell correlations: shrink them towards none (Ledoit and Wolf's idea, a fixed weight)
		keep := float64(n) / float64(enough*d)
		for i := range d {
			for j := range i {
				m.cov.SetSym(i, j, keep*m.cov.At(i, j))
			}
		}
	}
	if !m.eig.Factorize(&m.cov, true) || !(m.eig.Values(nil)[0] > 0) {
		return nil, fmt.Errorf("the pilot's draws do not spread over all %d coordinates", d)
	}
	return m, nil
}

// whitening is W with WWᵀ the covariance, its columns along the principal axes.
func (m *moments) whitening() []float64 {
	var u mat.Dense
	m.eig.VectorsTo(&u)
	d := len(m.mean)
	for j, v := range m.eig.Values(nil) {
		for i := range d {
			u.Set(i, j, u.At(i, j)*math.Sqrt(v))
		}
	}
	return u.RawMatrix().Data
}

// unitVariance scales the columns of b so that the draws have unit variance along each of its coordinates.
func unitVariance(b *mat.Dense, cov *mat.SymDense) []float64 {
	d, _ := b.Dims()
	var inv mat.Dense
	if err := inv.Inverse(b); err != nil {
		return b.RawMatrix().Data // NewFrame will say what is wrong with it
	}
	out := mat.DenseCopyOf(b)
	for j := range d {
		row := inv.RowView(j)
		s := math.Sqrt(mat.Inner(row, cov, row))
		for i := range d {
			out.Set(i, j, out.At(i, j)*s)
		}
	}
	return out.RawMatrix().Data
}

// curvature takes Hessians of log ρ at draws moved by half a standard deviation.
func curvature(ctx context.Context, target targets.Density, x []float64, m *moments, key rng.Key) ([]*mat.SymDense, error) {
	d := len(m.mean)
	n := min(hessians, len(x)/d)
	scale := math.Sqrt(mat.Trace(&m.cov) / float64(d))
	step := difference * scale
	points := make([]float64, 0, n*2*d*d)
	z := make([]float64, d)
	stride := len(x) / d / n
	for i := range n {
		key.Normals(z, uint32(i), 0, 0)
		at := make([]float64, d)
		for j := range d {
			at[j] = x[i*stride*d+j] + 0.5*scale*z[j]
		}
		for j := range d {
			for _, s := range []float64{step, -step} {
				row := append([]float64(nil), at...)
				row[j] += s
				points = append(points, row...)
			}
		}
	}
	g, err := Scores(ctx, target, points)
	if err != nil {
		return nil, err
	}
	var hs []*mat.SymDense
	for i := range n {
		h := mat.NewSymDense(d, nil)
		row := func(j, side int) []float64 { at := ((i*d+j)*2 + side) * d; return g[at : at+d] }
		for j := range d {
			for k := range j + 1 {
				h.SetSym(j, k, (row(j, 0)[k]-row(j, 1)[k]+row(k, 0)[j]-row(k, 1)[j])/(4*step))
			}
		}
		if norm := mat.Norm(h, 2); norm > 0 && !math.IsInf(norm, 0) && !math.IsNaN(norm) {
			hs = append(hs, h)
		}
	}
	if len(hs) == 0 {
		return nil, fmt.Errorf("no curvature of the target could be had where the pilot is")
	}
	return hs, nil
}

func identity(d int) *mat.Dense {
	m := mat.NewDense(d, d, nil)
	for i := range d {
		m.Set(i, i, 1)
	}
	return m
}
