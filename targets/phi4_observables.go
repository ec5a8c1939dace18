package targets

import "math"

// The statistics of a lattice, of m = the mean of φ over the sites.
const (
	phi4M = iota
	phi4AbsM
	phi4M2
	phi4M4
	phi4Square // the mean of φ² over the sites
	phi4Action // −log p
	phi4Statistics
)

// Observables are the magnetisation ⟨m⟩, ⟨|m|⟩, the susceptibility V(⟨m²⟩ − ⟨|m|⟩²), that without what is subtracted,
// V⟨m²⟩, the Binder cumulant 1 − ⟨m⁴⟩/(3⟨m²⟩²), ⟨φ²⟩, and the action −⟨log p⟩. On a finite lattice ⟨m⟩ is nought by
// symmetry: it tells whether both signs were drawn as often. The Binder cumulant is 0 where m is normal and ⅔ where |m| does
// not vary (Binder 1981, "Finite size scaling analysis of Ising model block distribution functions").
func (l *phi4) Observables() []Observable {
	sites := float64(l.info.Dim())
	plain := func(i int) func([]float64) float64 { return func(mean []float64) float64 { return mean[i] } }
	return []Observable{
		{"magnetisation", plain(phi4M)},
		{"abs_magnetisation", plain(phi4AbsM)},
		{"susceptibility", func(mean []float64) float64 { return sites * (mean[phi4M2] - mean[phi4AbsM]*mean[phi4AbsM]) }},
		{"susceptibility_disordered", func(mean []float64) float64 { return sites * mean[phi4M2] }},
		{"binder_cumulant", func(mean []float64) float64 { return 1 - mean[phi4M4]/(3*mean[phi4M2]*mean[phi4M2]) }},
		{"phi_squared", plain(phi4Square)},
		{"action", plain(phi4Action)},
	}
}

// NumStatistics implements Observed.
func (l *phi4) NumStatistics() int { return phi4Statistics }

// Statistics implements Observed.
func (l *phi4) Statistics(dst, x []float64) {
	var m, square float64
	for _, v := range x {
		m += v
		square += v * v
	}
	m /= float64(len(x))
	dst[phi4M], dst[phi4AbsM], dst[phi4M2], dst[phi4M4] = m, math.Abs(m), m*m, m*m*m*m
	dst[phi4Square], dst[phi4Action] = square/float64(len(x)), -l.at(x, nil)
}
