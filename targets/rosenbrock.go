package targets

import (
	"context"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/vec/rng"
)

// NewRosenbrock has its mass along a bent and narrow valley (H. H. Rosenbrock, "An automatic method for finding the
// greatest or least value of a function", The Computer Journal 3, 1960, as a density):
//
//	log p(x) = −Σ_{i<dim} [ b (x_{i+1} − x_i²)² + (1 − x_i)² ]
//
// In two dimensions log Z, moments and draws are exact.
func NewRosenbrock(dim int, b float64) (Density, error) {
	if dim < 2 || !(b > 0) || math.IsInf(b, 1) {
		return nil, fmt.Errorf("rosenbrock: dimension %d, b %v; accepted: at least 2, a positive number", dim, b)
	}
	info := Info{Name: "rosenbrock", Params: Reals("x", dim), Can: LogP | Grad, Known: Unknown()}
	at := func(x, grad []float64) float64 {
		clear(grad)
		s := 0.0
		for i, v := range x[:dim-1] {
			e, f := x[i+1]-v*v, 1-v
			s -= b*e*e + f*f
			if grad != nil {
				grad[i] += 4*b*e*v + 2*f
				grad[i+1] -= 2 * b * e
			}
		}
		return s
	}
	switch {
	case dim == 2: // x_1 ~ N(1, 1/2), x_2 | x_1 ~ N(x_1², 1/(2b))
		info.Known = Known{
			LogZ: math.Log(math.Pi) - 0.5*math.Log(b), Mean: []float64{1, 1.5},
			SD: []float64{math.Sqrt(0.5), math.Sqrt(2.5 + 0.5/b)}, Source: "exact",
		}
	case dim == 4 && b == 10:
		info.Known = Known{LogZ: -2.4348032704871176, Source: "quadrature"}
	}
	d := newPointwise(info, func() pointFunc { return at })
	if dim == 2 {
		return rosenbrock2{d, b}, nil
	}
	return d, nil
}

// rosenbrock2 is the density in the plane.
type rosenbrock2 struct {
	*pointwise
	b float64
}

func (d rosenbrock2) covariance() []float64 { // Cov(x_1, x_1²) = 1
	c := diagonal(d.info.Known.SD)
	c[1], c[2] = 1, 1
	return c
}

// Sample draws x_1, then x_2.
func (d rosenbrock2) Sample(_ context.Context, first, n int, key rng.Key, x []float64) error {
	for i := range n {
		row := x[2*i : 2*i+2]
		key.Normals(row, uint32(first+i), 0, 0)
		row[0] = 1 + row[0]*math.Sqrt(0.5)
		row[1] = row[0]*row[0] + row[1]*math.Sqrt(0.5/d.b)
	}
	return nil
}

func rosenbrockItems() []item {
	instance := func(dim int, b float64) item {
		return item{name: fmt.Sprintf("rosenbrock_d%d_b%v", dim, b), kind: kindInstance,
			summary: fmt.Sprintf("Rosenbrock's valley in %d dimensions, b = %v", dim, b),
			build:   func(*reader, string) (Density, error) { return NewRosenbrock(dim, b) }}
	}
	return []item{
		{
			name: "rosenbrock", kind: kindFamily, summary: "Rosenbrock's bent and narrow valley",
			options: []Option{
				{"dim", "integer", "2", "dimension"},
				{"b", "number", "100", "steepness of the valley's sides"},
			},
			build: func(r *reader, _ string) (Density, error) {
				return NewRosenbrock(r.int("dim", 2, 2, 100_000), r.float("b", 100, "a positive number", positiveNum))
			},
		},
		instance(2, 100), instance(4, 10),
	}
}
