package targets

import (
	"fmt"
	"math"
	"strings"
)

// Transform is the change of variables between the declared scale x and the unconstrained scale u of a list of
// parameters, coordinate by coordinate:
//
//	real      x = u
//	positive  x = exp(u), log |dx/du| = u
type Transform struct {
	params   []Param
	positive []bool // nil: all real, the identity
	dim      int
}

// NewTransform is the transform of these parameters, or an error that names the first whose support has none.
func NewTransform(params []Param) (Transform, error) {
	t := Transform{params: params}
	any := false
	var positive []bool
	for _, p := range params {
		if p.Support != Real && p.Support != Positive {
			return Transform{}, fmt.Errorf("parameter %s: support %v cannot be transformed to the unconstrained scale; accepted: %v, %v",
				p.Name, p.Support, Real, Positive)
		}
		any = any || p.Support == Positive
		for range p.Size() {
			positive = append(positive, p.Support == Positive)
		}
	}
	t.dim = len(positive)
	if any {
		t.positive = positive
	}
	return t, nil
}

// Identity reports whether the two scales are the same.
func (t Transform) Identity() bool { return t.positive == nil }

// Dim is the number of coordinates, the same on both scales.
func (t Transform) Dim() int { return t.dim }

// Constrain fills x, n×d on the declared scale, from u, n×d on the unconstrained scale. They may be the same slice.
func (t Transform) Constrain(n int, u, x []float64) {
	copy(x[:n*t.dim], u[:n*t.dim])
	for i := range n {
		row := x[i*t.dim : (i+1)*t.dim]
		for j, pos := range t.positive {
			if pos {
				row[j] = math.Exp(row[j])
			}
		}
	}
}

// Unconstrain fills u from x. They may be the same slice. A coordinate outside its support becomes NaN.
func (t Transform) Unconstrain(n int, x, u []float64) {
	copy(u[:n*t.dim], x[:n*t.dim])
	for i := range n {
		row := u[i*t.dim : (i+1)*t.dim]
		for j, pos := range t.positive {
			if pos && !(row[j] > 0 && row[j] <= math.MaxFloat64) {
				row[j] = math.NaN()
			} else if pos {
				row[j] = math.Log(row[j])
			}
		}
	}
}

// LogJacobian is log |det ∂x/∂u| at one point u.
func (t Transform) LogJacobian(u []float64) float64 {
	s := 0.0
	for j, pos := range t.positive {
		if pos {
			s += u[j]
		}
	}
	return s
}

// String is the support's name in Stan's words.
func (s Support) String() string {
	names := strings.Fields("real positive lower_bound upper_bound interval simplex ordered corr_cholesky")
	if int(s) < len(names) {
		return names[s]
	}
	return fmt.Sprintf("support %d", uint8(s))
}
