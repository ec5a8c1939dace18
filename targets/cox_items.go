package targets

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// bin counts points, x and y apart, in the cells of a grid over the window [x0, x1]×[y0, y1]: cell (i, j), in x and y,
// has index i·grid + j.
func bin(x, y []float64, window [4]float64, grid int) ([]float64, error) {
	counts := make([]float64, grid*grid)
	for k := range x {
		u := (x[k] - window[0]) / (window[1] - window[0])
		v := (y[k] - window[2]) / (window[3] - window[2])
		if !(u >= 0 && u <= 1 && v >= 0 && v <= 1) {
			return nil, fmt.Errorf("point %d, (%v, %v), lies outside of the window", k, x[k], y[k])
		}
		cell := func(u float64) int { return min(int(u*float64(grid)), grid-1) }
		counts[cell(u)*grid+cell(v)]++
	}
	return counts, nil
}

// pinesKnown is log Z for the Finnish pines with the parameters of the benchmark, by grid; the error is the spread of the
// runs. The figure 512.6 found in published code is not reproduced.
var pinesKnown = map[int]Known{
	32: {LogZ: 503.34, LogZErr: 0.15, Source: "sequential Monte Carlo, 2 runs"},
	40: {LogZ: 501.6, LogZErr: 0.15, Source: "sequential Monte Carlo, 3 runs, and thermodynamic integration"},
}

// The benchmark's parameters.
const (
	coxVariance = 1.91
	coxRange    = 1.0 / 33
)

var coxMean = math.Log(126) - coxVariance/2

var pinesMoment = map[int]float64{32: 66_036, 40: 103_448}

// known recognises the pines by their counts: so many points, and so large a sum of index times count.
func (m CoxProcess) known() Known {
	points, moment := 0.0, 0.0
	for i, c := range m.Counts {
		points += c
		moment += float64(i) * c
	}
	k, ok := pinesKnown[m.Grid]
	if ok && m.Mean == coxMean && m.Variance == coxVariance && m.Range == coxRange && points == 126 && moment == pinesMoment[m.Grid] {
		return k
	}
	return Unknown()
}

var errNoColumns = errors.New("no columns x and y")

func coxItems() []item {
	data := []Option{
		{"csv", "string", "", "data file of points: a header with columns x and y, one point a line"},
		{"window", "list", "[-5, 5, -8, 2]", "the window x0, x1, y0, y1 that holds the points; it is scaled to the unit square"},
	}
	family := item{
		name: "cox-process", kind: kindFamily, can: LogP | Grad | Parts, summary: "log-Gaussian Cox process of points in a window of the plane",
		options: append(slices.Clone(data),
			Option{"grid", "integer", "40", "the square is cut into grid × grid cells"},
			Option{"whitened", "boolean", "true", "coordinates that are independent under the prior, instead of the field itself"},
			Option{"mean", "number", "log(126) - variance/2", "of the log intensity"},
			Option{"variance", "number", "1.91", "of the log intensity"},
			Option{"range", "number", "1/33", "correlation length, in sides of the square"}),
		build: func(r *reader, folder string) (Density, error) {
			m := CoxProcess{Grid: r.int("grid", 40, 1, maxCoxGrid), Whitened: r.bool("whitened", true)}
			m.Variance = r.float("variance", coxVariance, "a positive number", positiveNum)
			m.Mean = r.float("mean", math.Log(126)-m.Variance/2, "a number", anyNumber)
			m.Range = r.float("range", coxRange, "a positive number", positiveNum)
			return buildCox(r, folder, m)
		},
	}
	out := []item{family}
	for _, grid := range []int{32, 40} {
		for _, white := range []bool{true, false} {
			m := CoxProcess{Grid: grid, Mean: coxMean, Variance: coxVariance, Range: coxRange, Whitened: white}
			name, of := fmt.Sprintf("lgcp%d_white", grid), "white coordinates"
			if !white {
				name, of = fmt.Sprintf("lgcp%d_latent", grid), "the field"
			}
			out = append(out, item{
				name: name, kind: kindFamily, can: LogP | Grad | Parts, dim: grid * grid, known: pinesKnown[grid], options: data,
				summary: fmt.Sprintf("log-Gaussian Cox process of the Finnish pines on %d × %d cells, in %s", grid, grid, of),
				build: func(r *reader, folder string) (Density, error) {
					d, err := buildCox(r, folder, m)
					if d == nil || err != nil {
						return nil, err
					}
					return Describe(d, func(in *Info) { in.Name = name }), nil
				},
			})
		}
	}
	return out
}

// buildCox reads the points that the configuration names, and makes the density of m with their counts.
func buildCox(r *reader, folder string, m CoxProcess) (Density, error) {
	name := r.string("csv", "", "the name of a CSV file")
	window := r.vector("window", 4)
	if window == nil {
		window = []float64{-5, 5, -8, 2}
	} else if !(window[0] < window[1] && window[2] < window[3]) {
		r.fault("window", fmt.Sprint(window), "x0 < x1 and y0 < y1")
		return nil, nil
	}
	if name == "" {
		if _, given := r.m["csv"]; !given {
			r.fault("csv", "nothing", "the name of a CSV file")
		}
		return nil, nil
	}
	t, err := readTable(openIn(folder), name, false)
	if err == nil && (t.column("x") < 0 || t.column("y") < 0) {
		err = errNoColumns
	}
	if err == nil {
		m.Counts, err = bin(t.cols[t.column("x")], t.cols[t.column("y")], [4]float64(window), m.Grid)
	}
	if err != nil {
		r.fault("csv", err.Error(), "a CSV file of points, with columns x and y, within the window")
		return nil, nil
	}
	return NewCoxProcess(m)
}
