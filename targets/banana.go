package targets

import (
	"context"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/vec/rng"
)

// NewBanana is a bent normal density in the plane (H. Haario, E. Saksman and J. Tamminen, "Adaptive proposal distribution
// for random walk Metropolis algorithm", Computational Statistics 14, 1999), normalised:
//
//	x_1 ~ N(0, s²),  x_2 = y − b (x_1² − s²),  y ~ N(0, 1)
func NewBanana(b, s float64) (Density, error) {
	if math.IsNaN(b) || math.IsInf(b, 0) || !(s > 0) || math.IsInf(s, 1) {
		return nil, fmt.Errorf("banana: b %v, s %v; accepted: a number, a positive number", b, s)
	}
	info := Info{
		Name: "banana", Params: Reals("x", 2), Can: LogP | Grad, Normalised: true,
		Known: Known{Mean: []float64{0, 0}, SD: []float64{s, math.Sqrt(1 + 2*b*b*s*s*s*s)}, Source: "exact"},
	}
	c := -math.Log(s) - log2Pi
	at := func(x, grad []float64) float64 {
		z := x[0] / s
		y := x[1] + b*(x[0]*x[0]-s*s)
		if grad != nil {
			grad[0], grad[1] = -z/s-2*b*x[0]*y, -y
		}
		return c - 0.5*z*z - 0.5*y*y
	}
	return &banana{newPointwise(info, func() pointFunc { return at }), b, s}, nil
}

type banana struct {
	*pointwise
	b, s float64
}

// covariance has no correlation, as x_2 is even in x_1.
func (d *banana) covariance() []float64 { return diagonal(d.info.Known.SD) }

// Sample draws x_1 and y.
func (d *banana) Sample(_ context.Context, first, n int, key rng.Key, x []float64) error {
	for i := range n {
		row := x[2*i : 2*i+2]
		key.Normals(row, uint32(first+i), 0, 0)
		row[0] *= d.s
		row[1] -= d.b * (row[0]*row[0] - d.s*d.s)
	}
	return nil
}

func bananaItems() []item {
	instance := func(name, summary string, b, s float64) item {
		return item{name: name, kind: kindInstance, summary: summary,
			build: func(*reader, string) (Density, error) { return NewBanana(b, s) }}
	}
	return []item{
		{
			name: "banana", kind: kindFamily, summary: "a normal density in the plane, bent to a parabola",
			options: []Option{
				{"b", "number", "0.03", "bend: the curve is x_2 = -b (x_1² - s²)"},
				{"s", "number", "10", "standard deviation of the first coordinate"},
			},
			build: func(r *reader, _ string) (Density, error) {
				return NewBanana(r.float("b", 0.03, "a number", anyNumber), r.float("s", 10, "a positive number", positiveNum))
			},
		},
		instance("banana_b0.03_s10", "banana of Haario, Saksman and Tamminen, long and gently bent", 0.03, 10),
		instance("banana_b1_s1", "banana, short and sharply bent", 1, 1),
	}
}
