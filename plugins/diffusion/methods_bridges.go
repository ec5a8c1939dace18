package diffusion

import (
	"fmt"
	"runtime"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/method"
	"github.com/sampan-mc/sampan/plugins/diffusion/paths"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
)

// bridges are the samplers whose way back is learned, or follows from what is.
func bridges() []method.Method {
	return []method.Method{
		bridgeMethod("mcd", "Monte Carlo diffusion: annealed Langevin steps, the way back learned"),
		bridgeMethod("cmcd", "controlled Monte Carlo diffusion: annealed Langevin steps, both ways learned in one"),
		bridgeMethod("bridge", "general diffusion bridge: both ways learned, each by itself"),
	}
}

// bridgeOptions are those of a bridge.
type bridgeOptions struct {
	Start         string  `json:"start" doc:"pilot, in the coordinates of the draws of a short tempered run, or scratch"`
	Std           string  `json:"std" doc:"standard deviations of the steps: fixed or learned"`
	Loss          string  `json:"loss" doc:"log-variance, vargrad, trajectory-balance, kl, kl-log-derivative, bsde or sub-tb. Empty: kl for mcd, whose way there is given, else log-variance"`
	Drift         string  `json:"drift" doc:"of bridge, with nothing learned: noising, of a diffusion model and its reversal; score, Langevin steps along the geometric path; none"`
	Steps         int     `json:"steps" doc:"of the path"`
	Noise         string  `json:"noise" doc:"schedule of the reference, of Langevin steps their sizes: constant, or falling towards the target, linear, cosine or vp. Empty: of bridge with drift noising vp, of Langevin steps as cos²"`
	Grid          string  `json:"grid" doc:"their times: uniform, refined (finer towards the target) or geometric (finer still). Empty: geometric for bridge with drift noising and no noise, else uniform"`
	Net           string  `json:"net" doc:"mlp, perdim, perdim+mlp, ridge+mlp or potential"`
	Width         int     `json:"width" doc:"of the net"`
	TrainSteps    int     `json:"train_steps" doc:"of the optimiser; 0: by the start"`
	Batch         int     `json:"batch" doc:"paths of a training step"`
	Explore       float64 `json:"explore" doc:"of losses that take paths as given: what multiplies the noise of the paths that are trained on, at first; it falls to 1 by the middle"`
	Home          float64 `json:"home" doc:"of the same, with a pilot: the part of the paths that is drawn the way back from its draws"`
	LearnSchedule bool    `json:"learn_schedule" doc:"the temperatures are learned as well"`
	LearnSizes    bool    `json:"learn_sizes" doc:"and the step sizes"`
	LearnPrior    bool    `json:"learn_prior" doc:"and mean and standard deviation of the start"`
}

func bridgeMethod(name, summary string) method.Method {
	keys := bridgeOptions{
		Start: paths.Pilot, Std: paths.Fixed, Drift: paths.Noising, Steps: 128,
		Net: "perdim+mlp", Width: 64, Batch: 512, Explore: 1, LearnSchedule: name == "cmcd", LearnSizes: name == "cmcd",
	}
	return method.Method{Name: name, Summary: summary, Keys: keys, New: func(p method.Problem) (smc.Transport, error) {
		o := keys
		if err := p.Decode(&o); err != nil {
			return nil, err
		}
		if name != "bridge" && o.Drift != keys.Drift {
			return nil, targets.ConfigErrors{{Path: "drift", Found: fmt.Sprintf("%q for method %s", o.Drift, name), Accepted: "with bridge alone"}}
		}
		if o.Explore < 1 {
			return nil, targets.ConfigErrors{{Path: "explore", Found: fmt.Sprint(o.Explore), Accepted: "1 or more"}}
		}
		plan, err := paths.New(paths.Options{
			Method: name, Loss: o.Loss, Std: o.Std, Start: o.Start, Drift: o.Drift, Noise: o.Noise, Grid: o.Grid, Steps: o.Steps, Net: o.Net, Width: o.Width,
			TrainSteps: o.TrainSteps, Batch: o.Batch, Explore: o.Explore, Home: o.Home, LearnSchedule: o.LearnSchedule, LearnSizes: o.LearnSizes, LearnPrior: o.LearnPrior,
		})
		if err != nil {
			return nil, err
		}
		if !p.Target.Info().Can.Has(targets.Grad) {
			return nil, fmt.Errorf("method %s needs the gradient of the target, which %s does not give", name, p.Target.Info().Name)
		}
		return learn.New(plan, learn.Problem{Target: p.Target, Dim: p.Dim, Workers: runtime.GOMAXPROCS(0), Mean: p.Mean, Scale: p.Scale}), nil
	}}
}
