package targets

import (
	"context"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/vec/rng"
)

// NewFunnel is Neal's funnel (R. M. Neal, "Slice sampling", Annals of Statistics 31, 2003), normalised:
//
//	x_1 ~ N(0, scale²),  x_i | x_1 ~ N(0, exp(x_1)) for i > 1
func NewFunnel(dim int, scale float64) (Density, error) {
	if dim < 2 || !(scale > 0) || math.IsInf(scale, 1) {
		return nil, fmt.Errorf("funnel: dimension %d, scale %v; accepted: at least 2, a positive number", dim, scale)
	}
	f := &funnel{dim: dim, scale: scale}
	mean, sd := make([]float64, dim), make([]float64, dim)
	fill(sd, math.Exp(scale*scale/4)) // E exp(x_1) = exp(scale²/2)
	sd[0] = scale
	info := Info{
		Name: "funnel", Params: Reals("x", dim), Can: LogP | Grad, Normalised: true,
		Known: Known{Mean: mean, SD: sd, Source: "exact"},
	}
	c := -math.Log(scale) - 0.5*float64(dim)*log2Pi
	f.pointwise = newPointwise(info, func() pointFunc {
		return func(x, grad []float64) float64 { return c + f.exponent(x, grad) }
	})
	return f, nil
}

type funnel struct {
	*pointwise
	dim   int
	scale float64
}

func (f *funnel) exponent(x, grad []float64) float64 {
	v, k := x[0], float64(f.dim-1)
	q := 0.0 // Σ x_i² exp(−v), halves of the exponent apart so that neither factor overflows alone
	half := math.Exp(-0.5 * v)
	for i, y := range x[1:] {
		z := 0.0
		if y != 0 {
			z = y * half
		}
		q += z * z
		if grad != nil {
			grad[i+1] = -z * half
		}
	}
	if grad != nil {
		grad[0] = -v/(f.scale*f.scale) + 0.5*q - 0.5*k
	}
	return -0.5*(v/f.scale)*(v/f.scale) - 0.5*q - 0.5*k*v
}

// Sample draws x_1, then the others.
func (f *funnel) Sample(_ context.Context, first, n int, key rng.Key, x []float64) error {
	for i := range n {
		row := x[i*f.dim : (i+1)*f.dim]
		key.Normals(row, uint32(first+i), 0, 0)
		row[0] *= f.scale
		s := math.Exp(0.5 * row[0])
		for j := range row[1:] {
			row[j+1] *= s
		}
	}
	return nil
}

func funnelItems() []item {
	return []item{
		{
			name: "funnel", kind: kindFamily, summary: "Neal's funnel: the scale of all but the first coordinate is exp(x_1/2)",
			options: []Option{
				{"dim", "integer", "10", "dimension"},
				{"scale", "number", "3", "standard deviation of the first coordinate"},
			},
			build: func(r *reader, _ string) (Density, error) {
				return NewFunnel(r.int("dim", 10, 2, 100_000), r.float("scale", 3, "a positive number", positiveNum))
			},
		},
		{
			name: "funnel10", kind: kindInstance, summary: "Neal's funnel in 10 dimensions, scale 3",
			build: func(*reader, string) (Density, error) { return NewFunnel(10, 3) },
		},
	}
}
