package targets

import (
	"context"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/vec/rng"
)

// NewBrownian is Brownian motion seen with noise, at some times only (a NaN in y is a time without an observation), both
// scales unknown:
//
//	s_i, s_o ~ LogNormal(0, 2²),  x_1 ~ N(0, s_i²),  x_t ~ N(x_{t−1}, s_i²),  y_t ~ N(x_t, s_o²)
//
// as a density of log s_i, log s_o and x, the Jacobians of the scales included.
func NewBrownian(y []float64) (Density, error) {
	if len(y) == 0 {
		return nil, fmt.Errorf("brownian: no times")
	}
	steps, seen := len(y), 0.0
	for _, v := range y {
		if !math.IsNaN(v) {
			seen++
		}
	}
	b := &brownian{y: y, seen: seen}
	info := Info{
		Name:   "brownian",
		Params: []Param{{Name: "log_innovation"}, {Name: "log_observation"}, {Name: "x", Shape: []int{steps}}},
		Can:    LogP | Grad | Parts, PriorNormalised: true, Known: Unknown(),
	}
	d := newPartwise(info, func() partFunc {
		return func(x, gPrior, gLik []float64) (float64, float64) { return b.prior(x, gPrior), b.likelihood(x, gLik) }
	})
	return attach(d, nil, b, nil), nil
}

// brownianScaleSD is the standard deviation of the log of either scale under the prior.
const brownianScaleSD = 2

type brownian struct {
	y    []float64
	seen float64 // number of observations
}

// over is v times exp(−q), zero where v is, whatever the scale.
func over(v, inverse float64) float64 {
	if v == 0 {
		return 0
	}
	return v * inverse
}

func (b *brownian) prior(x, grad []float64) float64 {
	steps := float64(len(b.y))
	if grad != nil {
		clear(grad)
		grad[0], grad[1] = -x[0]/(brownianScaleSD*brownianScaleSD), -x[1]/(brownianScaleSD*brownianScaleSD)
	}
	inverse, from, s := math.Exp(-x[0]), 0.0, 0.0
	for t, at := range x[2:] {
		z := over(at-from, inverse)
		s += z * z
		from = at
		if grad != nil {
			grad[t+2] -= z * inverse
			if t > 0 {
				grad[t+1] += z * inverse
			}
		}
	}
	if grad != nil {
		grad[0] += s - steps
	}
	scales := -0.5*(x[0]*x[0]+x[1]*x[1])/(brownianScaleSD*brownianScaleSD) - 2*math.Log(brownianScaleSD) - log2Pi
	return scales - 0.5*s - steps*(x[0]+0.5*log2Pi)
}

func (b *brownian) likelihood(x, grad []float64) float64 {
	clear(grad)
	inverse, s := math.Exp(-x[1]), 0.0
	for t, y := range b.y {
		if math.IsNaN(y) {
			continue
		}
		z := over(y-x[t+2], inverse)
		s += z * z
		if grad != nil {
			grad[t+2] = z * inverse
		}
	}
	if grad != nil {
		grad[1] = s - b.seen
	}
	return -0.5*s - b.seen*(x[1]+0.5*log2Pi)
}

// SamplePrior draws the scales, then the path.
func (b *brownian) SamplePrior(_ context.Context, first, n int, key rng.Key, x []float64) error {
	d := len(b.y) + 2
	for i := range n {
		row := x[i*d : (i+1)*d]
		key.Normals(row, uint32(first+i), 0, 0)
		row[0] *= brownianScaleSD
		row[1] *= brownianScaleSD
		scale, at := math.Exp(row[0]), 0.0
		for t, z := range row[2:] {
			at += scale * z
			row[t+2] = at
		}
	}
	return nil
}

func brownianItems() []item {
	return []item{
		{
			name: "brownian-motion", kind: kindFamily, can: LogP | Grad | Parts,
			summary: "Brownian motion seen with noise, both scales unknown",
			options: []Option{
				{"y", "list", "", "observations, one for each time; nan where there is none"},
				{"csv", "string", "", "data file instead of y: a header with a column y, blank or nan where there is none"},
			},
			build: func(r *reader, folder string) (Density, error) { return buildBrownian(r, openIn(folder)) },
		},
		{
			name: "brownian", kind: kindInstance, summary: "Brownian motion, 30 times with a gap of 10 in the middle, both scales unknown",
			build: func(*reader, string) (Density, error) {
				t, err := readTable(openEmbedded, "brownian.csv", true)
				if err != nil {
					return nil, err
				}
				d, err := NewBrownian(t.cols[t.column("y")])
				if err != nil {
					return nil, err
				}
				var k struct {
					LogZ     float64 `json:"log_z"`
					Mean, SD []float64
				}
				decodeEmbedded("brownian_known.json", &k)
				return Describe(d, func(in *Info) { in.Known = Known{LogZ: k.LogZ, Mean: k.Mean, SD: k.SD, Source: "quadrature"} }), nil
			},
		},
	}
}

func buildBrownian(r *reader, open opener) (Density, error) {
	v, given := r.get("y")
	var y []float64
	if given {
		y = r.list("y", v, -1, true)
	}
	name := r.string("csv", "", "the name of a CSV file")
	switch {
	case given && name != "":
		r.fault("csv", "both y and csv", "one of them")
	case name != "":
		t, err := readTable(open, name, true)
		if err == nil && t.column("y") < 0 {
			err = fmt.Errorf("no column y")
		}
		if err != nil {
			r.fault("csv", err.Error(), "a CSV file of numbers with a header")
			return nil, nil
		}
		y = t.cols[t.column("y")]
	case !given:
		r.fault("y", "nothing", "a list of numbers, or csv")
	}
	if y == nil {
		return nil, nil
	}
	return NewBrownian(y)
}
