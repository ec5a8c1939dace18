package smc

import (
	"context"
	"fmt"
	"math"
	"sync"

	"gonum.org/v1/gonum/floats"

	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// multiNormal is a normal distribution of any covariance LLᵀ.
type multiNormal struct {
	info   targets.Info
	mean   []float64
	factor []float64 // L, rows packed
	log    float64   // log density at the mean
	pool   sync.Pool // of *[]float64, d
}

// NewMultiNormal is the normal distribution of this mean and of covariance LLᵀ; factor holds the rows of the lower
// triangular L one after another, without the zeros.
func NewMultiNormal(mean, factor []float64) (Reference, error) {
	d := len(mean)
	if d < 1 || len(factor) != d*(d+1)/2 {
		return nil, fmt.Errorf("reference normal: a mean of %d and a factor of %d numbers found; accepted: d and d(d+1)/2", d, len(factor))
	}
	m := &multiNormal{
		info: targets.Info{
			Name: "normal", Params: targets.Reals("x", d), Can: targets.LogP | targets.Grad, Normalised: true,
			Known: targets.Known{Source: "exact"},
		},
		mean: mean, factor: factor, log: -float64(d) / 2 * math.Log(2*math.Pi),
	}
	m.pool.New = func() any { z := make([]float64, d); return &z }
	for i := range d {
		diagonal := factor[i*(i+1)/2+i]
		if !(diagonal > 0) || math.IsInf(diagonal, 1) {
			return nil, fmt.Errorf("reference normal: %v on the diagonal of the factor found; accepted: positive numbers", diagonal)
		}
		m.log -= math.Log(diagonal)
	}
	return m, nil
}

func (m *multiNormal) Info() targets.Info { return m.info }

func (m *multiNormal) Moments() (mean, factor []float64) { return m.mean, m.factor }

func (m *multiNormal) Eval(_ context.Context, b *targets.Batch) error {
	d := len(m.mean)
	if err := b.Check(m.info); err != nil {
		return err
	}
	scratch := m.pool.Get().(*[]float64)
	defer m.pool.Put(scratch)
	z := *scratch
	for i := range b.N {
		m.whiten(z, b.X[i*d:(i+1)*d])
		if b.Want.Has(targets.LogP) {
			b.LogP[i] = m.log - floats.Dot(z, z)/2
		}
		if b.Want.Has(targets.Grad) {
			m.pullBack(b.Grad[i*d:(i+1)*d], z)
		}
	}
	b.Settle()
	return nil
}

// whiten fills z with L⁻¹(x − mean), by forward substitution.
func (m *multiNormal) whiten(z, x []float64) {
	row := 0
	for i := range z {
		z[i] = (x[i] - m.mean[i] - floats.Dot(m.factor[row:row+i], z[:i])) / m.factor[row+i]
		row += i + 1
	}
}

// pullBack fills g with −L⁻ᵀz, by backward substitution.
func (m *multiNormal) pullBack(g, z []float64) {
	for i := range g {
		g[i] = -z[i]
	}
	for i := len(g) - 1; i >= 0; i-- {
		row := i * (i + 1) / 2
		g[i] /= m.factor[row+i]
		floats.AddScaled(g[:i], -g[i], m.factor[row:row+i])
	}
}

func (m *multiNormal) Sample(_ context.Context, first, n int, key rng.Key, x []float64) error {
	d := len(m.mean)
	z := make([]float64, d)
	for i := range n {
		key.Normals(z, uint32(first+i), 0, 0)
		row := 0
		for j := range d {
			x[i*d+j] = m.mean[j] + floats.Dot(m.factor[row:row+j+1], z[:j+1])
			row += j + 1
		}
	}
	return nil
}
