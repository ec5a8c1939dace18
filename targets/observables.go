package targets

// Observed is a Density with numbers to report that belong to the distribution and not to a point of it: functions of
// expectations, as a susceptibility is. Find it by As; a run estimates them from its weighted draws, with standard errors.
type Observed interface {
	// Observables lists them.
	Observables() []Observable
	// Statistics are the functions of x, a point on the declared scale, of whose expectations the observables are made; dst
	// has room for as many of them as Observable.Of is given.
	Statistics(dst, x []float64)
	// NumStatistics is how many there are.
	NumStatistics() int
}

// Observable is a smooth function of expectations.
type Observable struct {
	Name string
	// Of is its value, from the expectations of the statistics.
	Of func(mean []float64) float64
}
