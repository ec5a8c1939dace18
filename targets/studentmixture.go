package targets

import (
	"context"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/vec/rng"
)

// NewStudentMixture is a mixture of K equal components with heavy tails, normalised: in each, every coordinate follows a
// Student law with two degrees of freedom about the component's location,
//
//	p(x) = 1/K Σ_k Π_j t₂(x_j − m_kj),  t₂(u) = (2 + u²)^(−3/2)
//
// It has a mean, and no variance.
func NewStudentMixture(locations [][]float64) (Density, error) {
	k := len(locations)
	if k == 0 || len(locations[0]) == 0 {
		return nil, fmt.Errorf("student mixture: %d components; accepted: at least one, of at least one coordinate", k)
	}
	d := len(locations[0])
	m := &studentMixture{d: d, k: k, at: make([]float64, 0, k*d)}
	mean := make([]float64, d)
	for i, l := range locations {
		if len(l) != d {
			return nil, fmt.Errorf("student mixture: location %d has %d coordinates, the first has %d", i, len(l), d)
		}
		m.at = append(m.at, l...)
		for j, v := range l {
			mean[j] += v / float64(k)
		}
	}
	info := Info{
		Name: "student-mixture", Params: Reals("x", d), Can: LogP | Grad, Normalised: true,
		Known: Known{Mean: mean, Source: "exact"},
	}
	m.pointwise = newPointwise(info, func() pointFunc {
		term := make([]float64, k)
		return func(x, grad []float64) float64 { return m.density(x, grad, term) }
	})
	return m, nil
}

type studentMixture struct {
	*pointwise
	d, k int
	at   []float64 // k×d locations
}

// component is log Π_j t₂(x_j − m_kj). Up to eight factors, each at least 2, are multiplied before a logarithm is taken,
// where the product cannot overflow.
func (m *studentMixture) component(k int, x []float64) float64 {
	s, product := 0.0, 1.0
	for j, l := range m.at[k*m.d : (k+1)*m.d] {
		u := x[j] - l
		factor := 2 + u*u
		if factor > 1e38 {
			s += 2 * math.Log(math.Abs(u)) // 2 is lost beside u²
		} else {
			product *= factor
		}
		if j%8 == 7 {
			s += math.Log(product)
			product = 1
		}
	}
	return -1.5 * (s + math.Log(product))
}

func (m *studentMixture) density(x, grad, term []float64) float64 {
	top := math.Inf(-1)
	for k := range term {
		term[k] = m.component(k, x)
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
			for j, l := range m.at[k*m.d : (k+1)*m.d] {
				u := x[j] - l
				slope := 3 * u / (2 + u*u)
				if math.Abs(u) > 1e19 {
					slope = 3 / u
				}
				grad[j] -= t / sum * slope
			}
		}
	}
	return top + math.Log(sum/float64(m.k))
}

// ModeWeights are those of the components, which are equal. A region holds the points to whose density its component
// gives most; as tails overlap, its mass is the component's weight only roughly.
func (m *studentMixture) ModeWeights() []float64 {
	w := make([]float64, m.k)
	fill(w, 1/float64(m.k))
	return w
}

// Mode is the component that gives most to the density at x.
func (m *studentMixture) Mode(x []float64) int {
	best, top := -1, math.Inf(-1)
	for k := range m.k {
		v := m.component(k, x)
		if math.IsNaN(v) {
			return -1
		}
		if best < 0 || v > top {
			best, top = k, v
		}
	}
	return best
}

// Sample draws a component, then each coordinate by the inverse of its distribution function,
// (2u − 1) / √(2u (1 − u)).
func (m *studentMixture) Sample(_ context.Context, first, n int, key rng.Key, x []float64) error {
	for i := range n {
		slot := uint32(first + i)
		k := int(key.Uniform(slot, 0, 0) * float64(m.k))
		row := x[i*m.d : (i+1)*m.d]
		key.Uniforms(row, slot, 0, 1)
		for j, u := range row {
			row[j] = m.at[k*m.d+j] + (2*u-1)/math.Sqrt(2*u*(1-u))
		}
	}
	return nil
}

// studentLocations are the ten of the literature, uniform on [−10, 10]^d by JAX's generator with key 0 (D. Blessing and
// others, "Beyond ELBOs: a large-scale evaluation of variational methods for sampling", ICML 2024).
func studentLocations(d int) [][]float64 { return jaxPoints(10, d, 10) }

func studentMixtureItems() []item {
	instance := func(d int) item {
		return item{name: fmt.Sprintf("student_mixture_d%d", d), kind: kindInstance,
			summary: fmt.Sprintf("10 equal modes of Student laws with 2 degrees of freedom in [-10, 10]^%d; means of JAX's generator, key 0", d),
			build:   func(*reader, string) (Density, error) { return NewStudentMixture(studentLocations(d)) }}
	}
	return []item{
		{
			name: "student-mixture", kind: kindFamily, summary: "mixture of Student laws with 2 degrees of freedom: heavy tails without a variance",
			options: []Option{
				{"dim", "integer", "2", "dimension, where locations are not given"},
				{"locations", "matrix", "10 points of JAX's generator, key 0, in [-10, 10]^dim", "locations of the components, a list of rows"},
			},
			build: func(r *reader, _ string) (Density, error) {
				dim := r.int("dim", 2, 1, 10_000)
				flat, k, d := r.matrix("locations", -1, -1, false)
				if flat == nil {
					return NewStudentMixture(studentLocations(dim))
				}
				if _, both := r.m["dim"]; both {
					r.fault("dim", "both dim and locations", "one of them")
				}
				return NewStudentMixture(rowsOf(flat, k, d))
			},
		},
		instance(2), instance(50),
	}
}
