package learn

import (
	"context"

	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
)

// Lanes is the number of particles of a tile, everywhere.
const Lanes = 64

// Problem is what a plan is made for.
type Problem struct {
	Target  targets.Density // on the unconstrained scale
	Dim     int
	Workers int
	Key     rng.Key // of the training; its streams differ by purpose
	Steps   int     // at most so many steps of training; 0: as many as the method likes
	// Mean and Scale of the reference that a training without a pilot starts from.
	Mean, Scale []float64
}

// Plan is a method with its configuration.
type Plan interface {
	// Name is the method's.
	Name() string
	// Prepare makes the state that the training starts from, out of the pilot's populations; nil: from scratch. It may
	// evaluate the target.
	Prepare(ctx context.Context, p *Problem, pilot []smc.Level) (*State, error)
	// Build makes the program for a state. It evaluates nothing and depends on p, the configuration and the state alone.
	Build(p *Problem, s *State) (*Program, error)
}

// State is numbers: what Prepare found, and what phases change of it.
type State struct {
	Frame *space.Frame
	// Facts are named vectors: pilot points, scores, scales. A method may replace them from phase to phase.
	Facts map[string][]float32
}

// Program is a training made ready.
type Program struct {
	Layout *nn.Layout
	Params *nn.Params[float32] // what is trained, at its start
	Phases []Phase
	// Average is the parameters that are served: an average of the trained ones, or they themselves. It is called after the
	// last step, and wherever a report wants to know how good they are.
	Average func() []float32
	// Serve makes the path for parameters, of which it keeps a copy.
	Serve func(theta []float32) (Path, error)
	// Warnings says, after the last step, what may be wrong with what was learned; nil: nothing is known to be.
	Warnings func(ctx context.Context) ([]string, error)
}

// Phase is a stretch of training.
type Phase struct {
	Name  string
	Steps int
	// Start is called before its first step, and may change the state, which is then saved; nil: nothing to do.
	Start func(ctx context.Context) error
	// Step makes step i of the phase and returns its loss.
	Step func(ctx context.Context, i int) (loss float64, err error)
	// Keeps lists the vectors that its steps change, beside the parameters, by name; they are written and read in place.
	Keeps map[string][]float32
	// Counts likewise lists counters.
	Counts map[string]*int
}

// Path is a trained way from a normal to the target, in the coordinates of a frame. Its methods may be called from several
// goroutines at once.
type Path interface {
	Info() smc.TransportInfo
	// Scale is s of the start N(0, s² I). Forgets tells that the states there are not looked at: the path starts at a point.
	Scale() float64
	Forgets() bool
	Cuts() []smc.Cut
	// Move takes the n particles y, n×d row-major, over segment k in place, slot first+i the i-th, and sets ratio.
	Move(ctx context.Context, k int, y, ratio []float64, key rng.Key, first uint32) error
}

// Returns is a Path that also goes back: see smc.Backward.
type Returns interface {
	Path
	Return(ctx context.Context, k int, y, ratio []float64, key rng.Key, first uint32) error
}

// Starts is a Path whose start may be N(mean, diag std²), learned, instead of N(0, s² I); both nil: it is not.
type Starts interface {
	Path
	Start() (mean, std []float64)
}

// Recut is a Path that can be cut elsewhere.
type Recut interface {
	Path
	SetCuts(n int) error
}

// Finer is a Path that is discretised, and known with steps of half the length too.
type Finer interface {
	Path
	Finer() Path
}

// Pool is the workers that a step spreads over.
func (p *Problem) Pool() *par.Pool { return par.NewPool(max(p.Workers, 1)) }

// Stream is the key of one purpose of the training.
func (p *Problem) Stream(purpose string) rng.Key {
	return rng.NewKey(p.Key.Uint64(), "diffusion/"+purpose, 0)
}

// Share cuts the steps that the phases would like down to the budget, in proportion, but for those of nought.
func (p *Problem) Share(like ...int) []int {
	total := 0
	for _, n := range like {
		total += n
	}
	if p.Steps == 0 || p.Steps >= total {
		return like
	}
	out, sum, before := make([]int, len(like)), 0, 0
	for i, n := range like {
		sum += n
		upTo := p.Steps * sum / total
		out[i], before = upTo-before, upTo
	}
	return out
}
