package scld

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"

	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/method"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/nn"
)

// Options are the keys of the methods scld and craft.
type Options struct {
	Start      string `json:"start" doc:"pilot: coordinates in which the reference has the mean and covariance of a short tempered run; or scratch"`
	Std        string `json:"std" doc:"standard deviations of the steps: learned or fixed"`
	Loss       string `json:"loss" doc:"of each block: log-variance, trajectory-balance or kl"`
	Schedule   string `json:"schedule" doc:"temperatures and step sizes: surveyed before training, or learned from there on"`
	Steps      int    `json:"steps" doc:"of the path"`
	Blocks     int    `json:"blocks" doc:"that the path is cut into, all of as many steps"`
	Buffer     string `json:"buffer" doc:"prioritised: half of the paths of a training step are earlier ones, heavier ones sooner; or none. kl has none"`
	Moves      int    `json:"moves" doc:"Hamiltonian trajectories between blocks, in training"`
	Net        string `json:"net" doc:"mlp, perdim, perdim+mlp, ridge+mlp or potential"`
	Width      int    `json:"width" doc:"of the net"`
	TrainSteps int    `json:"train_steps" doc:"of the optimiser; 0: by the dimension"`
	Batch      int    `json:"batch" doc:"particles in training; 0: by the dimension"`
}

// The values of options.
const (
	FromPilot   = "pilot"
	FromScratch = "scratch"
	Learned     = "learned"
	Fixed       = "fixed"
	Surveyed    = "surveyed"
	Prioritised = "prioritised"
	None        = "none"
)

var scld = Options{
	Start: FromPilot, Std: Learned, Loss: LogVariance, Schedule: Surveyed, Steps: 64, Blocks: 8, Buffer: Prioritised, Moves: 1,
	Net: "mlp", Width: 64,
}

// Methods are scld and craft.
func Methods() []method.Method {
	craft := scld
	craft.Loss, craft.Buffer = KL, None
	return []method.Method{
		scld.method("scld", "sequential controlled Langevin diffusions: annealed bridges trained block by block inside sequential Monte Carlo"),
		craft.method("craft", "the same blocks, trained as in continual repeated annealed flow transport"),
	}
}

func (o Options) method(name, summary string) method.Method {
	return method.Method{Name: name, Summary: summary, Keys: o, New: func(p method.Problem) (smc.Transport, error) {
		o := o
		if err := p.Decode(&o); err != nil {
			return nil, err
		}
		plan, err := o.Plan(name)
		if err != nil {
			return nil, err
		}
		if !p.Target.Info().Can.Has(targets.Grad) {
			return nil, fmt.Errorf("method %s needs the gradient of the target, which %s does not give", name, p.Target.Info().Name)
		}
		return learn.New(plan, learn.Problem{Target: p.Target, Dim: p.Dim, Workers: runtime.GOMAXPROCS(0), Mean: p.Mean, Scale: p.Scale}), nil
	}}
}

const (
	bufferBytes     = 64 << 20 // of the buffers of all blocks together
	activationBytes = 64 << 20
	rate            = 3e-3
	stretch         = 0.3
)

// Plan is the training that the options ask for.
func (o Options) Plan(name string) (*Plan, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	p := &Plan{
		Method: name, Scratch: o.Start == FromScratch, Std: o.Std == Learned, Free: o.Schedule == Learned, K: o.Steps, Blocks: o.Blocks,
		Loss: o.Loss, Moves: o.Moves, Stretch: stretch, Batch: o.Batch, Steps: o.TrainSteps, Rate: rate, Cap: activationBytes,
		Arch: control.Arch{Kind: o.Net, Width: o.Width, Depth: 2, Act: nn.GELU, Small: 32},
	}
	if o.Buffer == Prioritised {
		p.Memory = bufferBytes
	}
	return p, nil
}

// check reports values that are not accepted.
func (o Options) check() error {
	var faults targets.ConfigErrors
	hold := func(ok bool, path string, found any, accepted string) {
		if !ok {
			faults = append(faults, &targets.ConfigError{Path: path, Found: fmt.Sprint(found), Accepted: accepted})
		}
	}
	one := func(path, found string, accepted ...string) {
		quoted := make([]string, len(accepted))
		for i, a := range accepted {
			quoted[i] = fmt.Sprintf("%q", a)
		}
		hold(slices.Contains(accepted, found), path, fmt.Sprintf("%q", found), strings.Join(quoted, ", "))
	}
	one("start", o.Start, FromPilot, FromScratch)
	one("std", o.Std, Learned, Fixed)
	one("loss", o.Loss, LogVariance, Balance, KL)
	one("schedule", o.Schedule, Surveyed, Learned)
	one("buffer", o.Buffer, Prioritised, None)
	one("net", o.Net, control.Kinds...)
	hold(o.Steps >= 1 && o.Steps <= 1<<16, "steps", o.Steps, "1 to 65536")
	hold(o.Blocks >= 1 && o.Steps%max(o.Blocks, 1) == 0, "blocks", o.Blocks, fmt.Sprintf("a divisor of steps, %d", o.Steps))
	hold(o.Moves >= 0, "moves", o.Moves, "0 or more")
	hold(o.Width >= 1 && o.Width <= 1<<12, "width", o.Width, "1 to 4096")
	hold(o.TrainSteps >= 0, "train_steps", o.TrainSteps, "0 or more")
	hold(o.Batch >= 0 && o.Batch%learn.Lanes == 0, "batch", o.Batch, fmt.Sprintf("0 or a multiple of %d", learn.Lanes))
	hold(o.Loss != KL || o.Buffer == None, "buffer", fmt.Sprintf("%q with loss %q, which is of fresh paths", o.Buffer, o.Loss), fmt.Sprintf("%q", None))
	if len(faults) > 0 {
		return faults
	}
	return nil
}

const (
	some = 32  // dimensions, beyond which the control learns at a lower rate
	many = 512 // dimensions, beyond which a step of training is costly
)

// sized is the plan with what goes by the dimension.
func (p *Plan) sized(d int) *Plan {
	q := *p
	batch, steps := 256, 1000
	switch {
	case d > many:
		batch, steps = 64, 100
	case d > some:
		steps = 500
	}
	if q.Batch == 0 {
		q.Batch = batch
	}
	if q.Steps == 0 {
		q.Steps = steps
	}
	if d > some { // a log weight is a sum over all coordinates
		q.Rate *= math.Sqrt(some / float64(d))
	}
	return &q
}
