package bridge

import (
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/method"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
)

// Options say what is trained, and how it is served. Where it says so, zero values are defaults.
type Options struct {
	Serve string `json:"serve" doc:"sde, steps whose weights are exact, or ode, a flow, whose weights are as exact as its steps are short"`
	Std   string `json:"std" doc:"standard deviations of the steps: learned or fixed"`
	Steps int    `json:"steps" doc:"of the path; 0: 128 of sde, 30 of ode"`
	Frame string `json:"frame" doc:"coordinates, found by the pilot: white, of unit covariance; product, along whose axes the target is one, if there are such; scale, the target's own"`

	Sigma     float64 `json:"sigma" doc:"noise of the bridges, in the frame, where the target has about unit scale"`
	Reference float64 `json:"start_std" doc:"standard deviation of the start, in the frame"`

	Width      int `json:"width" doc:"of the net; 0: by what is served and the dimension"`
	Depth      int `json:"depth" doc:"hidden layers of the net; 0: likewise"`
	TrainSteps int `json:"train_steps" doc:"of the optimiser; 0: by the net"`
	Batch      int `json:"batch" doc:"samples of a training step"`
	Refresh    int `json:"refresh" doc:"rounds of training on draws of the model's own, after the one on the pilot's"`
}

// Defaults of a method's options.
var Defaults = Options{Serve: SDE, Std: learned, Frame: White, Sigma: 1, Reference: 1, Batch: 512, Refresh: 2}

const (
	learned = "learned"
	fixed   = "fixed"
)

// Method is bridge matching.
var Method = method.Method{
	Name: "match", Summary: "bridge matching: drifts of a bridge to a pilot's draws, and of its way back, or its flow", Keys: Defaults, New: newMethod,
}

func newMethod(p method.Problem) (smc.Transport, error) {
	o := Defaults
	if err := p.Decode(&o); err != nil {
		return nil, err
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	if !p.Target.Info().Can.Has(targets.Grad) {
		return nil, fmt.Errorf("method match needs the gradient of the target, which %s does not give", p.Target.Info().Name)
	}
	return learn.New(o.Plan(p.Dim), learn.Problem{Target: p.Target, Dim: p.Dim, Workers: runtime.GOMAXPROCS(0)}), nil
}

func (o Options) check() error {
	var faults targets.ConfigErrors
	hold := func(ok bool, path string, found any, accepted string) {
		if !ok {
			faults = append(faults, &targets.ConfigError{Path: path, Found: fmt.Sprint(found), Accepted: accepted})
		}
	}
	one := func(path, found string, accepted ...string) {
		hold(slices.Contains(accepted, found), path, fmt.Sprintf("%q", found), `"`+strings.Join(accepted, `", "`)+`"`)
	}
	one("serve", o.Serve, SDE, ODE)
	one("std", o.Std, learned, fixed)
	one("frame", o.Frame, White, Product, Scale)
	hold(o.Steps >= 0 && o.Steps <= 1<<16, "steps", o.Steps, "0 to 65536")
	hold(o.Sigma > 0 && o.Sigma <= 100, "sigma", o.Sigma, "a number above 0, 100 at most")
	hold(o.Reference > 0 && o.Reference <= 100, "start_std", o.Reference, "a number above 0, 100 at most")
	hold(o.Width >= 0 && o.Width <= 1<<12, "width", o.Width, "0 to 4096")
	hold(o.Depth >= 0 && o.Depth <= 16, "depth", o.Depth, "0 to 16")
	hold(o.TrainSteps >= 0, "train_steps", o.TrainSteps, "0 or more")
	hold(o.Batch > 0 && o.Batch%learn.Lanes == 0, "batch", o.Batch, fmt.Sprintf("a multiple of %d", learn.Lanes))
	hold(o.Refresh >= 0 && o.Refresh <= 16, "refresh", o.Refresh, "0 to 16")
	if len(faults) > 0 {
		return faults
	}
	return nil
}

// fewDims is up to where the divergence of a deep net is cheap.
const fewDims = 16

// Plan makes the plan for a target of d dimensions.
func (o Options) Plan(d int) *Plan {
	width, depth, steps, train := 128, 3, 128, trainSteps
	if o.Serve == ODE {
		steps = 30
		if d > fewDims { // of two layers the divergence costs the same in any dimension
			width, depth, train = 256, 2, trainSteps/2
		}
	}
	number(&o.Steps, steps)
	number(&o.Width, width)
	number(&o.Depth, depth)
	number(&o.TrainSteps, train)
	p := &Plan{
		Serve: o.Serve, Frame: o.Frame, Reference: o.Reference, Sigma: o.Sigma, Steps: o.Steps, Spread: o.Std == learned && o.Serve == SDE,
		Harmonics: harmonics, Train: o.TrainSteps, Batch: o.Batch, Rate: rate, Refresh: o.Refresh, Own: ownDraws,
	}
	for range o.Depth {
		p.Hidden = append(p.Hidden, o.Width)
	}
	return p
}

// What a training does where it is not told.
const (
	trainSteps = 20_000
	rate       = 1e-2
	harmonics  = 2
	ownDraws   = 1 << 15
)

func number(v *int, otherwise int) {
	if *v == 0 {
		*v = otherwise
	}
}
