package mcmc

import (
	"fmt"
	"math"
)

// DualAveraging tunes a step size until the acceptance probability has the wanted mean (Hoffman and Gelman 2014, with
// Stan's constants γ = 0.05, t0 = 10, κ = 0.75).
type DualAveraging struct {
	Target            float64 // acceptance probability wanted
	mu, bar, log, avg float64
	k                 int
}

// Restart forgets what was learned and starts from step.
func (a *DualAveraging) Restart(step float64) {
	*a = DualAveraging{Target: a.Target, mu: math.Log(10 * step), log: math.Log(step), avg: math.Log(step)}
}

// Update learns from a move at Step that had this mean acceptance probability.
func (a *DualAveraging) Update(acceptance float64) {
	const gamma, t0, kappa = 0.05, 10, 0.75
	if math.IsNaN(acceptance) {
		acceptance = 0
	}
	a.k++
	k := float64(a.k)
	a.bar += (a.Target - acceptance - a.bar) / (k + t0)
	a.log = a.mu - math.Sqrt(k)/gamma*a.bar
	a.avg += math.Pow(k, -kappa) * (a.log - a.avg)
}

// Step is the step size to try next.
func (a *DualAveraging) Step() float64 { return math.Exp(a.log) }

// Averaged is the step size to freeze.
func (a *DualAveraging) Averaged() float64 { return math.Exp(a.avg) }

// moments gathers means and variances of points one by one (Welford 1962).
type moments struct {
	n        int
	mean, m2 []float64
}

func newMoments(d int) moments { return moments{mean: make([]float64, d), m2: make([]float64, d)} }

func (m *moments) reset() {
	m.n = 0
	clear(m.mean)
	clear(m.m2)
}

// add takes the rows of x.
func (m *moments) add(x []float64) {
	for d := len(m.mean); len(x) > 0; x = x[d:] {
		m.n++
		for j, v := range x[:d] {
			delta := v - m.mean[j]
			m.mean[j] += delta / float64(m.n)
			m.m2[j] += delta * (v - m.mean[j])
		}
	}
}

// scale fills s with the standard deviations, drawn towards 0.03 as in Stan: variances are
// n/(n+5)·var + 5/(n+5)·10⁻³.
func (m *moments) scale(s []float64) error {
	n := float64(m.n)
	for j := range s {
		v := n/(n+5)*m.m2[j]/(n-1) + 1e-3*5/(n+5)
		if !(v > 0) || math.IsInf(v, 1) {
			return fmt.Errorf("warm-up: the variance of coordinate %d came out as %v; the target may have no finite integral", j, v)
		}
		s[j] = math.Sqrt(v)
	}
	return nil
}

// windows is Stan's warm-up schedule: scales are learned from iterations start … ends[0], then ends[0]+1 … ends[1], and
// so on in windows that double; after each the step size is tuned afresh. A warm-up of less than 20 learns no scales.
func windows(warmup int) (start int, ends []int) {
	if warmup < 20 {
		return warmup, nil
	}
	start, size, last := 75, 25, 50
	if start+size+last > warmup {
		start, last = int(0.15*float64(warmup)), int(0.1*float64(warmup))
		size = warmup - start - last
	}
	stop := warmup - last
	for at := start; at < stop; {
		end := at + size
		size *= 2
		if end+size > stop { // no room for a doubled successor
			end = stop
		}
		ends = append(ends, end-1)
		at = end
	}
	return start, ends
}
