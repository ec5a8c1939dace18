package paths

import (
	"fmt"
	"slices"
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
	Grid   string  // one of Grids; "": of pis, dis and the bridge with drift Noising geometric, of dds its own, else uniform
	Sizes  string  // of Langevin steps: one of Sizes; "": the first
	Time   float64 // Σ of these, in a frame of unit scale: half the variance that their noise adds up to; 0: 0.5

	Steps      int     // K; 0: 128
	Net        string  // one of control.Kinds; "": "perdim+mlp"
	Width      int     // of the net; 0: 64
	Rate       float64 // of Adam; 0: 5e-3 from scratch, 5e-4 from a pilot
	TrainSteps int     // by the loss; 0: 3000 from scratch, 400 from a pilot
	Batch      int     // paths of a step; 0: 512
	MatchSteps int     // with Pilot, steps of regression before; 0: 2500, below: none
	MatchRate  float64 // of these; 0: 5e-3

	Explore float64 // what multiplies the noise of training paths at first; 0: 1
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
	Sizes   = []string{"cosine", "linear", "constant"}
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
		{&o.Start, "start", []string{Scratch, Pilot}}, {&o.Drift, "drift", Drifts}, {&o.Frame, "frame", Frames}, {&o.Sizes, "sizes", Sizes},
	} {
		if *d.value == "" {
			*d.value = d.accepted[0]
		}
		if !slices.Contains(d.accepted, *d.value) {
			return nil, fmt.Errorf("%s: found %q; accepted: %q", d.name, *d.value, d.accepted)
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
	number(&o.MatchSteps, 2500)
	number(&o.Cuts, 8)
	steps, rate := 3000, 5e-3
	if o.Start == Pilot && o.Loss != AdjointSampling && !o.annealed() {
		steps, rate = 400, 5e-4
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
	if o.Grid == "" && o.Method != "dds" {
		o.Grid = "geometric"
		if o.annealed() || o.Form == Continuous {
			o.Grid = "uniform"
		}
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
		return fmt.Errorf("form: found %q for method %s; accepted: %q, but for dis", o.Form, o.Method, Kernel)
	case o.Form == Continuous && o.Std == Learned:
		return fmt.Errorf("std: found %q with form %q, whose noise is given; accepted: %q", o.Std, o.Form, Fixed)
	case free && !o.annealed():
		return fmt.Errorf("what is learned beside the control: found a schedule, step sizes or a prior for method %s; accepted: for ula, mcd, cmcd, and bridge with drift %q or %q", o.Method, Score, None)
	case o.LearnSchedule && !tempered:
		return fmt.Errorf("schedule: found one to learn for a path without temperatures; accepted: for ula, mcd, cmcd, and bridge with drift %q", Score)
	case o.Loss == SubTB && !tempered:
		return fmt.Errorf("loss: found %q for method %s; accepted: for ula, mcd, cmcd, and bridge with drift %q, which know densities on the way", o.Loss, o.Method, Score)
	case o.Loss == SubTB && (o.LearnSchedule || o.LearnPrior):
		return fmt.Errorf("loss: found %q with a schedule or a prior to learn, which would move the densities it compares; accepted: without", o.Loss)
	case o.Loss == AdjointSampling && (o.Method != "pis" || o.Std == Learned):
		return fmt.Errorf("loss: found %q for method %s with std %q; accepted: for pis with std %q", o.Loss, o.Method, o.Std, Fixed)
	case o.Method == "ula" && !free:
		return fmt.Errorf("method: found ula with nothing to learn; accepted: with a schedule, step sizes or a prior to learn, or as the method annealed")
	case o.Home < 0 || o.Home > 1 || o.Home > 0 && (o.Start != Pilot || slices.Contains([]string{KL, LogDerivative, AdjointSampling}, o.Loss)):
		return fmt.Errorf("home: found %g with start %q and loss %q; accepted: 0, or up to 1 with start %q and a loss that takes paths as given", o.Home, o.Start, o.Loss, Pilot)
	case o.Time <= 0:
		return fmt.Errorf("time: found %g; accepted: above 0", o.Time)
	case o.Batch%64 != 0 || o.Batch < 0:
		return fmt.Errorf("batch: found %d; accepted: a multiple of 64", o.Batch)
	case o.Steps < 1 || o.TrainSteps < 0 || o.Width < 1:
		return fmt.Errorf("steps: found %d, %d of training, width %d; accepted: 1 or more, 0 or more, 1 or more", o.Steps, o.TrainSteps, o.Width)
	case o.Grid != "" && !slices.Contains(Grids, o.Grid):
		return fmt.Errorf("grid: found %q; accepted: %q", o.Grid, Grids)
	}
	return nil
}
