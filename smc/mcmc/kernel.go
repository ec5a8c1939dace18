package mcmc

import (
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/vec/rng"
)

// Kind names a Markov kernel.
type Kind uint8

// The kernels.
const (
	RWM Kind = iota
	MALA
	HMC
)

var kindNames = [...]string{"rwm", "mala", "hmc"}

// ParseKind is the kernel of this name: rwm, mala or hmc.
func ParseKind(name string) (Kind, error) {
	for i, n := range kindNames {
		if n == name {
			return Kind(i), nil
		}
	}
	return 0, fmt.Errorf("unknown kernel %q; accepted: rwm, mala, hmc", name)
}

// String is the kernel's name as ParseKind takes it.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kernel %d", uint8(k))
}

// NeedsGradient reports whether the kernel uses the gradient of the log density.
func (k Kind) NeedsGradient() bool { return k != RWM }

// TargetAccept is the acceptance probability that tuning aims at if nothing else is said: 0.234 for the random walk
// (Roberts, Gelman and Gilks 1997), 0.574 for Langevin (Roberts and Rosenthal 1998), 0.8 for HMC (Stan's).
func (k Kind) TargetAccept() float64 { return [...]float64{0.234, 0.574, 0.8}[k] }

// firstStep is the step size to start tuning from in dimension d, for scales that are about right.
func (k Kind) firstStep(d int) float64 {
	if k == RWM {
		return 2.38 / math.Sqrt(float64(d))
	}
	return math.Pow(float64(d), -0.25)
}

// Kernel is what does not change while a population moves.
type Kernel struct {
	Kind      Kind
	Leapfrogs int     // steps a trajectory; HMC only
	Jitter    float64 // in [0, 1): the steps of each trajectory are uniform on (1±Jitter)·Leapfrogs; HMC only
}

// Validate reports what is wrong with k.
func (k Kernel) Validate() error {
	switch {
	case k.Kind > HMC:
		return fmt.Errorf("kernel: %v found; accepted: rwm, mala, hmc", k.Kind)
	case k.Kind == HMC && k.Leapfrogs < 1:
		return fmt.Errorf("leapfrogs: %d found; accepted: 1 or more", k.Leapfrogs)
	case k.Kind == HMC && !(k.Jitter >= 0 && k.Jitter < 1):
		return fmt.Errorf("jitter: %v found; accepted: 0 up to, not including, 1", k.Jitter)
	}
	return nil
}

// steps is the number of leapfrog steps of the trajectory at (stage, inner), the same for the whole population, stretch
// times as many as usual.
func (k Kernel) steps(length rng.Key, stretch int, stage, inner uint32) int {
	k.Leapfrogs *= max(stretch, 1)
	if k.Kind != HMC {
		return 1
	}
	if k.Jitter == 0 {
		return k.Leapfrogs
	}
	l := float64(k.Leapfrogs)
	lo := max(1, int(math.Ceil((1-k.Jitter)*l)))
	hi := int(math.Floor((1 + k.Jitter) * l))
	return lo + int(length.Uniform(0, stage, inner)*float64(hi-lo+1))
}

// Tuning is what adaptation sets: proposals are made in coordinates u with x = Scale∘(L u).
type Tuning struct {
	Step  float64   // ε
	Scale []float64 // d: standard deviations
	// Factor is L, lower triangular with LLᵀ about the correlation matrix, its rows one after another without the zeros:
	// d(d+1)/2 numbers. Nil is the identity, and much the cheaper: an L costs d² multiplications a leapfrog.
	Factor []float64
	// Stretch is how many times as many leapfrogs HMC's trajectories have; 0 is once. It is for single moves, and no part of
	// snapshots.
	Stretch int
}

// Finer is the tuning of moves whose steps are a part of those of t, 1/shorter, in trajectories stretched as said.
func (t Tuning) Finer(shorter, stretch int) Tuning {
	t.Step /= float64(shorter)
	t.Stretch = stretch
	return t
}

// FirstTuning is where tuning starts: unit scales and a step for them.
func FirstTuning(k Kind, d int) Tuning {
	t := Tuning{Step: k.firstStep(d), Scale: make([]float64, d)}
	for j := range t.Scale {
		t.Scale[j] = 1
	}
	return t
}

// Streams are the random numbers of one population's moves.
type Streams struct {
	Proposal, Accept, Length rng.Key
}

// NewStreams derives the streams of (seed, purpose, island).
func NewStreams(seed uint64, purpose string, island int) Streams {
	return Streams{
		Proposal: rng.NewKey(seed, purpose+"/proposal", island),
		Accept:   rng.NewKey(seed, purpose+"/accept", island),
		Length:   rng.NewKey(seed, purpose+"/length", island),
	}
}
