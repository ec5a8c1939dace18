package pde

import (
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/method"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/nn/pinn"
)

// Options say what is trained, and how it is served.
type Options struct {
	Serve  string  `json:"serve" doc:"ode, a flow, whose weights are as exact as its steps are short; sde, steps with noise, whose weights are exact; split, steps of the flow each followed by one of Langevin's"`
	Volume string  `json:"volume" doc:"of ode: integrated, by divergences, as exact as its steps are short, or determinant, of each step's Jacobian, exact in steps of any length; in 16 coordinates at most, for a drift with a net of its own"`
	Train  string  `json:"train" doc:"of logfp: shortcut, a solution of logce, which gives one for any noise, or plain, the equation as it stands"`
	Sigma  float64 `json:"sigma" doc:"noise of what is served with some, in the frame, where the target has about unit scale; score has its own"`
	Steps  int     `json:"steps" doc:"of the path; 0: 50 of ode, 128 of the others"`
	Frame  string  `json:"frame" doc:"coordinates, found by the pilot: product, along whose axes the target is one, if there are such, else white; white, of unit covariance; scale, the target's own"`
	Path   string  `json:"path" doc:"of densities: learned, or geometric, the means of start and target by l, which moves mass between modes from afar"`
	Power  float64 `json:"power" doc:"p of l = t^p, the share of the target along the path"`

	Interpolation string  `json:"interpolation" doc:"shares of target and start along the path: power, t^p and 1 - t^p, or circular, sine and cosine of half pi t"`
	Reference     float64 `json:"start_std" doc:"standard deviation of the start, in the frame"`
	Shape         float64 `json:"start_shape" doc:"beta of the start, in each coordinate exp(-|y/s|^beta): 2 is the normal, 4 has the tails of a quartic"`
	Points        string  `json:"points" doc:"that are trained on, one or more joined by +: pilot, its populations; between, starts and its draws of the target; flow, where the drift goes; cone and box, uniform between sides that go from the start's to the target's, or hold both"`

	Begin      string `json:"begin" doc:"of the training of logce: residuals, at once, or matched, with V and the drift fitted to a bridge's before, along which modes travel; best with power 5 and points between+flow"`
	Net        string `json:"net" doc:"ridge+mlp, sums along learned directions and a perceptron; ridge, the former alone; mlp, the latter"`
	Symmetry   string `json:"symmetry" doc:"that nets have: none, or even, V(-x) = V(x), of a target that is so in the coordinates that samplers work in, at twice the work"`
	Width      int    `json:"width" doc:"of the perceptron"`
	Directions int    `json:"directions" doc:"of the net; 0: by the dimension, and begun along the axes of a product, if the frame or, from 17 coordinates, the pilot shows one"`
	TrainSteps int    `json:"train_steps" doc:"0: 500 of spring, 1500 of it with net mlp, 4000 of adam"`
	Batch      int    `json:"batch" doc:"points of a training step"`
	Optimiser  string `json:"optimiser" doc:"spring, Gauss-Newton on the residuals of a batch, or adam"`
	Divergence string `json:"divergence" doc:"of the drift's net, in training: exact, or hutchinson, along two random directions a point; of adam"`
}

// What logFP is trained by.
const (
	shortcut = "shortcut"
	plain    = "plain"
)

// How residuals are made to fall, and divergences found.
const (
	springs    = "spring"
	adam       = "adam"
	exactly    = "exact"
	hutchinson = "hutchinson"

	integrated  = "integrated"
	determinant = "determinant"
)

// What a training begins with.
const (
	residuals = "residuals"
	matched   = "matched"
)

// The paths.
const (
	learned   = "learned"
	geometric = "geometric"
)

// The interpolations.
const (
	power    = "power"
	circular = "circular"
)

// The methods' names.
const (
	LogCE = "logce"
	LogFP = "logfp"
	OT    = "ot"
	SB    = "sb"
	Score = "score"
	NETS  = "nets"
)

var equations = map[string]pinn.Equation{LogCE: pinn.LogCE, LogFP: pinn.LogCE, OT: pinn.OT, SB: pinn.SB, Score: pinn.Score, NETS: pinn.LogCE}

// equation is the one that is trained.
func (o Options) equation(name string) pinn.Equation {
	if o.Train == plain {
		return pinn.LogFP
	}
	return equations[name]
}

