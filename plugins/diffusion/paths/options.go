package paths

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/targets"
)

// Options say which sampler is trained by which loss. Zero values are defaults.
type Options struct {
	Method string  // one of Methods
	Loss   string  // one of Losses; "": LogVariance, but KL for ula and mcd, whose way there cannot become what LogVariance wants
	Form   string  // of dis: Kernel or Continuous; "": Kernel
	Std    string  // Learned or Fixed standard deviations of the steps; "": Fixed
	Start  string  // Scratch or Pilot; "": Scratch
	Frame  string  // with Pilot: one of Frames; "": the first
	Drift  string  // of bridge: what its steps do with nothing learned, one of Drifts; "": Noising
	Grid   string  // one of Grids; "": of pis, dis and the bridge with drift Noising geometric, of dds its own, else uniform; and with Noise
	Noise  string  // one of chain.Schedules; "": of pis constant, of dds as cos⁴, of Langevin steps as cos², else vp
	Time   float64 // Σ of the sizes of Langevin steps, in a frame of unit scale: half the variance that their noise adds up to; 0: 0.5

	Steps      int     // K; 0: 128
	Net        string  // one of control.Kinds; "": "perdim+mlp"
	Width      int     // of the net; 0: 64
	Rate       float64 // of Adam; 0: 5e-3, or 5e-4 after a regression
	TrainSteps int     // by the loss; 0: 3000 from scratch; from a pilot 200, or 800 where no regression goes before
	Batch      int     // paths of a step; 0: 512
	MatchSteps int     // with Pilot, steps of regression before; 0: 4000, below: none
	MatchRate  float64 // of these; 0: 5e-3

	Explore float64 // what multiplies the noise of training paths at first, falling to 1 by the middle; 0: 1
	Home    float64 // with Pilot, the part of training paths that is drawn the way back from the pilot's draws
	Detach  bool    // with KL: the target's Hessian is left out of the gradient
	Cuts    int     // of SubTB: blocks; 0: 8
	Decay   float64 // of SubTB: λ; 0: 0.9

	// What else is learned, of ula, mcd, cmcd and of bridge with a drift other than Noising.
	LearnSchedule bool // the temperatures
	LearnSizes    bool // the step sizes
	LearnPrior    bool // mean and standard deviation of the start
}

// What the options accept.
const (
	LogVariance       = "log-variance"
	VarGrad           = "vargrad"
	TrajectoryBalance = "trajectory-balance"
	KL                = "kl"
	LogDerivative     = "kl-log-derivative"
	BSDE              = "bsde"
	SubTB             = "sub-tb"
	AdjointSampling   = "adjoint-sampling"

	Kernel     = "kernel"
	Continuous = "continuous"
	Learned    = "learned"
	Fixed      = "fixed"
	Scratch    = "scratch"
	Pilot      = "pilot"

	Reference = "reference" // the frame of the reference, which published figures are for

	Noising = "noising" // of DIS, and learned on top both ways
	Score   = "score"   // Langevin along the geometric path
	None    = "none"    // Brownian
)

// Accepted values.
var (
	Methods = []string{"pis", "dds", "dis", "ula", "mcd", "cmcd", "bridge"}
	Losses  = []string{LogVariance, VarGrad, TrajectoryBalance, KL, LogDerivative, BSDE, SubTB, AdjointSampling}
	Frames  = []string{"product", "white", "scale", Reference}
	Drifts  = []string{Noising, Score, None}
	Grids   = []string{"uniform", "refined", "geometric"}
)

// New makes the plan of o.
func New(o Options) (*Plan, error) {
	if o.Loss == "" && (o.Method == "ula" || o.Method == "mcd") {
		o.Loss = KL
	}
	for _, d := range []struct {
		value    *string
		name     string
		accepted []string
	}{
		{&o.Method, "method", Methods}, {&o.Loss, "loss", Losses}, {&o.Form, "form", []string{Kernel, Continuous}}, {&o.Std, "std", []string{Fixed, Learned}},
		{&o.Start, "start", []string{Scratch, Pilot}}, {&o.Drift, "drift", Drifts}, {&o.Frame, "frame", Frames},
	} {
		if *d.value == "" {
			*d.value = d.accepted[0]
		}
		if !slices.Contains(d.accepted, *d.value) {
			return nil, fault(d.name, fmt.Sprintf("%q", *d.value), quoted(d.accepted))
		}
	}
	o.numbers()
	if err := o.fit(); err != nil {
		return nil, err
	}
	p := &Plan{Options: o}
	p.method()
	return p, nil
}

// numbers fills in those that are zero.
func (o *Options) numbers() {
	number(&o.Steps, 128)
	number(&o.Width, 64)
	number(&o.Batch, 512)
	number(&o.MatchSteps, 4000)
	number(&o.Cuts, 8)
	steps, rate := 3000, 5e-3
	switch {
	case o.Start != Pilot || o.Loss == AdjointSampling:
	case o.annealed():
		steps = 800
	default:
		steps, rate = 200, 5e-4 // after the regression there is little left to do
	}
	number(&o.TrainSteps, steps)
	number(&o.Rate, rate)
	number(&o.MatchRate, 5e-3)
	number(&o.Explore, 1)
	number(&o.Time, 0.5)
	number(&o.Decay, 0.9)
	if o.Net == "" {
		o.Net = "perdim+mlp"
	}
	switch {
	case o.Grid != "":
	case o.annealed() || o.Form == Continuous || o.Noise != "":
		o.Grid = "uniform"
	case o.Method != "dds":
		o.Grid = "geometric"
	}
}

