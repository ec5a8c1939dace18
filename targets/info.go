package targets

import "math"

// Info describes a density. It does not change over the density's life.
type Info struct {
	Name            string
	Params          []Param // in the order of x; their sizes add up to the dimension on the declared scale
	Can             Want    // what Eval can fill; LogP always
	Normalised      bool    // exp(log density) integrates to one
	PriorNormalised bool    // with Parts: so does exp(log prior)
	Known           Known
}

// Known holds what is known exactly, or to a stated error, about a density. NaN and nil mean not known.
type Known struct {
	LogZ    float64   // log of the integral of the density
	LogZErr float64   // its standard error; 0 if exact
	Mean    []float64 // of each coordinate on the declared scale
	SD      []float64
	Source  string // where these come from: "exact", "quadrature", "bridge sampling" ...
}

// Unknown is the Known of a density about which nothing is known.
func Unknown() Known { return Known{LogZ: math.NaN(), LogZErr: math.NaN()} }

// Param is a named parameter: a block of consecutive coordinates.
type Param struct {
	Name    string
	Shape   []int // nil for a scalar; row-major
	Support Support
	Lower   float64 // with Interval, LowerBound
	Upper   float64 // with Interval, UpperBound
}

// Support is the set a parameter lives in. Names are Stan's.
type Support uint8

// The supports. Only Real and Positive are transformed so far; the others are reserved.
const (
	Real Support = iota
	Positive
	LowerBound
	UpperBound
	Interval
	Simplex
	Ordered
	CorrCholesky
)

// Size is the number of coordinates of p on the declared scale.
func (p Param) Size() int {
	n := 1
	for _, s := range p.Shape {
		n *= s
	}
	return n
}

// Dim is the number of coordinates on the declared scale.
func (in Info) Dim() int {
	d := 0
	for _, p := range in.Params {
		d += p.Size()
	}
	return d
}