// Methods are the samplers from residuals.
func Methods() []method.Method {
	return []method.Method{
		residual(LogCE, "flow whose densities obey the continuity equation, trained on its residual at points along a pilot"),
		residual(LogFP, "diffusion whose densities obey the Fokker-Planck equation, likewise"),
		residual(OT, "flow of least kinetic energy, optimal transport, by two equations of potentials"),
		residual(SB, "diffusion closest to Brownian motion, Schrödinger's bridge, likewise"),
		residual(Score, "reversed noising, by the equation of its log density"),
		residual(NETS, "annealed Langevin with a drift that keeps it on a geometric path, trained where it goes"),
	}
}

// usual are the points where nothing is said.
const usual = ofPilot + "+" + ofBetween + "+" + ofFlow

// Defaults of a method's options.
func Defaults(name string) Options {
	o := Options{Serve: ODE, Train: shortcut, Sigma: 0.5, Frame: Product, Path: learned, Power: 3, Net: RidgeMLP, Width: 48, Batch: 512, Optimiser: springs, Divergence: exactly, Volume: integrated}
	switch name {
	case LogFP:
		o.Serve = SDE
	case SB, Score: // whose steps with noise lose what the solution has
		o.Serve = Split
	case NETS:
		o.Serve, o.Path = Split, geometric
	}
	o.Interpolation, o.Reference, o.Shape, o.Points, o.Symmetry, o.Begin = power, 1, 2, usual, anyhow, residuals
	return o
}

func residual(name, summary string) method.Method {
	return method.Method{Name: name, Summary: summary, Keys: Defaults(name), New: func(p method.Problem) (smc.Transport, error) {
		o := Defaults(name)
		if err := p.Decode(&o); err != nil {
			return nil, err
		}
		if err := o.check(name); err != nil {
			return nil, err
		}
		if in := p.Target.Info(); !in.Can.Has(targets.Grad) {
			return nil, fmt.Errorf("method %s needs %v of the target, %s gives %v", name, targets.Grad, in.Name, in.Can)
		}
		if o.Volume == determinant && p.Dim > mostTangents {
			return nil, fmt.Errorf("method %s: volume: %q in %d dimensions found; accepted: %d at most", name, determinant, p.Dim, mostTangents)
		}
		return learn.New(o.Plan(name), learn.Problem{Target: p.Target, Dim: p.Dim, Workers: runtime.GOMAXPROCS(0)}), nil
	}}
}

