package targets

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Design is the data of a regression: n observations, d columns.
type Design struct {
	N, D    int
	A       []float64 // n×d row-major
	Y       []float64 // n
	Columns []string  // d
}

// check reports what is wrong with the shapes.
func (ds Design) check() error {
	if ds.N < 1 || ds.D < 1 || len(ds.A) != ds.N*ds.D || len(ds.Y) != ds.N {
		return fmt.Errorf("design of %d observations and %d columns has %d entries and %d responses", ds.N, ds.D, len(ds.A), len(ds.Y))
	}
	return nil
}

// designOptions are the keys that readDesign understands.
func designOptions(label string) []Option {
	return []Option{
		{"csv", "string", "", "data file, relative to the run file: a header, numbers, one observation a line"},
		{"label", "string", "the last column", label},
		{"standardise", "string", `"standardise"`, `"standardise": features centred and divided by their population standard deviation; "scale": only divided; "none"`},
		{"intercept", "string", `"first"`, `place of the column of ones: "first", "last", "none"`},
	}
}

// readDesign reads the data file that the configuration names, and prepares its columns.
func readDesign(r *reader, open opener) (Design, bool) {
	name := r.string("csv", "", "the name of a CSV file")
	label := r.string("label", "", "the name of a column")
	scaling := r.choice("standardise", "standardise", "standardise", "scale", "none")
	intercept := r.choice("intercept", "first", "first", "last", "none")
	if name == "" {
		if _, given := r.m["csv"]; !given {
			r.fault("csv", "nothing", "the name of a CSV file")
		}
		return Design{}, false
	}
	t, err := readTable(open, name, false)
	if err != nil {
		r.fault("csv", err.Error(), "a CSV file of numbers with a header")
		return Design{}, false
	}
	at := len(t.names) - 1
	if label != "" {
		if at = t.column(label); at < 0 {
			accepted := strings.Join(t.names, ", ")
			if n := nearest(label, t.names); n != "" {
				accepted += fmt.Sprintf(" (did you mean %s?)", n)
			}
			r.fault("label", show(label), accepted)
			return Design{}, false
		}
	}
	y := t.cols[at]
	names, cols := slices.Delete(t.names, at, at+1), slices.Delete(t.cols, at, at+1)
	for _, c := range cols {
		scale(c, scaling)
	}
	ones := make([]float64, len(y))
	fill(ones, 1)
	switch intercept {
	case "first":
		names, cols = slices.Insert(names, 0, "intercept"), slices.Insert(cols, 0, ones)
	case "last":
		names, cols = append(names, "intercept"), append(cols, ones)
	}
	if len(cols) == 0 {
		r.fault("csv", "no column but the label", "at least one feature, or an intercept")
		return Design{}, false
	}
	ds := Design{N: len(y), D: len(cols), Y: y, Columns: names, A: make([]float64, len(y)*len(cols))}
	for j, c := range cols {
		for i, v := range c {
			ds.A[i*ds.D+j] = v
		}
	}
	return ds, true
}

// scale centres c and divides it by its population standard deviation, or only divides. A constant column is divided
// by one.
func scale(c []float64, how string) {
	if how == "none" {
		return
	}
	n := float64(len(c))
	mean, ss := 0.0, 0.0
	for _, v := range c {
		mean += v / n
	}
	for _, v := range c {
		ss += (v - mean) * (v - mean)
	}
	sd := math.Sqrt(ss / n)
	if slices.Min(c) == slices.Max(c) {
		mean, sd = c[0], 1
	}
	if how == "scale" {
		mean = 0
	}
	for i := range c {
		c[i] = (c[i] - mean) / sd
	}
}
