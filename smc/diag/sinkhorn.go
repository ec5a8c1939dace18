package diag

import (
	"math"

	"github.com/sampan-mc/sampan/vec/par"
)

// The settings of the published tables.
const (
	sinkhornEpsilon    = 1e-3
	sinkhornIterations = 100
	sinkhornTolerance  = 1e-5
)

// SinkhornW2 returns the W2γ of the tables of the literature on learned samplers: between two sets of points, n×d and
// m×d row-major, with uniform weights, the cost Σ P |x_i − y_j| of the plan of entropic optimal transport
//
//	P = argmin Σ P |x_i − y_j| + ε Σ P log P,  ε = 1e-3,
//
// by at most 100 of Sinkhorn's iterations in the log domain (M. Cuturi, NeurIPS 2013), fewer if no potential changes by
// more than 1e-5. The cost is the distance, not its square, whatever the name says, and it is not debiased: two sets of
// draws of the same law have a cost above zero, which falls slowly with n. Compare it at equal n only, with that floor
// beside it.
//
// Time is that of 200 n m exponentials at most, memory 8 n m bytes. The result does not depend on workers (0: all). NaN
// if a set is empty or a coordinate is not finite.
func SinkhornW2(x, y []float64, d, workers int) float64 {
	n, m := len(x)/d, len(y)/d
	if n == 0 || m == 0 || !allFinite(x) || !allFinite(y) {
		return math.NaN()
	}
	s := &sinkhorn{n: n, m: m, cost: make([]float64, n*m), u: make([]float64, n), v: make([]float64, m), pool: par.NewPool(workers)}
	s.pool.For(n, func(_, i int) {
		for j := range m {
			s.cost[i*m+j] = math.Sqrt(squaredDistance(x[i*d:(i+1)*d], y[j*d:(j+1)*d]))
		}
	})
	for j := range s.v {
		s.v[j] = -sinkhornEpsilon * math.Log(float64(m))
	}
	for range sinkhornIterations {
		u, v := s.rows(), s.columns()
		if u < sinkhornTolerance && v < sinkhornTolerance {
			break
		}
	}
	return s.value()
}

func allFinite(x []float64) bool {
	s := 0.0
	for _, v := range x {
		s += v * 0
	}
	return s == 0
}

func squaredDistance(a, b []float64) float64 {
	s := 0.0
	for k, v := range a {
		s += (v - b[k]) * (v - b[k])
	}
	return s
}

// sinkhorn holds the cost, n×m, and the potentials of rows and columns.
type sinkhorn struct {
	n, m int
	cost []float64
	u, v []float64
	pool *par.Pool
}

// negligible is the log below which a term is left out beside one of size one: its like add nothing that shows.
const negligible = -40

// rows sets u_i = ε (log 1/n − lse_j (v_j − cost_ij)/ε) and returns the largest change.
func (s *sinkhorn) rows() float64 {
	change := make([]float64, s.n)
	logN := math.Log(float64(s.n))
	s.pool.For(s.n, func(_, i int) {
		row, top := s.cost[i*s.m:(i+1)*s.m], math.Inf(-1)
		for j, c := range row {
			if a := s.v[j] - c; a > top {
				top = a
			}
		}
		sum, floor := 0.0, top+negligible*sinkhornEpsilon
		for j, c := range row {
			if a := s.v[j] - c; a > floor {
				sum += math.Exp((a - top) / sinkhornEpsilon)
			}
		}
		u := -sinkhornEpsilon*(logN+math.Log(sum)) - top
		change[i] = math.Abs(u - s.u[i])
		s.u[i] = u
	})
	return largest(change)
}

// columnBlock is the number of columns that are gone through together, row by row.
const columnBlock = 128

// columns is rows for v.
func (s *sinkhorn) columns() float64 {
	change := make([]float64, s.m)
	logM := math.Log(float64(s.m))
	s.pool.For((s.m+columnBlock-1)/columnBlock, func(_, block int) {
		lo := block * columnBlock
		width := min(columnBlock, s.m-lo)
		var tops, sums [columnBlock]float64
		top, sum := tops[:width], sums[:width]
		for j := range top {
			top[j] = math.Inf(-1)
		}
		for i, u := range s.u {
			for j, c := range s.cost[i*s.m+lo : i*s.m+lo+width] {
				if a := u - c; a > top[j] {
					top[j] = a
				}
			}
		}
		for i, u := range s.u {
			for j, c := range s.cost[i*s.m+lo : i*s.m+lo+width] {
				if a := u - c - top[j]; a > negligible*sinkhornEpsilon {
					sum[j] += math.Exp(a / sinkhornEpsilon)
				}
			}
		}
		for j := range top {
			v := -sinkhornEpsilon*(logM+math.Log(sum[j])) - top[j]
			change[lo+j] = math.Abs(v - s.v[lo+j])
			s.v[lo+j] = v
		}
	})
	return largest(change)
}

func largest(x []float64) float64 {
	top, _ := maxAt(x)
	return top
}

// value is Σ P cost, added up row by row.
func (s *sinkhorn) value() float64 {
	rows := make([]float64, s.n)
	s.pool.For(s.n, func(_, i int) {
		for j, c := range s.cost[i*s.m : (i+1)*s.m] {
			if a := (s.u[i] + s.v[j] - c) / sinkhornEpsilon; a > 1.5*negligible {
				rows[i] += math.Exp(a) * c
			}
		}
	})
	sum := 0.0
	for _, v := range rows {
		sum += v
	}
	return sum
}
