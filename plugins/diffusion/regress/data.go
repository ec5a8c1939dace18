package regress

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/sampan-mc/sampan/plugins/diffusion/pilot"
	"github.com/sampan-mc/sampan/vec"
)

// Pilot is draws of the target and the scores there, d values a draw, in the axes of M = mean ssᵀ = UΛUᵀ: columns of Axes,
// row-major; nil: the coordinates are the axes. Precision is the diagonal of Λ.
type Pilot[T vec.Float] struct {
	X, Score  []T
	Precision []float64
	Axes      []T
}

const (
	// mostAxes is the dimension up to which M is looked at whole; beyond, its diagonal has to do.
	mostAxes = 256
	// enough draws a dimension tell M from noise.
	enough = 10
	// leastPrecision bounds Λ from below: where draws have unit variance it is 1 at least but for chance.
	leastPrecision = 1e-3
)

// NewPilot finds the axes of draws x with scores g, both n×d.
func NewPilot[T vec.Float](x, g []T, d int) (Pilot[T], error) {
	n := len(x) / d
	p := Pilot[T]{X: x, Score: g, Precision: make([]float64, d)}
	for i, v := range g {
		p.Precision[i%d] += float64(v) * float64(v) / float64(n)
	}
	for i, v := range p.Precision {
		p.Precision[i] = max(v, leastPrecision)
	}
	if d == 1 || d > mostAxes || n < enough*d {
		return p, nil
	}
	wide := make([]float64, len(g))
	vec.Widen(wide, g)
	rows := mat.NewDense(n, d, wide)
	var m mat.SymDense
	m.SymOuterK(1/float64(n), rows.T())
	if diagonal(&m, n) {
		return p, nil
	}
	var eig mat.EigenSym
	if !eig.Factorize(&m, true) {
		return p, fmt.Errorf("the scores of the pilot's draws are too large: mean square %g", mat.Trace(&m)/float64(d))
	}
	for i, v := range eig.Values(nil) {
		p.Precision[i] = max(v, leastPrecision)
	}
	var u mat.Dense
	eig.VectorsTo(&u)
	p.Axes = pilot.Narrow[T](u.RawMatrix().Data)
	p.Score = turned[T](rows, &u)
	draws := make([]float64, len(x))
	vec.Widen(draws, x)
	p.X = turned[T](mat.NewDense(n, d, draws), &u)
	return p, nil
}

// chance is how many standard errors an element off the diagonal may be off zero by chance, in any of many.
const chance = 5

// diagonal tells whether m, the mean of n products of scores, is a diagonal matrix as far as that can be told.
func diagonal(m *mat.SymDense, n int) bool {
	d := m.SymmetricDim()
	for i := range d {
		for j := range i {
			if v := m.At(i, j); v*v > chance*chance*m.At(i, i)*m.At(j, j)/float64(n) {
				return false
			}
		}
	}
	return true
}

// turned is the rows of a in the axes u.
func turned[T vec.Float](a, u *mat.Dense) []T {
	var out mat.Dense
	out.Mul(a, u)
	return pilot.Narrow[T](out.RawMatrix().Data)
}

// rootMeanSquares of each of d columns, least from below.
func rootMeanSquares(g []float32, d int, least float64) []float32 {
	sums := make([]float64, d)
	for i, v := range g {
		sums[i%d] += float64(v) * float64(v)
	}
	out := make([]float32, d)
	for i, s := range sums {
		out[i] = float32(max(math.Sqrt(s/float64(len(g)/d)), least))
	}
	return out
}
