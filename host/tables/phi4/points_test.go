package phi4

import "fmt"

// point is a lattice at one hopping parameter, λ = 0.022, periodic.
type point struct {
	extent int
	kappa  float64
}

func (p point) String() string { return fmt.Sprintf("%s κ %g", p.lattice(), p.kappa) }

func (p point) lattice() string { return fmt.Sprintf("%d×%d", p.extent, p.extent) }

var (
	extents = []int{4, 8}
	kappas  = []float64{0.1, 0.2, 0.25, 0.3, 0.4, 0.5}
	// The chains, which make a curve, are run at these too.
	between = []float64{0.15, 0.225, 0.275, 0.35, 0.45}
)

// tolerance is the error of the reference for log Z. Those of the lattice of 8×8 are of annealed SMC, biased low.
func (p point) tolerance() float64 {
	switch {
	case p.extent == 4:
		return 2e-4
	case p.kappa <= 0.3:
		return 0.06
	}
	return 0.15
}

// reference is what is known of a point from elsewhere.
type reference struct {
	logZ        float64
	source      string
	observables map[string]float64
}

// The names of the observables that are shown.
const (
	absM   = "abs_magnetisation"
	chi    = "susceptibility"
	binder = "binder_cumulant"
	action = "action"
	meanM  = "magnetisation"
)

// references: 4×4 by transfer matrices (log Z by rows; the observables by bond functions, log Z with the action scaled and
// with a field differentiated, in the ordered phase in one well), 8×8 by annealed SMC, whose observables are good to 1 %.
var references = map[point]reference{
	{4, 0.1}:  {9.414474892, "transfer matrix", map[string]float64{binder: 0.0060, action: 7.7353}},
	{4, 0.2}:  {10.050654524, "transfer matrix", map[string]float64{binder: 0.0365, action: 7.6192}},
	{4, 0.25}: {10.994308905, "transfer matrix", map[string]float64{binder: 0.227, action: 7.1223}},
	{4, 0.3}:  {17.52231, "transfer matrix", map[string]float64{action: -2.33}},
	{4, 0.4}:  {77.233329, "transfer matrix", map[string]float64{absM: 3.7480, chi: 0.4189, binder: 0.66420, action: -67.286}},
	{4, 0.5}:  {197.072644, "transfer matrix", map[string]float64{absM: 4.8300, chi: 0.2472, binder: 0.66579, action: -190.115}},
	{8, 0.1}:  {37.6545, "annealed SMC", nil},
	{8, 0.2}:  {40.0556, "annealed SMC", map[string]float64{absM: 0.147, chi: 0.78, binder: 0.01}},
	{8, 0.25}: {42.906, "annealed SMC", map[string]float64{absM: 0.314, chi: 3.3, binder: 0.09}},
	{8, 0.3}:  {67.807, "annealed SMC", map[string]float64{absM: 2.086, chi: 1.56, binder: 0.6594}},
	{8, 0.4}:  {306.806, "annealed SMC", map[string]float64{absM: 3.748, chi: 0.416, binder: 0.6660}},
	{8, 0.5}:  {786.186, "annealed SMC", map[string]float64{absM: 4.830, chi: 0.246, binder: 0.6664}},
}
