package smc

import (
	"context"

	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// What a Transport may do beyond moving particles. Each is found by type assertion.

// OwnDensity is a Transport that knows its own log γ_k wherever it declares CutOwn: LogP, and Grad if it is wanted and
// known, at any point, so that the engine may move there.
type OwnDensity interface {
	Transport
	LogOwn(ctx context.Context, cut int, b *targets.Batch) error
	OwnGradient() bool // Grad can be had too
	// OwnOfTarget tells that LogOwn evaluates the target, at the points that it is given and nowhere else: they count as
	// evaluations of the target.
	OwnOfTarget() bool
}

// Backward is a Transport that also runs from the end of a segment to its start: it draws x ~ B_k(· | y), in at cut k and
// out at cut k−1, and fills logRatio with the same r_k(x, y) that Segment gives for the pair. Exact draws of the target
// sent back in this way give upper bounds of log Z and the forward effective sample size.
type Backward interface {
	Transport
	Backward(ctx context.Context, k int, in, out *Particles, logRatio []float64, status []targets.Status, key rng.Key) error
}

// CutSetter is a Transport whose path can be cut elsewhere after training: into n segments, or as near as it can.
type CutSetter interface {
	Transport
	SetCuts(n int) error
}

// Learner is a Transport that learns.
type Learner interface {
	Transport
	// Train learns until the budget of t is spent, t.Ask says stop, or ctx ends. The same Training gives the same bytes,
	// and so does one that was interrupted and resumed from any of its checkpoints.
	Train(ctx context.Context, t *Training) (*Learned, error)
	// Save gives the artefact: small files by name, parameters as safetensors. Load takes it back, whole.
	Save() ([]File, error)
	Load(files []File) error
}

// File is a part of an artefact.
type File struct {
	Name string // a plain name, no folders
	Data []byte
}

// Level is one population of a tempered pilot run: weighted draws of γ_β.
type Level struct {
	Beta              float64
	N, D              int
	X                 []float64 // N×D
	LogRef, LogTarget []float64 // N
	LogW              []float64 // N, up to a constant; nil: equal
	LogZ              float64   // estimate of log Z_β
}

// Training is an order to learn.
type Training struct {
	Key            rng.Key
	Pilot          []Level // β from 0 to 1; empty: from scratch
	MaxSteps       int     // of the optimiser; 0: the method's own number
	MaxEvaluations int64   // points of the target, density or gradient; 0: no limit
	Resume         []byte  // a checkpoint of its own; nil: from the start
	// Report is told how it goes, a few times a second at most; nil: nobody asks.
	Report func(TrainReport)
	// Ask is called between steps: is a checkpoint wanted, and is it time to stop? nil: never.
	Ask func() (checkpoint, stop bool)
	// Checkpoint takes what Ask wanted: everything that a resumed training needs, to the same bytes.
	Checkpoint func(state []byte) error
}

// Evaluating is the phase of a training that stops to see how good it is, until the next report.
const Evaluating = "evaluate"

// TrainReport says where a training stands.
type TrainReport struct {
	Phase   string // "match", "polish", …; Evaluating
	Step    int    // of all phases together
	Of      int
	Loss    float64
	Metrics map[string]float64 // "ess", "log_z", "log_z_lower", "log_z_upper", as they are known
}

// Learned says how a training ended.
type Learned struct {
	Steps        int
	Used         Evals // of the target, from the start of the training, whatever was resumed
	StoppedEarly bool
	Reason       string // why, if so
	Warnings     []string
}
