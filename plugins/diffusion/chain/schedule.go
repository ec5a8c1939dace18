package chain

import (
	"fmt"
	"math"
)

// Rate is that at which noise comes in, σ²(t), of a noising β(t), in the time of the sampler, from 0 to 1.
type Rate interface {
	At(t float64) float64
	Integral(t, u float64) float64 // from t to u
}

// Schedules are the rates that have names, in the sampler's time: all but the first fall towards the target.
//
//	constant  σ = 1
//	linear    σ = 1 − .99t
//	cosine    σ = .01 + .99 cos²(½πt)    of b_k in DDS; after Nichol and Dhariwal (2021), arXiv 2102.09672
//	vp        σ² = 1 − .99t              variance preserving: Song et al. (2021), arXiv 2011.13456
var Schedules = []string{"constant", "linear", "cosine", "vp"}

// lowest is σ at the target's end of linear and cosine, and σ² of vp, in relation to the start's.
const lowest = 0.01

// NewRate is the schedule of that name, of which there is total over the whole time.
func NewRate(name string, total float64) Rate {
	const slope = 1 - lowest
	switch name {
	case "constant":
		return Noise{total, total}
	case "vp":
		start := 2 * total / (1 + lowest)
		return Noise{start, lowest * start}
	case "linear":
		return curve{
			total:  total,
			square: func(t float64) float64 { s := 1 - slope*t; return s * s },
			sum:    func(t float64) float64 { s := 1 - slope*t; return (1 - s*s*s) / (3 * slope) },
		}
	case "cosine": // σ = a + b cos πt
		const a, b = (1 + lowest) / 2, (1 - lowest) / 2
		return curve{
			total:  total,
			square: func(t float64) float64 { s := a + b*math.Cos(math.Pi*t); return s * s },
			sum: func(t float64) float64 {
				return (a*a+b*b/2)*t + 2*a*b/math.Pi*math.Sin(math.Pi*t) + b*b/(4*math.Pi)*math.Sin(2*math.Pi*t)
			},
		}
	}
	panic(fmt.Sprintf("chain: no schedule %q", name))
}

// curve is a rate in proportion to square, whose integral from 0 is sum.
type curve struct {
	total       float64
	square, sum func(t float64) float64
}

func (c curve) At(t float64) float64 { return c.total * c.square(t) / c.sum(1) }

func (c curve) Integral(t, u float64) float64 { return c.total * (c.sum(u) - c.sum(t)) / c.sum(1) }

// Clock is what part of the noise has come in at each of the times. Brownian motion of any rate is that of a constant one on
// the clock of its noise.
func Clock(times []float64, r Rate) []float64 {
	out, end := make([]float64, len(times)), times[len(times)-1]
	for k, t := range times[:len(times)-1] {
		out[k] = r.Integral(times[0], t) / r.Integral(times[0], end)
	}
	out[len(times)-1] = 1
	return out
}

// Rates are those of Exponential for a noising, b_k = √(1−α²), α = e^{−½∫β}.
func Rates(times []float64, r Rate) []float64 {
	b := make([]float64, len(times)-1)
	for k := range b {
		b[k] = math.Sqrt(-math.Expm1(-r.Integral(times[k], times[k+1])))
	}
	return b
}
