package targets

import (
	"context"
	"fmt"
	"math"
	"sync"

	"gonum.org/v1/gonum/mat"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/rng"
)

// CoxProcess is a log-Gaussian Cox process on the unit square, cut into Grid×Grid cells (J. Møller, A. R. Syversveen and
// R. P. Waagepetersen, "Log Gaussian Cox processes", Scandinavian Journal of Statistics 25, 1998): the log intensity f is
// a Gaussian field, and the number of points in a cell of area 1/Grid² is Poisson,
//
//	f ~ N(Mean, K),  K_ij = Variance exp(−|i − j| / (Grid · Range)),  |i − j| the distance in cells
//	log likelihood = Σ_i [ Counts_i f_i − exp(f_i) / Grid² ]
//
// The factors 1/c! and area^c of the Poisson law are left out, as is the custom for this benchmark.
type CoxProcess struct {
	Grid     int
	Counts   []float64 // Grid², row-major
	Mean     float64
	Variance float64
	Range    float64
	Whitened bool // the coordinates are w with f = Mean + L w, K = L Lᵀ; else f itself
}

// NewCoxProcess makes the density of m. It factorises K once, at a cost cubic in the number of cells; a point then takes
// two triangular products.
func NewCoxProcess(m CoxProcess) (Density, error) {
	d := m.Grid * m.Grid
	if m.Grid < 1 || m.Grid > maxCoxGrid || len(m.Counts) != d {
		return nil, fmt.Errorf("cox process: grid %d, %d counts; accepted: 1 to %d, a count for each cell", m.Grid, len(m.Counts), maxCoxGrid)
	}
	if !(m.Variance > 0) || !(m.Range > 0) || math.IsInf(m.Variance+m.Range, 1) || math.IsNaN(m.Mean) || math.IsInf(m.Mean, 0) {
		return nil, fmt.Errorf("cox process: mean %v, variance %v, range %v; accepted: a number, positive numbers", m.Mean, m.Variance, m.Range)
	}
	for i, c := range m.Counts {
		if !(c >= 0) || c != math.Trunc(c) || math.IsInf(c, 1) {
			return nil, fmt.Errorf("cox process: count %d is %v; accepted: whole numbers from 0", i, c)
		}
	}
	k := mat.NewSymDense(d, nil)
	for i := range d {
		for j := range i + 1 {
			distance := math.Hypot(float64(i/m.Grid-j/m.Grid), float64(i%m.Grid-j%m.Grid))
			k.SetSym(i, j, m.Variance*math.Exp(-distance/(float64(m.Grid)*m.Range)))
		}
	}
	l, err := cholesky(k)
	if err != nil {
		return nil, fmt.Errorf("cox process: %w", err)
	}
	c := &cox{CoxProcess: m, l: l, constant: -0.5 * float64(d) * log2Pi}
	name := "w"
	if !m.Whitened {
		name = "f"
		for i := range d {
			c.constant -= math.Log(l.row(i)[i])
		}
	}
	c.info = Info{
		Name: "cox-process", Params: Reals(name, m.Grid, m.Grid), Can: LogP | Grad | Parts, PriorNormalised: true, Known: m.known(),
	}
	c.pool.New = func() any {
		return &coxScratch{make([]float64, coxBlock*d), make([]float64, coxBlock*d), make([]float64, coxBlock*d)}
	}
	return attach(c, nil, c, nil), nil
}

const (
	maxCoxGrid = 64
	coxBlock   = 8 // points that share one reading of the factor
)

type cox struct {
	CoxProcess
	l        lower
	constant float64 // of the prior
	info     Info
	pool     sync.Pool // of *coxScratch
}

// coxScratch holds a block's white coordinates, its field or the slopes of its likelihood in f, and products.
type coxScratch struct{ w, f, t []float64 }

func (c *cox) Info() Info { return c.info }

func (c *cox) Eval(ctx context.Context, b *Batch) error {
	if err := b.Check(c.info); err != nil {
		return err
	}
	s := c.pool.Get().(*coxScratch)
	defer c.pool.Put(s)
	for lo := 0; lo < b.N; lo += coxBlock {
		if err := ctx.Err(); err != nil {
			return err
		}
		c.block(b, lo, min(lo+coxBlock, b.N), s)
	}
	return nil
}

// block evaluates rows lo … hi−1.
func (c *cox) block(b *Batch, lo, hi int, s *coxScratch) {
	n, d := hi-lo, b.D
	x := b.X[lo*d : hi*d]
	w, f, t := s.w[:n*d], s.f[:n*d], s.t[:n*d]
	if c.Whitened {
		copy(w, x)
		c.l.times(n, w, f)
		for i := range f {
			f[i] += c.Mean
		}
	} else {
		copy(f, x)
		for i, v := range f {
			w[i] = v - c.Mean
		}
		c.l.solve(n, w, w)
	}
	var prior, lik [coxBlock]float64
	vec.Exp(t, f)
	for i := range n {
		prior[i] = c.constant - 0.5*vec.Dot(w[i*d:(i+1)*d], w[i*d:(i+1)*d])
		lik[i] = c.likelihood(f[i*d:(i+1)*d], t[i*d:(i+1)*d])
	}
	if b.Want.Has(Grad) {
		c.gradients(b, lo, n, w, f, t)
	}
	for i := range n {
		if b.Want.Has(Parts) {
			b.LogPrior[lo+i], b.LogLik[lo+i] = prior[i], lik[i]
		}
		b.settle(lo+i, sumParts(prior[i], lik[i]))
	}
}

// likelihood is that of one field f with intensities e = exp(f). It leaves its slopes in f.
func (c *cox) likelihood(f, e []float64) float64 {
	area, v := 1/float64(len(f)), 0.0
	for i, k := range c.Counts {
		if k > 0 { // an empty cell adds nothing, whatever f is
			v += k * f[i]
		}
		v -= area * e[i]
		f[i] = k - area*e[i]
	}
	return v
}

// gradients fills those of n rows from lo, with slope the likelihood's slopes in f; w and t are used up.
func (c *cox) gradients(b *Batch, lo, n int, w, slope, t []float64) {
	if c.Whitened {
		c.l.transposed(n, slope, t)
		slope = t
	} else {
		c.l.solveTransposed(n, w)
	}
	from, to := lo*b.D, (lo+n)*b.D
	vec.Sub(b.Grad[from:to], slope, w)
	if b.Want.Has(Parts) {
		copy(b.GradLik[from:to], slope)
		vec.Scale(b.GradPrior[from:to], -1, w)
	}
}

// SamplePrior draws the white coordinates, and from them the field.
func (c *cox) SamplePrior(_ context.Context, first, n int, key rng.Key, x []float64) error {
	d := c.l.d
	w := make([]float64, d)
	for i := range n {
		row := x[i*d : (i+1)*d]
		if c.Whitened {
			key.Normals(row, uint32(first+i), 0, 0)
			continue
		}
		key.Normals(w, uint32(first+i), 0, 0)
		c.l.times(1, w, row)
		for j := range row {
			row[j] += c.Mean
		}
	}
	return nil
}
