package paths

import (
	"math"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/vec/nn"
)

// Gates of the way there, see chain.Sampler.
const (
	gateScore = iota
	gateState
)

// vp is the noising of DIS, as in the tables of its literature.
var vp = chain.Noise{Start: 10, End: 0.1}

const (
	ouTotal  = 10   // of DDS: Σ b², so that e^{−½·10} of the target is left at the start
	narrow2  = 0.01 // variance, in a frame of unit scale, below which grids need not tell
	smallest = 0.05 // step size in relation to the largest
)

// method fills in what the sampler is.
func (p *Plan) method() {
	o := &p.Options
	p.Shape = control.Shape{Score: true, Gates: true, Std: o.Std == Learned}
	p.Arch = control.Arch{Kind: o.Net, Width: o.Width, Depth: 2, Residual: true, Act: nn.SiLU, Small: 32}
	times := chain.Uniform(o.Steps)
	switch {
	case o.Grid == "refined":
		times = chain.Refined(o.Steps)
	case o.Grid == "geometric" && (o.Method == "pis" || o.annealed()):
		times = chain.Geometric(o.Steps, narrow2)
	case o.Grid == "geometric":
		times = chain.Noised(o.Steps, vp, narrow2)
	}
	if o.annealed() {
		p.langevin(times)
		return
	}
	var noise chain.Rate = vp
	if o.Noise != "" {
		noise = chain.NewRate(o.Noise, vp.Integral(0, 1))
	}
	switch {
	case o.Method == "pis": // Σσ²h = 1: the reference ends where the frame has the target
		if o.Noise != "" {
			times = chain.Clock(times, noise)
		}
		p.Spec = func(d int) *chain.Spec { return chain.Brownian(d, times, 1) }
		p.Factor = func(s *chain.Spec) func(k, gate int) float64 {
			return func(k, gate int) float64 {
				if gate == gateScore {
					return s.Times[k]
				}
				return 1
			}
		}
		return
	case o.Method == "dds":
		rates := chain.CosineRates(o.Steps, ouTotal)
		if o.Grid != "" {
			rates = chain.Rates(times, noise)
		}
		p.Spec = func(d int) *chain.Spec { return chain.Exponential(d, times, rates, 1) }
	case o.Form == Continuous:
		p.Spec = func(d int) *chain.Spec { return chain.Euler(d, times, noise, 1, true) }
		p.Gates = control.Gates{Score: 1, State: -1}
		p.Factor = func(s *chain.Spec) func(k, gate int) float64 {
			return func(k, gate int) float64 { return lerp(s.Times[k], gate) * math.Sqrt(noise.At(s.Times[k])) }
		}
		return
	default:
		p.Spec = func(d int) *chain.Spec { return chain.Reversal(d, times, noise, 1) }
		if o.Method == "bridge" {
			p.Shape.Two = true
			noising := p.Spec
			p.Spec = func(d int) *chain.Spec { return bothWays(noising(d)) }
		}
	}
	// a is a score: as it starts, the geometric mean's of start and target.
	p.Gates = control.Gates{Score: 1, State: -1}
	p.Factor = func(s *chain.Spec) func(k, gate int) float64 {
		return func(k, gate int) float64 { return lerp(s.Times[k], gate) }
	}
	if o.Method == "dds" { // there a is the score less that of the reference
		p.Gates.State = 1
		p.Factor = func(s *chain.Spec) func(k, gate int) float64 {
			return func(k, gate int) float64 {
				if gate > gateState {
					return 1
				}
				return s.Times[k]
			}
		}
	}
}

func lerp(t float64, gate int) float64 {
	switch gate {
	case gateScore:
		return t
	case gateState:
		return 1 - t
	}
	return 1
}

// bothWays learns the way back of a reversal on top of what it is: there N(x/α + (v/α)a, ·), back N(αx′ + v b, v).
func bothWays(s *chain.Spec) *chain.Spec {
	s.Name, s.Back = "bridge", chain.Own
	for k := range s.Steps {
		s.Steps[k].Backward.Push = s.Steps[k].Backward.Var
	}
	return s
}

// langevin makes ULA, MCD, CMCD and the general bridge.
func (p *Plan) langevin(times []float64) {
	o := &p.Options
	sizes, sum, even := make([]float64, o.Steps), 0.0, chain.Uniform(o.Steps)
	size := func(k int) float64 {
		c := math.Cos(math.Pi / 2 * even[k])
		return c*c + smallest
	}
	if o.Noise != "" {
		noise := chain.NewRate(o.Noise, 1)
		size = func(k int) float64 { return noise.Integral(even[k], even[k+1]) }
	}
	for k := range sizes {
		sizes[k] = size(k)
		sum += sizes[k]
	}
	for k := range sizes {
		sizes[k] *= o.Time / sum
	}
	betas := times
	if o.Drift == None {
		betas = nil
	}
	back := map[string]chain.Back{"ula": chain.Fixed, "mcd": chain.Own, "cmcd": chain.Tied, "bridge": chain.Own}[o.Method]
	p.Shape.Two = back == chain.Own
	p.Spec = func(d int) *chain.Spec {
		s := chain.Langevin(d, times, append([]float64(nil), sizes...), append([]float64(nil), betas...), 1, back)
		if o.Method == "ula" || o.Method == "mcd" { // the way there is the plain one
			for k := range s.Steps {
				s.Steps[k].Forward.Push = 0
			}
		}
		s.Name = o.Method
		return s
	}
}
