package targets

import (
	"context"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/vec/rng"
)

// NewManyWell is m double wells beside d − m standard normals, with 2^m equal modes:
//
//	log p(x) = −Σ_{i<m} (x_i² − δ)² − ½ Σ_{i≥m} x_i²
//
// (the many-well of Richter and Berner, "Improved sampling via learned diffusions", 2024, and earlier work).
// δ may be any number in [−1000, 1000].
func NewManyWell(dim, wells int, delta float64) (Density, error) {
	if dim < 1 || wells < 0 || wells > dim || !(math.Abs(delta) <= 1000) {
		return nil, fmt.Errorf("many-well: dimension %d, %d wells, delta %v; accepted: 0 ≤ wells ≤ dimension, |delta| ≤ 1000", dim, wells, delta)
	}
	w := newDoubleWell(delta)
	m := &manyWell{dim: dim, wells: wells, well: w}
	mean, sd := make([]float64, dim), make([]float64, dim)
	fill(sd, 1)
	fill(sd[:wells], w.sd)
	info := Info{
		Name: "many-well", Params: Reals("x", dim), Can: LogP | Grad,
		Known: Known{LogZ: float64(wells)*w.logZ + 0.5*float64(dim-wells)*log2Pi, Mean: mean, SD: sd, Source: "quadrature"},
	}
	m.pointwise = newPointwise(info, func() pointFunc { return m.at })
	return m, nil
}

type manyWell struct {
	*pointwise
	dim, wells int
	well       doubleWell
}

func (m *manyWell) at(x, grad []float64) float64 {
	s := 0.0
	for i, v := range x[:m.wells] {
		e := v*v - m.well.delta
		s -= e * e
		if grad != nil {
			grad[i] = -4 * e * v
		}
	}
	for i := m.wells; i < m.dim; i++ {
		s -= 0.5 * x[i] * x[i]
		if grad != nil {
			grad[i] = -x[i]
		}
	}
	return s
}

// Sample draws each coordinate exactly: the wells by rejection, in counters (slot, coordinate, attempt), the rest as
// normals in a stage of their own.
func (m *manyWell) Sample(_ context.Context, first, n int, key rng.Key, x []float64) error {
	for i := range n {
		slot, row := uint32(first+i), x[i*m.dim:(i+1)*m.dim]
		for j := range m.wells {
			row[j] = m.well.sample(key, slot, uint32(j))
		}
		key.Normals(row[m.wells:], slot, uint32(m.dim), 0)
	}
	return nil
}

// doubleWell is the density exp(−(x² − δ)²) of one coordinate.
type doubleWell struct {
	delta    float64
	logZ, sd float64
}

// newDoubleWell integrates by the trapezoidal rule on the whole line, which converges faster than any power of the step
// for an entire function that decays like this one. The step is a tenth of the width of the narrowest peak, and the
// cut-off is where the density has fallen below e⁻⁷⁵⁰ of its top.
func newDoubleWell(delta float64) doubleWell {
	top := 0.0 // of the exponent
	if delta < 0 {
		top = -delta * delta
	}
	width := 1 / math.Sqrt(8*math.Abs(delta)+2)
	h := width / 10
	end := math.Sqrt(max(delta, 0) + math.Sqrt(750))
	z, x2 := 0.5*math.Exp(-delta*delta-top), 0.0 // half of the term at 0: the sum is over the positive half line
	for k := 1; float64(k)*h < end; k++ {
		s := float64(k) * h * float64(k) * h
		p := math.Exp(-(s-delta)*(s-delta) - top)
		z += p
		x2 += s * p
	}
	return doubleWell{delta: delta, logZ: top + math.Log(2*h*z), sd: math.Sqrt(x2 / z)}
}

// sample draws |x| by rejection and gives it a random sign.
//
// For δ ≥ 1 the proposal is N(√δ, 1/(2δ)): for x ≥ 0, (x² − δ)² = (x + √δ)² (x − √δ)² ≥ δ (x − √δ)², and what is left of
// the exponent is the log of the acceptance probability. For smaller δ it is N(0, 1/(2b)), as for s = x²
//
//	−(s − δ)² = −b s + b (δ + b/4) − (s − δ − b/2)²
//
// with b = 1, or 1 − 2δ where δ is negative, so that δ + b/2 stays positive. About half of the attempts succeed.
func (w doubleWell) sample(key rng.Key, slot, coordinate uint32) float64 {
	var z [1]float64
	var u [2]float64
	for attempt := uint32(0); ; attempt += 2 {
		key.Normals(z[:], slot, coordinate, attempt)
		key.Uniforms(u[:], slot, coordinate, attempt+1)
		x := w.proposal(z[0])
		if math.Log(u[0]) < w.logAccept(x) {
			return math.Copysign(x, u[1]-0.5)
		}
	}
}

// proposal is |x| from a standard normal.
func (w doubleWell) proposal(z float64) float64 {
	if w.delta >= 1 {
		return math.Sqrt(w.delta) + z/math.Sqrt(2*w.delta)
	}
	return math.Abs(z) / math.Sqrt(2*w.slope())
}

// slope is b.
func (w doubleWell) slope() float64 { return 1 + 2*max(-w.delta, 0) }

func (w doubleWell) logAccept(x float64) float64 {
	switch {
	case x < 0:
		return math.Inf(-1)
	case w.delta >= 1:
		root := math.Sqrt(w.delta)
		return -(x - root) * (x - root) * (x + 2*root) * x
	}
	s := x*x - w.delta - w.slope()/2
	return -s * s
}

func manyWellItems() []item {
	instance := func(name, summary string, dim, wells int, delta float64) item {
		return item{name: name, kind: kindInstance, summary: summary,
			build: func(*reader, string) (Density, error) { return NewManyWell(dim, wells, delta) }}
	}
	return []item{
		{
			name: "many-well", kind: kindFamily, summary: "double wells beside standard normals: 2^wells equal modes",
			options: []Option{
				{"dim", "integer", "5", "dimension"},
				{"wells", "integer", "dim", "number of double wells"},
				{"delta", "number", "4", "the wells are at ±√delta; the barrier between them has height delta²"},
			},
			build: func(r *reader, _ string) (Density, error) {
				dim := r.int("dim", 5, 1, 100_000)
				wells := r.int("wells", dim, 0, dim)
				delta := r.float("delta", 4, "a number from -1000 to 1000", func(f float64) bool { return math.Abs(f) <= 1000 })
				return NewManyWell(dim, wells, delta)
			},
		},
		instance("many_well_d5_m5_delta4", "5 double wells, 32 modes, barriers of height 16", 5, 5, 4),
		instance("many_well_d50_m5_delta2", "5 double wells, 32 modes, in 50 dimensions", 50, 5, 2),
	}
}
