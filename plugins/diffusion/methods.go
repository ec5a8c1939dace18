package diffusion

import (
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/method"
	"github.com/sampan-mc/sampan/plugins/diffusion/paths"
	"github.com/sampan-mc/sampan/plugins/diffusion/regress"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
)

// diffusions are the samplers of packages regress and paths: those whose way back is a known process, and bridges.
func diffusions() []method.Method {
	return append([]method.Method{
		diffusion("pis", "path integral sampler: Brownian motion from a point, with a learned drift"),
		diffusion("dis", "time-reversed diffusion sampler: the noising of a diffusion model, undone"),
		diffusion("dds", "denoising diffusion sampler: the Ornstein-Uhlenbeck process, undone"),
	}, bridges()...)
}

// regression is the loss that needs no paths, but a pilot.
const regression = "regression"

// options of a diffusion.
type options struct {
	Start      string  `json:"start" doc:"pilot, trained on the draws of a short tempered run, or scratch"`
	Std        string  `json:"std" doc:"standard deviations of the steps: learned or fixed"`
	Loss       string  `json:"loss" doc:"regression, on the pilot's draws; or of whole paths: log-variance, vargrad, trajectory-balance, kl, kl-log-derivative, bsde, adjoint-sampling. Empty: regression with a pilot and learned std, else log-variance"`
	Form       string  `json:"form" doc:"of dis: kernel, whose weights are exact, or continuous, as in the papers"`
	Steps      int     `json:"steps" doc:"of the path"`
	Noise      string  `json:"noise" doc:"schedule of the reference: constant, or falling towards the target, linear, cosine or vp. Empty: of pis constant, of dis vp, of dds its own"`
	Grid       string  `json:"grid" doc:"their times: uniform, refined (finer towards the target) or geometric (finer still); empty: by the loss, and uniform with noise"`
	Frame      string  `json:"frame" doc:"coordinates, found by the pilot: product, along whose axes the target is one, if there are such, else white; white, of unit covariance; scale, the target's own. Of whole paths also reference, that of the reference"`
	Net        string  `json:"net" doc:"mlp, perdim, perdim+mlp, ridge+mlp or potential; empty: by the loss and the dimension"`
	Width      int     `json:"width" doc:"of the net; 0: by the dimension"`
	TrainSteps int     `json:"train_steps" doc:"of the optimiser; 0: by the loss"`
	Batch      int     `json:"batch" doc:"samples of a training step, or paths; 0: by the loss"`
	Explore    float64 `json:"explore" doc:"of losses that take paths as given: what multiplies the noise of the paths that are trained on, at first; it falls to 1 by the middle"`
	Home       float64 `json:"home" doc:"of the same, with a pilot: the part of the paths that is drawn the way back from its draws"`
	Refresh    int     `json:"refresh" doc:"of regression: rounds on draws of the model's own, after the one on the pilot's"`
	Polish     int     `json:"polish" doc:"of regression: steps of Gauss-Newton on the weights of whole paths, at the end"`
}

var defaults = options{
	Start: paths.Pilot, Std: paths.Learned, Form: paths.Kernel, Steps: 128, Frame: regress.Frames[0], Explore: 1, Refresh: regress.DefaultRefresh,
}

func diffusion(name, summary string) method.Method {
	return method.Method{Name: name, Summary: summary, Keys: defaults, New: func(p method.Problem) (smc.Transport, error) {
		o := defaults
		if err := p.Decode(&o); err != nil {
			return nil, err
		}
		plan, err := o.plan(name)
		if err != nil {
			return nil, err
		}
		if !p.Target.Info().Can.Has(targets.Grad) {
			return nil, fmt.Errorf("method %s needs the gradient of the target, which %s does not give", name, p.Target.Info().Name)
		}
		return learn.New(plan, learn.Problem{Target: p.Target, Dim: p.Dim, Workers: runtime.GOMAXPROCS(0), Mean: p.Mean, Scale: p.Scale}), nil
	}}
}