func (o Options) check(name string) error {
	var faults targets.ConfigErrors
	hold := func(ok bool, path string, found any, accepted string) {
		if !ok {
			faults = append(faults, &targets.ConfigError{Path: path, Found: fmt.Sprint(found), Accepted: accepted})
		}
	}
	one := func(path, found string, accepted ...string) {
		hold(slices.Contains(accepted, found), path, fmt.Sprintf("%q", found), `"`+strings.Join(accepted, `", "`)+`"`)
	}
	one("serve", o.Serve, ODE, SDE, Split)
	one("train", o.Train, shortcut, plain)
	one("path", o.Path, learned, geometric)
	one("frame", o.Frame, Product, White, Scale)
	one("net", o.Net, RidgeMLP, Ridge, MLP)
	one("symmetry", o.Symmetry, anyhow, even)
	one("optimiser", o.Optimiser, springs, adam)
	one("begin", o.Begin, residuals, matched)
	hold(o.Begin != matched || o.equation(name) == pinn.LogCE && o.Path == learned && o.Optimiser == springs && o.Interpolation == power && o.Shape == 2, "begin",
		fmt.Sprintf("%q for method %s", o.Begin, name), `"matched" for logce, and logfp by it, on a learned path of powers from a normal start, by spring`)
	one("volume", o.Volume, integrated, determinant)
	if e := o.equation(name); o.Volume == determinant {
		hold(o.Serve == ODE && e == pinn.LogCE, "volume", fmt.Sprintf("%q for method %s, served as %s", o.Volume, name, o.Serve), `"determinant" for logce and nets, served as ode`)
	}
	one("divergence", o.Divergence, exactly, hutchinson)
	if e := o.equation(name); o.Divergence == hutchinson {
		hold(o.Optimiser == adam && !e.Gradient() && e != pinn.Score, "divergence", fmt.Sprintf("%q for method %s, by %s", o.Divergence, name, o.Optimiser), `"hutchinson" for a drift with a net of its own, by adam`)
	}
	hold(o.Train != plain || name == LogFP, "train", fmt.Sprintf("%q for method %s", o.Train, name), `"plain" for method logfp alone`)
	hold(name != NETS || o.Path == geometric, "path", fmt.Sprintf("%q for method %s", o.Path, name), `"geometric"`)
	hold(o.Path != geometric || name == NETS || name == LogCE || name == LogFP, "path", fmt.Sprintf("%q for method %s", o.Path, name), `"geometric" for methods logce, logfp and nets alone`)
	one("interpolation", o.Interpolation, power, circular)
	kinds := strings.Split(o.Points, "+")
	for i, k := range kinds {
		_, ok := shareOf[k]
		hold(ok && !slices.Contains(kinds[:i], k), "points", fmt.Sprintf("%q", o.Points), fmt.Sprintf("one or more of %q, %q, %q, %q, %q, joined by +", ofPilot, ofBetween, ofFlow, ofCone, ofBox))
	}
	if name == Score {
		const own = "for method score, whose noising has its own path"
		hold(o.Interpolation == power, "interpolation", fmt.Sprintf("%q "+own, o.Interpolation), fmt.Sprintf("%q", power))
		hold(o.Reference == 1, "start_std", fmt.Sprintf("%g "+own, o.Reference), "1")
		hold(o.Shape == 2, "start_shape", fmt.Sprintf("%g "+own, o.Shape), "2")
	}
	unsaid := Defaults(name)
	hold(o.Power == unsaid.Power || name != Score && o.Interpolation == power, "power", fmt.Sprintf("%g for method %s, interpolation %q", o.Power, name, o.Interpolation),
		fmt.Sprintf("with interpolation %q, and not for score", power))
	hold(o.Sigma == unsaid.Sigma || name != Score && (o.Serve != ODE || name == SB || name == NETS || o.Train == plain), "sigma", fmt.Sprintf("%g for method %s, served as %s", o.Sigma, name, o.Serve),
		"with noise to serve, and not for score, which has its own")
	hold(o.Reference > 0 && o.Reference <= 100, "start_std", o.Reference, "a number above 0, 100 at most")
	hold(o.Shape >= 2 && o.Shape <= 8, "start_shape", o.Shape, "2 to 8")
	hold(o.Sigma > 0 && o.Sigma <= 100, "sigma", o.Sigma, "a number above 0, 100 at most")
	hold(o.Steps >= 0 && o.Steps <= 1<<16, "steps", o.Steps, "0 to 65536")
	hold(o.Power >= 1 && o.Power <= 8, "power", o.Power, "1 to 8")
	hold(o.Width > 0 && o.Width <= 1<<10, "width", o.Width, "1 to 1024")
	hold(o.Directions >= 0 && o.Directions <= 1<<10, "directions", o.Directions, "0 to 1024")
	hold(o.TrainSteps >= 0, "train_steps", o.TrainSteps, "0 or more")
	hold(o.Batch >= 128 && o.Batch <= 4096 && o.Batch%learn.Lanes == 0, "batch", o.Batch, fmt.Sprintf("a multiple of %d, 128 to 4096", learn.Lanes))
	if len(faults) > 0 {
		return faults
	}
	return nil
}

// How many training steps there are where nothing is said. A perceptron alone has to find what others have directions for, and
// its steps are cheap.
const (
	trainSteps = 500
	mlpSteps   = 1500
)

// Plan is the training that the options ask for.
func (o Options) Plan(name string) *Plan {
	p := &Plan{
		Method: name, Equation: o.equation(name), Serve: o.Serve, Sigma: o.Sigma, Frame: o.Frame, Power: o.Power, Geometric: o.Path == geometric, Ensemble: name == NETS, Net: o.Net, Width: o.Width,
		Directions: o.Directions, Steps: o.Steps, Train: o.TrainSteps, Batch: o.Batch,
	}
	if p.Steps == 0 {
		p.Steps = 128
		if p.Serve == ODE {
			p.Steps = 50
		}
	}
	if o.Begin == matched {
		p.Match = matchSteps
	}
	p.Determinant = o.Volume == determinant
	p.Adam, p.Probes = o.Optimiser == adam, o.Divergence == hutchinson
	switch {
	case p.Train > 0:
	case p.Adam:
		p.Train = descentSteps
	case p.Net == MLP:
		p.Train = mlpSteps
	default:
		p.Train = trainSteps
	}
	p.Even = o.Symmetry == even
	p.Circular, p.Reference, p.Shape, p.Points = o.Interpolation == circular, o.Reference, o.Shape, strings.Split(o.Points, "+")
	return p
}
