package regress

import (
	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/vec/nn"
)

// Options say which sampler is trained, and how. Zero values are defaults, of which the net's depend on how many of the
// target's coordinates are active in the frame.
type Options struct {
	Method string // "pis", "dis" or "dds"
	Std    bool   // the standard deviations of the steps are learned
	Steps  int    // K
	Noise  string // one of chain.Schedules; "": of pis constant, of dis vp, of dds as cos⁴
	Grid   string // of their times: "uniform", "refined" or, without Noise, "geometric"; "": as suits the method

	Frame string // one of Frames
	Net   string // one of control.Kinds
	Width int
	Depth int // hidden layers

	TrainSteps int // of Adam
	Batch      int // samples of one
	Refresh    int // rounds on draws of the model's own
	Polish     int // steps of package polish
}

// The noising of DIS, fast at its far end, and the time DDS takes: Σb².
var noising = chain.Noise{Start: 8, End: 0.1}

const ouTime = 10

// What a training does where it is not told.
const (
	DefaultRefresh = 1

	mostSteps  = 8000
	leastSteps = 1000
	stepDims   = 256_000 // steps times dimensions

	mostBatch  = 2048
	leastBatch = 256

	mostOwn  = 1 << 15
	leastOwn = 1 << 9
	ownDims  = 1 << 22 // draws of the model's own times dimensions: what they take of memory, three times, in float64

	// many is the number of dimensions beyond which all of this shrinks further: an evaluation of a target costs as the
	// square of them, or nearly, and a training is to cost no more than its pilot.
	many = 512
)

// trainSteps is how many steps of Adam a target of d dimensions gets: a minute's worth or less.
func trainSteps(d int) int { return min(max(stepDims/d, leastSteps), mostSteps) * many / max(d, many) }

// batch is how many samples one has.
func batch(d int) int {
	if d > many {
		return leastBatch
	}
	return mostBatch
}

// own is how many draws a model makes of its own.
func own(d int) int { return min(max(ownDims/max(d, d*d/many), leastOwn), mostOwn) }

// Plan makes the plan.
func (o Options) Plan() *Plan {
	number(&o.Steps, 128)
	p := &Plan{
		Method: o.Method, Shape: control.Shape{Score: true, Gates: true, Std: o.Std}, Frame: o.Frame,
		Arch:  Arch{Kind: o.Net, Width: o.Width, Depth: o.Depth, Act: nn.GELU},
		Steps: o.TrainSteps, Batch: o.Batch, Rate: 5e-3, Final: 2e-5, Refresh: o.Refresh, Polish: o.Polish,
	}
	times := o.times()
	var noise chain.Rate = noising
	if o.Noise != "" {
		noise = chain.NewRate(o.Noise, noising.Integral(0, 1))
		if o.Method == "pis" {
			times = chain.Clock(times, noise)
		}
	}
	score := func(k int) float64 { return times[k] } // the target's part in the score on the way, roughly
	state := func(int) float64 { return 1 }
	switch o.Method {
	case "dis": // a is a score: to begin with, that of a normal and the target's in turn
		p.Spec = func(d int) *chain.Spec { return chain.Reversal(d, times, noise, 1) }
		p.Gates = control.Gates{Score: 1, State: -1}
		state = func(k int) float64 { return 1 - times[k] }
	case "dds": // and less that of a normal
		rates := chain.CosineRates(o.Steps, ouTime)
		if o.Noise != "" {
			rates = chain.Rates(times, noise)
		}
		p.Spec = func(d int) *chain.Spec { return chain.Exponential(d, times, rates, 1) }
		p.Gates = control.Gates{Score: 1, State: 1}
		state = score
	default:
		p.Spec = func(d int) *chain.Spec { return chain.Brownian(d, times, 1) }
	}
	p.Factor = func(*chain.Spec) func(k, gate int) float64 {
		return func(k, gate int) float64 {
			switch gate {
			case 0:
				return score(k)
			case 1:
				return state(k)
			}
			return 1
		}
	}
	return p
}

// narrowest is the variance that a geometric grid has in view, in units of the pilot's.
const narrowest = 0.02

func (o Options) times() []float64 {
	switch {
	case o.Grid == "uniform" || o.Grid == "" && (o.Noise != "" || o.Method == "dds"): // its rates are finer towards the target as they are
		return chain.Uniform(o.Steps)
	case o.Grid == "geometric" && o.Method == "dis":
		return chain.Noised(o.Steps, noising, narrowest)
	case o.Grid == "geometric":
		return chain.Geometric(o.Steps, narrowest)
	}
	return chain.Refined(o.Steps)
}

func number(v *int, otherwise int) {
	if *v == 0 {
		*v = otherwise
	}
}
