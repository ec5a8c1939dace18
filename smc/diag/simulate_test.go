package diag

import (
	"math"

	"github.com/sampan-mc/sampan/vec/rng"
)

// gaussianPath is the geometric path from N(0, 1)^d to N(m, s²)^d, both normalised, so that the exact log Z is 0.
type gaussianPath struct {
	d     int
	m, s  float64
	betas []float64
}

// at is the mean and standard deviation of a coordinate at β.
func (p gaussianPath) at(beta float64) (mean, sd float64) {
	precision := 1 - beta + beta/(p.s*p.s)
	return beta * p.m / (p.s * p.s) / precision, 1 / math.Sqrt(precision)
}

// logZ is the log of the normalising constant at β, which may lie beyond 1 as long as the precision is positive.
func (p gaussianPath) logZ(beta float64) float64 {
	mean, sd := p.at(beta)
	one := math.Log(sd) - beta*math.Log(p.s) - (beta*p.m*p.m/(p.s*p.s)-mean*mean/(sd*sd))/2
	return float64(p.d) * one
}

// relativeVariance is that of the weight of step k under exact draws at its start.
func (p gaussianPath) relativeVariance(k int) float64 {
	a, b := p.betas[k], p.betas[k+1]
	return math.Expm1(p.logZ(2*b-a) + p.logZ(a) - 2*p.logZ(b))
}

func (p gaussianPath) logRatio(x []float64) float64 {
	sum := -float64(p.d) * math.Log(p.s)
	for _, v := range x {
		u := (v - p.m) / p.s
		sum += (v*v - u*u) / 2
	}
	return sum
}

// scheme is how a simulated population resamples: below this fraction of effective particles, and which way.
type scheme struct {
	threshold  float64 // 0 never, above 1 always
	systematic bool
	loss       func(logW []float64, lineage []int32) float64 // what it books as pair loss
}

func trueLoss(systematic bool) func([]float64, []int32) float64 {
	if systematic {
		return PairLossSystematic
	}
	return func(w []float64, _ []int32) float64 { return PairLossMultinomial(len(w)) }
}

// simulate runs one island of n particles along the path with moves x ← μ + ρ(x − μ) + √(1−ρ²) σ ε, which leave each
// density invariant; ρ = 0 draws from it exactly. Order of a stage: weight, resample, move.
func (p gaussianPath) simulate(n int, rho float64, how scheme, key rng.Key) Island {
	x, moved := make([]float64, n*p.d), make([]float64, n*p.d)
	w := make([]float64, n)
	is := Island{LogW: make([]float64, n), Lineage: make([]int32, n)}
	lineage := make([]int32, n)
	for i := range n {
		key.Normals(x[i*p.d:(i+1)*p.d], uint32(i), 0, 0)
		is.Lineage[i] = int32(i)
	}
	steps := len(p.betas) - 1
	z := make([]float64, p.d)
	for k := range steps {
		for i := range n {
			is.LogW[i] += (p.betas[k+1] - p.betas[k]) * p.logRatio(x[i*p.d:(i+1)*p.d])
		}
		if k == steps-1 {
			break
		}
		if WeightESS(is.LogW) < how.threshold*float64(n) {
			is.PairLoss += how.loss(is.LogW, is.Lineage)
			is.Resamplings++
			is.LogZ += LogMeanExp(is.LogW)
			Normalise(w, is.LogW)
			j, c := 0, w[0]
			points := sortedPoints(n, how.systematic, key, uint32(k))
			for i, u := range points {
				for u >= c && j < n-1 {
					j++
					c += w[j]
				}
				copy(moved[i*p.d:(i+1)*p.d], x[j*p.d:(j+1)*p.d])
				lineage[i] = is.Lineage[j]
				is.LogW[i] = 0
			}
			copy(is.Lineage, lineage)
			for i := range is.LogW {
				is.LogW[i] = 0
			}
			x, moved = moved, x
		}
		mean, sd := p.at(p.betas[k+1])
		for i := range n {
			key.Normals(z, uint32(i), uint32(k+1), 0)
			for c := range z {
				at := i*p.d + c
				x[at] = mean + rho*(x[at]-mean) + math.Sqrt(1-rho*rho)*sd*z[c]
			}
		}
	}
	is.LogZ += LogMeanExp(is.LogW)
	return is
}

// sortedPoints are the points in (0, 1) that pick ancestors; ordered uniforms come from sums of exponentials.
func sortedPoints(n int, systematic bool, key rng.Key, stage uint32) []float64 {
	u := make([]float64, n+1)
	if systematic {
		shift := key.Uniform(0, stage, 1)
		for i := range n {
			u[i] = (float64(i) + shift) / float64(n)
		}
		return u[:n]
	}
	key.Uniforms(u, 0, stage, 1)
	var sum float64
	for i := range u {
		sum -= math.Log(u[i])
		u[i] = sum
	}
	for i := range n {
		u[i] /= sum
	}
	return u[:n]
}

// ladder is K equal steps of β.
func ladder(k int) []float64 {
	b := make([]float64, k+1)
	for i := range b {
		b[i] = float64(i) / float64(k)
	}
	return b
}
