package mcmc

import (
	"context"
	"math"

	"github.com/sampan-mc/sampan/targets"
)

// maxEnergyError is the energy error from which a trajectory counts as divergent, as in Stan.
const maxEnergyError = 1000

// Hopeless is the acceptance probability below which a proposal is: its energy is off by 7, which where a step size suits
// happens to hardly any.
const Hopeless = 1e-3

// hopelessShare is the part of proposals from which on some places are too narrow for their step size.
const hopelessShare = 1. / 1000

// Stats sums up one move of a population.
type Stats struct {
	Tried     int     // rows that could move
	Accepted  int     // of these, accepted
	Prob      float64 // sum of their acceptance probabilities
	Hopeless  int     // of these, with an acceptance probability below 0.001
	Divergent int     // of these, with an energy error above 1000, or no energy at all
	Leapfrogs int     // steps of the trajectory
}

// Add adds the counts of o; Leapfrogs add up too.
func (s *Stats) Add(o Stats) {
	s.Tried += o.Tried
	s.Accepted += o.Accepted
	s.Prob += o.Prob
	s.Hopeless += o.Hopeless
	s.Divergent += o.Divergent
	s.Leapfrogs += o.Leapfrogs
}

// Narrow reports whether more than one in a thousand of the proposals was hopeless: some places are too narrow for their steps.
func (s Stats) Narrow() bool { return float64(s.Hopeless) > hopelessShare*float64(s.Tried) }

// Acceptance is the mean acceptance probability, NaN if no row could move.
func (s Stats) Acceptance() float64 { return s.Prob / float64(s.Tried) }

// Mover moves one population. It owns the memory for that: a move allocates nothing. The slices tell how the last move
// went, row by row.
type Mover struct {
	Tally *Tally // what evaluations are counted in

	Prob      []float64 // acceptance probability; 0 for a row that cannot move
	Energy    []float64 // H of the state after the move, with the momentum it came with (HMC, MALA); −log γ (RWM)
	Divergent []bool

	kernel  Kernel
	n, d    int
	step    []float64 // d: ε·scale
	factor  []float64 // that of the tuning
	z, w    []float64 // d: scratch of one row
	y, p    []float64 // n×d: proposals, momenta
	start   []float64 // n: H before the move
	stopped []bool    // rows that are rejected whatever comes
	next    Terms     // at y

	// The two places where a kernel is easily got wrong; the tests put wrong ones here and must notice.
	kick   func(step, steps int) float64             // size of the kick before leapfrog step 0 … steps; the last one is after them
	accept func(logRatio, uniform float64) (ok bool) // the Metropolis rule
}

// NewMover makes the workspace to move n points of dimension d by kernel k. ref says whether there is a reference.
func NewMover(k Kernel, n, d int, ref bool, tally *Tally) *Mover {
	grad := k.Kind.NeedsGradient()
	m := &Mover{
		Tally: tally,
		Prob:  make([]float64, n), Energy: make([]float64, n), Divergent: make([]bool, n),
		kernel: k, n: n, d: d,
		step: make([]float64, d), z: make([]float64, d), w: make([]float64, d), y: make([]float64, n*d),
		start: make([]float64, n), stopped: make([]bool, n), next: NewTerms(n, d, ref, grad),
		kick: leapfrogKick, accept: metropolis,
	}
	if grad {
		m.p = make([]float64, n*d)
	}
	return m
}

func metropolis(logRatio, uniform float64) bool { return math.Log(uniform) < logRatio }

// Move advances every row of s by one step of the kernel, which leaves γ_β invariant. The terms of s must be those of
// its points; they are again afterwards. Randomness is that of st at (slot, stage, inner).
func (m *Mover) Move(ctx context.Context, f Density, beta float64, tn *Tuning, s *State, st *Streams, stage, inner uint32) (Stats, error) {
	stats, err := m.propose(ctx, f, beta, tn, s, st, m.kernel.steps(st.Length, tn.Stretch, stage, inner), stage, inner)
	if err != nil {
		return Stats{}, err
	}
	m.decide(s, st, stage, inner, &stats)
	return stats, nil
}

// propose fills m.y, m.next and Energy with the proposals, and Prob with their acceptance probabilities.
func (m *Mover) propose(ctx context.Context, f Density, beta float64, tn *Tuning, s *State, st *Streams, steps int, stage, inner uint32) (Stats, error) {
	for j, c := range tn.Scale {
		m.step[j] = tn.Step * c
	}
	m.factor = tn.Factor
	for i := range m.n {
		lp := s.Log(beta, i)
		m.start[i] = -lp
		m.stopped[i] = math.IsInf(lp, -1) || (m.p != nil && s.Status[i] == targets.GradBad)
	}
	copy(m.y, s.X)
	stats := Stats{Leapfrogs: steps}
	for i := range m.n {
		if !m.stopped[i] {
			stats.Tried++
		}
		m.Divergent[i] = false
	}
	var err error
	if m.p != nil {
		err = m.trajectory(ctx, f, beta, s, st, steps, stage, inner)
	} else {
		stats.Leapfrogs = 0
		err = m.walk(ctx, f, beta, st, stage, inner)
	}
	if err != nil {
		return Stats{}, err
	}
	for i := range m.n {
		m.Prob[i] = 0
		if m.Divergent[i] {
			stats.Divergent++
		}
		if !m.stopped[i] {
			m.Prob[i] = math.Exp(min(0, m.start[i]-m.Energy[i]))
			stats.Prob += m.Prob[i]
			if m.Prob[i] < Hopeless {
				stats.Hopeless++
			}
		}
	}
	return stats, nil
}

// decide accepts or rejects, and leaves in Energy that of the state.
func (m *Mover) decide(s *State, st *Streams, stage, inner uint32, stats *Stats) {
	d := m.d
	for i := range m.n {
		if m.stopped[i] || !m.accept(m.start[i]-m.Energy[i], st.Accept.Uniform(uint32(i), stage, inner)) {
			m.Energy[i] = m.start[i]
			continue
		}
		stats.Accepted++
		copy(s.X[i*d:(i+1)*d], m.y[i*d:(i+1)*d])
		s.copyRow(&m.next, i, d)
	}
}

// walk proposes for random-walk Metropolis.
func (m *Mover) walk(ctx context.Context, f Density, beta float64, st *Streams, stage, inner uint32) error {
	for i := range m.n {
		if m.stopped[i] {
			continue
		}
		y := m.y[i*m.d : (i+1)*m.d]
		st.Proposal.Normals(m.z, uint32(i), stage, inner)
		if m.factor != nil {
			lowerTimes(m.w, m.factor, m.z)
			copy(m.z, m.w)
		}
		for j, z := range m.z {
			y[j] += m.step[j] * z
		}
	}
	if err := evaluate(ctx, f, m.n, m.y, false, &m.next, m.Tally); err != nil {
		return err
	}
	for i := range m.n {
		m.Energy[i] = -m.next.Log(beta, i)
	}
	return nil
}