func number[T int | float64](v *T, otherwise T) {
	if *v == 0 {
		*v = otherwise
	}
}

// annealed tells whether the sampler goes by Langevin steps.
func (o *Options) annealed() bool {
	return slices.Contains([]string{"ula", "mcd", "cmcd"}, o.Method) || o.Method == "bridge" && o.Drift != Noising
}

// fit reports options that do not go together.
func (o *Options) fit() error {
	free := o.LearnSchedule || o.LearnSizes || o.LearnPrior
	tempered := o.annealed() && o.Drift != None
	switch {
	case o.Form == Continuous && o.Method != "dis":
		return fault("form", fmt.Sprintf("%q for method %s", o.Form, o.Method), quoted([]string{Kernel})+"; of dis the other too")
	case o.Form == Continuous && o.Std == Learned:
		return fault("std", fmt.Sprintf("%q with form %q, whose noise is given", o.Std, o.Form), quoted([]string{Fixed}))
	case free && !o.annealed():
		return fault(o.further(), "true for method "+o.Method, fmt.Sprintf("with ula, mcd, cmcd, and bridge with drift %q or %q", Score, None))
	case o.LearnSchedule && !tempered:
		return fault("learn_schedule", "true for a path without temperatures", fmt.Sprintf("with ula, mcd, cmcd, and bridge with drift %q", Score))
	case o.Loss == SubTB && !tempered:
		return fault("loss", fmt.Sprintf("%q for method %s", o.Loss, o.Method), fmt.Sprintf("with ula, mcd, cmcd, and bridge with drift %q, which know densities on the way", Score))
	case o.Loss == SubTB && (o.LearnSchedule || o.LearnPrior):
		return fault("loss", fmt.Sprintf("%q with a schedule or a prior to learn, which would move the densities it compares", o.Loss), "without them")
	case o.Loss == AdjointSampling && (o.Method != "pis" || o.Std == Learned):
		return fault("loss", fmt.Sprintf("%q for method %s with std %q", o.Loss, o.Method, o.Std), fmt.Sprintf("with pis and std %q", Fixed))
	case o.Method == "ula" && !free:
		return fault("method", "ula with nothing to learn", "with a schedule, step sizes or a prior to learn")
	case o.Explore < 1 || o.Explore > mostExplore || o.Explore > 1 && !o.given():
		return fault("explore", fmt.Sprintf("%g with loss %q", o.Explore, o.Loss), fmt.Sprintf("1, or up to %d with a loss that takes paths as given", mostExplore))
	case o.Home < 0 || o.Home > 1 || o.Home > 0 && (o.Start != Pilot || !o.given()):
		return fault("home", fmt.Sprintf("%g with start %q and loss %q", o.Home, o.Start, o.Loss), fmt.Sprintf("0, or up to 1 with start %q and a loss that takes paths as given", Pilot))
	case free && (o.Explore != 1 || o.Home > 0):
		return fault(o.further(), fmt.Sprintf("true with explore %g and home %g, of paths that are not the sampler's own", o.Explore, o.Home), "with explore 1 and home 0")
	case o.Time <= 0:
		return fault("time", fmt.Sprint(o.Time), "above 0")
	case o.Batch%64 != 0 || o.Batch < 0:
		return fault("batch", fmt.Sprint(o.Batch), "a multiple of 64")
	case o.Steps < 1:
		return fault("steps", fmt.Sprint(o.Steps), "1 or more")
	case o.TrainSteps < 0:
		return fault("train_steps", fmt.Sprint(o.TrainSteps), "0 or more")
	case o.Width < 1:
		return fault("width", fmt.Sprint(o.Width), "1 or more")
	case !slices.Contains(control.Kinds, o.Net):
		return fault("net", fmt.Sprintf("%q", o.Net), quoted(control.Kinds))
	case o.Grid != "" && !slices.Contains(Grids, o.Grid):
		return fault("grid", fmt.Sprintf("%q", o.Grid), quoted(Grids))
	case o.Noise != "" && !slices.Contains(chain.Schedules, o.Noise):
		return fault("noise", fmt.Sprintf("%q", o.Noise), quoted(chain.Schedules))
	case o.Noise != "" && o.Grid == "geometric" && !o.annealed():
		return fault("noise", fmt.Sprintf("%q with grid %q, whose steps go by the noise that is left, whatever it is", o.Noise, o.Grid), "with other grids")
	}
	return nil
}

// mostExplore is the largest factor of the noise: paths much wilder than the sampler's weigh next to nothing.
const mostExplore = 10

// given tells whether the loss takes paths as given, whatever has drawn them.
func (o *Options) given() bool {
	return !slices.Contains([]string{KL, LogDerivative, AdjointSampling}, o.Loss)
}

// further is the first key that has more learned than the control.
func (o *Options) further() string {
	switch {
	case o.LearnSchedule:
		return "learn_schedule"
	case o.LearnSizes:
		return "learn_sizes"
	}
	return "learn_prior"
}

func fault(path, found, accepted string) error {
	return targets.ConfigErrors{{Path: path, Found: found, Accepted: accepted}}
}

func quoted(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = fmt.Sprintf("%q", w)
	}
	return strings.Join(out, ", ")
}
