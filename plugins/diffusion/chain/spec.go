package chain

import (
	"fmt"
	"math"
)

// Kernel is the known part of one direction of a step: mean Keep·x + Push·(control) + Drift·q, variance Var (times e^{2ℓ},
// of the way there).
type Kernel struct{ Keep, Push, Drift, Var float64 }

// Step is a step and the one that undoes it. Where the latter has no variance it is a point mass at the start, 0.
type Step struct{ Forward, Backward Kernel }

// Back says what drives the way back.
type Back int

// The ways back.
const (
	Fixed Back = iota // nothing learned
	Own               // the control's second drift
	Tied              // −a
)

// Spec is a sampler but for its control.
type Spec struct {
	Name  string
	Dim   int
	Times []float64 // t_0 to t_K, what the control is told
	Steps []Step
	Scale float64 // the start is N(0, Scale² I); 0: the point 0
	// StartMean and StartStd, of each coordinate, go before Scale, where the start is learned.
	StartMean, StartStd []float64
	Betas               []float64 // β_0 = 0 to β_K = 1: q is the score of the geometric path; nil: the target's
	Until               float64   // the time at which the whole chain ends, for a block of it; 0: t_K
	whole               *Spec     // that this is a block of, with the same memory; nil: it is no block
	from                int       // where it starts
	Back                Back
	// Continuous gives the log weight of the continuous process instead of the chain's,
	// −½|π a|²/v − π a·ξ/√v + Extra_k a step: biased by the step size, and only good to compare with published figures.
	Continuous bool
	Extra      []float64
}

// K is the number of steps.
func (s *Spec) K() int { return len(s.Steps) }

func (s *Spec) horizon() float64 {
	if s.Until > 0 {
		return s.Until
	}
	return s.Times[s.K()]
}

// Delta tells whether all paths start at 0.
func (s *Spec) Delta() bool { return s.Scale == 0 }

// start is mean and standard deviation of coordinate i of x_0.
func (s *Spec) start(i int) (mean, std float64) {
	if s.StartStd == nil {
		return 0, s.Scale
	}
	return s.StartMean[i], s.StartStd[i]
}

// Brownian is PIS: from 0 along Brownian motion of variance total = Σσ²h, with equal σ, to the target. With a control of
// nought the end is N(0, total I).
func Brownian(dim int, times []float64, sigma float64) *Spec {
	s := &Spec{Name: "pis", Dim: dim, Times: times}
	sum := 0.0
	for k := range len(times) - 1 {
		v := sigma * sigma * (times[k+1] - times[k])
		before := sum
		sum += v
		s.Steps = append(s.Steps, Step{
			Forward:  Kernel{Keep: 1, Push: v / sigma, Var: v},
			Backward: Kernel{Keep: before / sum, Var: v * before / sum},
		})
	}
	return s
}

// Noise is a Rate that is a straight line: large at 0, small at the target's end.
type Noise struct{ Start, End float64 }

// At is β(t).
func (n Noise) At(t float64) float64 { return n.Start + (n.End-n.Start)*t }

// Integral is ∫β from t to u.
func (n Noise) Integral(t, u float64) float64 { return (u - t) * (n.At(t) + n.At(u)) / 2 }

// Reversal is DIS: the reversal of the noising of the target to N(0, scale² I) by dY = −½βY dt + scale √β dW, with its
// exact transitions, α = e^{−½∫β}, v = scale²(1−α²): there N(x/α + (v/α)a, v e^{2ℓ}), back N(αx′, v). a is a score.
func Reversal(dim int, times []float64, noise Rate, scale float64) *Spec {
	s := &Spec{Name: "dis", Dim: dim, Times: times, Scale: scale}
	for k := range len(times) - 1 {
		alpha := math.Exp(-noise.Integral(times[k], times[k+1]) / 2)
		v := scale * scale * (1 - alpha*alpha)
		s.Steps = append(s.Steps, Step{Kernel{Keep: 1 / alpha, Push: v / alpha, Var: v}, Kernel{Keep: alpha, Var: v}})
	}
	return s
}

// Euler is DIS with the transitions of the Euler scheme, σ = scale √β_k: there N((1+½β_k h)x + σh a, σ²h), back
// N((1−½β_k h)x′, σ²h). a is a control. Continuous gives the log weight of the papers.
func Euler(dim int, times []float64, noise Rate, scale float64, continuous bool) *Spec {
	s := &Spec{Name: "dis-euler", Dim: dim, Times: times, Scale: scale, Continuous: continuous}
	for k := range len(times) - 1 {
		h, beta := times[k+1]-times[k], noise.At(times[k])
		sigma := scale * math.Sqrt(beta)
		s.Steps = append(s.Steps, Step{
			Kernel{Keep: 1 + beta*h/2, Push: sigma * h, Var: sigma * sigma * h},
			Kernel{Keep: 1 - beta*h/2, Var: sigma * sigma * h},
		})
		// div of the uncontrolled drift ½βx
		s.Extra = append(s.Extra, float64(dim)*noise.Integral(times[k], times[k+1])/2)
	}
	return s
}

// Exponential is DDS: the exponential integrator of the Ornstein–Uhlenbeck process with stationary law N(0, scale² I); rates
// are the b_k, α = √(1−b²): there N(αx + b²scale² a, scale²b²), back N(αx′, scale²b²).
func Exponential(dim int, times, rates []float64, scale float64) *Spec {
	s := &Spec{Name: "dds", Dim: dim, Times: times, Scale: scale}
	for _, b := range rates {
		v := scale * scale * b * b
		alpha := math.Sqrt(1 - b*b)
		s.Steps = append(s.Steps, Step{Kernel{Keep: alpha, Push: v, Var: v}, Kernel{Keep: alpha, Var: v}})
	}
	return s
}

// Langevin is a bridge by Euler steps of size e_k and variance 2e_k: there N(x + e(q_k + a), 2e), back N(x′ + e(q_{k+1} + b),
// 2e). betas nil leaves q out.
func Langevin(dim int, times, sizes, betas []float64, scale float64, back Back) *Spec {
	s := &Spec{Name: "langevin", Dim: dim, Times: times, Scale: scale, Betas: betas, Back: back}
	for _, e := range sizes {
		k := Kernel{Keep: 1, Push: e, Var: 2 * e}
		if betas != nil {
			k.Drift = e
		}
		there, undo := k, k
		if back == Fixed {
			undo.Push = 0
		}
		s.Steps = append(s.Steps, Step{there, undo})
	}
	return s
}

// Validate reports what does not fit.
func (s *Spec) Validate() error {
	switch {
	case s.Dim < 1 || len(s.Steps) < 1 || len(s.Times) != len(s.Steps)+1:
		return fmt.Errorf("chain: %d dimensions, %d steps, %d times found; accepted: at least 1, at least 1, one more time than steps", s.Dim, len(s.Steps), len(s.Times))
	case s.Betas != nil && len(s.Betas) != len(s.Times):
		return fmt.Errorf("chain: %d temperatures for %d times", len(s.Betas), len(s.Times))
	case s.Betas != nil && s.Scale == 0:
		return fmt.Errorf("chain: a path of temperatures needs a start with a density")
	}
	for k, st := range s.Steps {
		if !(st.Forward.Var > 0) || !(st.Backward.Var >= 0) || st.Backward.Var == 0 && (k > 0 || !s.Delta()) {
			return fmt.Errorf("chain: step %d has variances %g and %g; accepted: above 0", k, st.Forward.Var, st.Backward.Var)
		}
	}
	return nil
}
