package pde

import (
	"math"
	"slices"
)

// nearestOf is the distance of x from the nearest of points.
func nearestOf(points [][]float32, x []float32) float64 {
	best := math.Inf(1)
	for _, p := range points {
		sum := 0.0
		for i, v := range p {
			e := float64(v - x[i])
			sum += e * e
		}
		best = min(best, sum)
	}
	return math.Sqrt(best)
}

// quantile q of values, which it sorts.
func quantile(v []float64, q float64) float64 {
	slices.Sort(v)
	return v[int(q*float64(len(v)-1))]
}
