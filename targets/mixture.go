package targets

import (
	"context"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/vec/rng"
)

// Mixture is a mixture of K normals with independent coordinates:
//
//	p(x) = Σ_k w_k Π_j N(x_j; Means[k][j], Variances[k][j])
type Mixture struct {
	Weights   []float64 // K, any positive numbers: they are divided by their sum
	Means     [][]float64
	Variances [][]float64
}

// NewMixture makes the density of m.
func NewMixture(m Mixture) (Density, error) {
	k := len(m.Means)
	if k == 0 || len(m.Means[0]) == 0 || len(m.Weights) != k || len(m.Variances) != k {
		return nil, fmt.Errorf("mixture: %d means, %d weights, %d variances", k, len(m.Weights), len(m.Variances))
	}
	d, total := len(m.Means[0]), 0.0
	for i, w := range m.Weights {
		if !(w > 0) || math.IsInf(w, 1) || len(m.Means[i]) != d || len(m.Variances[i]) != d {
			return nil, fmt.Errorf("mixture: component %d has weight %v, %d means and %d variances; accepted: a positive weight, %d of each",
				i, w, len(m.Means[i]), len(m.Variances[i]), d)
		}
		total += w
	}
	g := &mixture{d: d, k: k, mean: make([]float64, k*d), precision: make([]float64, k*d), sd: make([]float64, k*d), logW: make([]float64, k), cum: make([]float64, k)}
	sum := 0.0
	for i := range k {
		g.logW[i] = math.Log(m.Weights[i]/total) - 0.5*float64(d)*log2Pi
		for j, v := range m.Variances[i] {
			if !(v > 0) || math.IsInf(v, 1) {
				return nil, fmt.Errorf("mixture: variance[%d][%d] is %v; accepted: a positive number", i, j, v)
			}
			g.mean[i*d+j], g.precision[i*d+j], g.sd[i*d+j] = m.Means[i][j], 1/v, math.Sqrt(v)
			g.logW[i] -= 0.5 * math.Log(v)
		}
		sum += m.Weights[i] / total
		g.cum[i] = sum
	}
	g.cum[k-1] = 1
	mean, sd := g.moments(m, total)
	info := Info{
		Name: "mixture", Params: Reals("x", d), Can: LogP | Grad, Normalised: true,
		Known: Known{Mean: mean, SD: sd, Source: "exact"},
	}
	g.pointwise = newPointwise(info, func() pointFunc {
		term := make([]float64, k)
		return func(x, grad []float64) float64 { return g.at(x, grad, term) }
	})
	return g, nil
}

type mixture struct {
	*pointwise
	d, k                int
	mean, precision, sd []float64 // k×d
	logW                []float64 // log weight and normalising constant of a component
	cum                 []float64 // cumulative weights
}

// component is the log density of component k, its weight included.
func (g *mixture) component(k int, x []float64) float64 {
	mean, prec := g.mean[k*g.d:(k+1)*g.d], g.precision[k*g.d:(k+1)*g.d]
	s := 0.0
	for j, m := range mean {
		s += (x[j] - m) * (x[j] - m) * prec[j]
	}
	return g.logW[k] - 0.5*s
}

// at sums the components in the log domain, largest term first taken out.
func (g *mixture) at(x, grad, term []float64) float64 {
	top := math.Inf(-1)
	for k := range term {
		term[k] = g.component(k, x)
		top = max(top, term[k])
	}
	if math.IsInf(top, -1) || math.IsNaN(top) {
		return top
	}
	sum := 0.0
	for k, t := range term {
		term[k] = math.Exp(t - top)
		sum += term[k]
	}
	if grad != nil {
		clear(grad)
		for k, t := range term {
			for j, m := range g.mean[k*g.d : (k+1)*g.d] {
				grad[j] -= t / sum * (x[j] - m) * g.precision[k*g.d+j]
			}
		}
	}
	return top + math.Log(sum)
}

// moments are those of the mixture, by the law of total variance.
func (g *mixture) moments(m Mixture, total float64) (mean, sd []float64) {
	mean, sd = make([]float64, g.d), make([]float64, g.d)
	for j := range g.d {
		for k, w := range m.Weights {
			mean[j] += w / total * m.Means[k][j]
		}
		for k, w := range m.Weights {
			off := m.Means[k][j] - mean[j]
			sd[j] += w / total * (m.Variances[k][j] + off*off)
		}
		sd[j] = math.Sqrt(sd[j])
	}
	return mean, sd
}

// Sample draws a component, then a point of it.
func (g *mixture) Sample(_ context.Context, first, n int, key rng.Key, x []float64) error {
	for i := range n {
		slot := uint32(first + i)
		u, k := key.Uniform(slot, 0, 0), 0
		for k < g.k-1 && u >= g.cum[k] {
			k++
		}
		row := x[i*g.d : (i+1)*g.d]
		key.Normals(row, slot, 0, 1)
		for j := range row {
			row[j] = g.mean[k*g.d+j] + g.sd[k*g.d+j]*row[j]
		}
	}
	return nil
}
