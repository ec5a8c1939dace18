package targets

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

func stateSpaceItems() []item {
	out := []item{{
		name: "state-space", kind: kindFamily, can: LogP | Grad | Parts,
		summary: "linear Gaussian state-space model: density of the states and the data",
		options: []Option{
			{"A", "matrix", "", "transition, k × k"},
			{"Q", "matrix", "", "covariance of a step, k × k"},
			{"C", "matrix", "", "observation, p × k"},
			{"R", "matrix", "", "covariance of an observation, p × p"},
			{"m0", "list", "zeros", "mean of the first state"},
			{"P0", "matrix", "", "covariance of the first state"},
			{"y", "matrix", "", "observations, a row of p numbers for each time; nan where missing"},
			{"csv", "string", "", "data file instead of y: a header, a line for each time, blank or nan where missing"},
		},
		build: func(r *reader, folder string) (Density, error) { return buildStateSpace(r, openIn(folder)) },
	}}
	for _, c := range [][2]string{
		{"ar1_noise", "first-order autoregression seen with noise, 50 times"},
		{"random_walk", "random walk seen with noise, 100 times, 10 missing"},
		{"local_trend", "local linear trend, 60 times: 120 states"},
		{"sharp_obs", "autoregression seen almost exactly, 40 times"},
	} {
		out = append(out, item{
			name: "state_space_" + c[0], kind: kindInstance, summary: "state space: " + c[1] + "; exact log Z",
			build: func(*reader, string) (Density, error) {
				var all map[string]map[string]any
				decodeEmbedded("state_space.json", &all)
				r := &reader{m: all[c[0]]}
				d, err := buildStateSpace(r, openEmbedded)
				if bad := r.done(); bad != nil {
					return nil, bad
				}
				return d, err
			},
		})
	}
	return out
}

func buildStateSpace(r *reader, open opener) (Density, error) {
	a, k, _ := r.matrix("A", -1, -1, false)
	if a == nil {
		k = -1
	}
	q, qRows, _ := r.matrix("Q", k, k, false)
	y, _, p := r.observations(open)
	c, cRows, _ := r.matrix("C", p, k, false)
	rr, rRows, _ := r.matrix("R", p, p, false)
	m0 := r.vector("m0", k)
	p0, pRows, _ := r.matrix("P0", k, k, false)
	for _, need := range []struct {
		key  string
		have []float64
	}{{"A", a}, {"Q", q}, {"C", c}, {"R", rr}, {"P0", p0}} {
		if _, given := r.m[need.key]; !given {
			r.fault(need.key, "nothing", "a matrix, a list of rows")
		}
	}
	if a != nil && len(a) != k*k {
		r.fault("A", fmt.Sprintf("%d rows of %d", k, len(a)/k), "as many rows as columns")
	}
	if len(r.faults) > 0 {
		return nil, nil
	}
	if m0 == nil {
		m0 = make([]float64, k)
	}
	s := StateSpace{
		A: mat.NewDense(k, k, a), C: mat.NewDense(cRows, k, c), M0: m0, Y: y,
		Q: r.symmetric("Q", q, qRows), R: r.symmetric("R", rr, rRows), P0: r.symmetric("P0", p0, pRows),
	}
	if len(r.faults) > 0 {
		return nil, nil
	}
	return NewStateSpace(s)
}

// observations reads y, or the file that csv names: T rows of p.
func (r *reader) observations(open opener) (y [][]float64, steps, p int) {
	flat, steps, p := r.matrix("y", -1, -1, true)
	name := r.string("csv", "", "the name of a CSV file")
	_, given := r.m["y"]
	switch {
	case given && name != "":
		r.fault("csv", "both y and csv", "one of them")
	case name != "":
		t, err := readTable(open, name, true)
		if err != nil {
			r.fault("csv", err.Error(), "a CSV file of numbers with a header")
			break
		}
		steps, p = t.rows(), len(t.cols)
		for i := range steps {
			for _, c := range t.cols {
				flat = append(flat, c[i])
			}
		}
	case !given:
		r.fault("y", "nothing", "a list of rows, or csv")
	}
	if flat == nil {
		return nil, 0, -1
	}
	for i, v := range flat {
		if math.IsInf(v, 0) {
			r.fault(fmt.Sprintf("y[%d][%d]", i/p, i%p), show(v), "a finite number, or nan")
		}
	}
	return rowsOf(flat, steps, p), steps, p
}
