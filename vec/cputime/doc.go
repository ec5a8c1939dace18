// Package cputime reads what the processor has spent, which says more of a piece of code than the time of day does on a machine
// that others use too.
package cputime

import "slices"

// Seconds is Process in seconds.
func Seconds() float64 { return Process().Seconds() }

// Ratio runs a and b in turns, after once each unmeasured, and returns the median of what b spends of what a does, and of the
// seconds that it spends.
func Ratio(rounds int, a, b func()) (ratio, seconds float64) {
	spent := func(f func()) float64 {
		start := Process()
		f()
		return (Process() - start).Seconds()
	}
	a()
	b()
	ratios, times := make([]float64, rounds), make([]float64, rounds)
	for i := range ratios {
		first := spent(a)
		times[i] = spent(b)
		ratios[i] = times[i] / first
	}
	return median(ratios), median(times)
}

func median(v []float64) float64 {
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