// plan is the training that the options ask for.
func (o options) plan(name string) (learn.Plan, error) {
	if o.Loss == "" && o.Start == paths.Pilot && o.Std == paths.Learned {
		o.Loss = regression
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Loss == regression {
		return regress.Options{
			Method: name, Std: o.Std == paths.Learned, Steps: o.Steps, Noise: o.Noise, Grid: o.Grid, Frame: o.Frame, Net: o.Net, Width: o.Width,
			TrainSteps: o.TrainSteps, Batch: o.Batch, Refresh: o.Refresh, Polish: o.Polish,
		}.Plan(), nil
	}
	return paths.New(paths.Options{
		Method: name, Loss: o.Loss, Form: o.Form, Std: o.Std, Start: o.Start, Steps: o.Steps, Noise: o.Noise, Grid: o.Grid, Frame: o.Frame, Net: o.Net, Width: o.Width,
		TrainSteps: o.TrainSteps, Batch: o.Batch, Explore: o.Explore, Home: o.Home,
	})
}

// check reports values that are not accepted. What of a loss of whole paths fits what is for package paths to say.
func (o options) check() error {
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
	one("start", o.Start, paths.Pilot, paths.Scratch)
	one("std", o.Std, paths.Learned, paths.Fixed)
	one("loss", o.Loss, append([]string{"", regression}, paths.Losses...)...)
	one("form", o.Form, paths.Kernel, paths.Continuous)
	one("noise", o.Noise, append([]string{""}, chain.Schedules...)...)
	one("grid", o.Grid, append([]string{""}, paths.Grids...)...)
	frames := paths.Frames
	if o.Loss == regression {
		frames = regress.Frames
	}
	one("frame", o.Frame, frames...)
	one("net", o.Net, append([]string{""}, control.Kinds...)...)
	hold(o.Steps >= 1 && o.Steps <= 1<<16, "steps", o.Steps, "1 to 65536")
	hold(o.Width >= 0 && o.Width <= 1<<12, "width", o.Width, "0 to 4096")
	hold(o.TrainSteps >= 0, "train_steps", o.TrainSteps, "0 or more")
	hold(o.Explore >= 1, "explore", o.Explore, "1 or more")
	hold(o.Batch >= 0 && o.Batch%learn.Lanes == 0, "batch", o.Batch, fmt.Sprintf("0 or a multiple of %d", learn.Lanes))
	if o.Loss == regression {
		hold(o.Start == paths.Pilot, "start", fmt.Sprintf("%q with loss %q, which is on a pilot's draws", o.Start, o.Loss), fmt.Sprintf("%q", paths.Pilot))
		hold(o.Form == paths.Kernel, "form", fmt.Sprintf("%q with loss %q", o.Form, o.Loss), fmt.Sprintf("%q", paths.Kernel))
		hold(o.Noise == "" || o.Grid != "geometric", "noise", fmt.Sprintf("%q with grid %q, whose steps go by the noise that is left, whatever it is", o.Noise, o.Grid), "with other grids")
		hold(o.Refresh >= 0 && o.Refresh <= 16, "refresh", o.Refresh, "0 to 16")
		hold(o.Polish >= 0, "polish", o.Polish, "0 or more")
		const given = "with a loss of whole paths that takes them as given"
		hold(o.Explore == defaults.Explore, "explore", fmt.Sprintf("%g with loss %q", o.Explore, o.Loss), given)
		hold(o.Home == 0, "home", fmt.Sprintf("%g with loss %q", o.Home, o.Loss), given)
	} else {
		const alone = "with loss \"regression\" alone"
		hold(o.Refresh == defaults.Refresh, "refresh", o.Refresh, alone)
		hold(o.Polish == 0, "polish", o.Polish, alone)
	}
	if len(faults) > 0 {
		return faults
	}
	return nil
}
