package targets

import (
	"context"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/vec/rng"
)

// NewCoupledManyWell is a chain of double wells that are drawn to each other, or apart where c is negative:
//
//	log p(x) = −Σ_i (x_i² − δ)² + c Σ_i x_i x_{i+1}
//
// It is a product in no rotated coordinates, and its 2^dim modes, one for each sign pattern, have unequal weights. log Z,
// weights and covariance are those of its transfer matrix (see wellChain). Exact draws are offered where rejection from
// independent wells succeeds often enough. δ lies in [−100, 100], c in [−10, 10].
func NewCoupledManyWell(dim int, delta, c float64) (Density, error) {
	if dim < 1 || dim > 10_000 || !(math.Abs(delta) <= 100) || !(math.Abs(c) <= 10) {
		return nil, fmt.Errorf("coupled many-well: dimension %d, delta %v, coupling %v; accepted: 1 to 10000, |delta| ≤ 100, |coupling| ≤ 10", dim, delta, c)
	}
	m := &coupledWell{dim: dim, delta: delta, c: c, chain: newWellChain(dim, delta, c)}
	if dim <= maxChainModes && delta > 0 {
		m.weights = m.chain.signWeights()
	}
	info := Info{
		Name: "coupled-many-well", Params: Reals("x", dim), Can: LogP | Grad,
		Known: Known{LogZ: m.chain.logZ, Mean: make([]float64, dim), SD: m.chain.sd(), Source: "transfer matrix"},
	}
	m.pointwise = newPointwise(info, func() pointFunc { return m.at })
	var s Sampler
	if w := m.proposal(); w.logAccept > math.Log(minWellAcceptance) {
		s = w
	}
	return attach(m, s, nil, nil), nil
}

// maxChainModes is the dimension up to which the sign patterns are weighed: the work doubles with each.
const maxChainModes = 12

type coupledWell struct {
	*pointwise
	dim      int
	delta, c float64
	chain    *wellChain
	weights  []float64 // of the sign patterns; nil if they are too many
}

func (m *coupledWell) at(x, grad []float64) float64 {
	s := 0.0
	for i, v := range x {
		e := v*v - m.delta
		pull := 0.0 // of the neighbours
		if i > 0 {
			pull = x[i-1]
		}
		if i+1 < len(x) {
			pull += x[i+1]
			s += m.c * v * x[i+1]
		}
		s -= e * e
		if grad != nil {
			grad[i] = m.c*pull - 4*e*v
		}
	}
	return s
}

func (m *coupledWell) covariance() []float64 { return m.chain.covariance() }

// ModeWeights are the masses of the sign patterns, by the transfer matrix: index Σ_i 2^i [x_i > 0].
func (m *coupledWell) ModeWeights() []float64 { return append([]float64(nil), m.weights...) }

// Mode is the sign pattern of x.
func (m *coupledWell) Mode(x []float64) int { return signPattern(x) }

// wellProposal draws from the chain by rejection. With s the sign of c,
//
//	c x y = |c|/2 (x² + y²) − |c|/2 (x − s y)²
//
// so the density is that of independent wells, whose exponent −(x² − δ)² + a x² is that of a well about δ + a/2 with a
// the sum of |c|/2 over the neighbours, times an acceptance exp(−|c|/2 Σ_i (x_i − s x_{i+1})²).
type wellProposal struct {
	c         float64
	wells     []doubleWell
	logAccept float64 // of an attempt, on average
}

// minWellAcceptance is the acceptance below which no draws are offered.
const minWellAcceptance = 1e-2

func (m *coupledWell) proposal() wellProposal {
	p := wellProposal{c: m.c, wells: make([]doubleWell, m.dim), logAccept: m.chain.logZ}
	one, two := m.delta+math.Abs(m.c)/4, m.delta+math.Abs(m.c)/2
	end, inner := newDoubleWell(one), newDoubleWell(two)
	if m.dim == 1 {
		end = newDoubleWell(m.delta)
	}
	for i := range p.wells {
		p.wells[i] = inner
		if i == 0 || i == m.dim-1 {
			p.wells[i] = end
		}
		w := p.wells[i].delta
		p.logAccept -= p.wells[i].logZ + w*w - m.delta*m.delta // completing the square
	}
	return p
}

// Sample draws until an attempt is accepted.
func (p wellProposal) Sample(_ context.Context, first, n int, key rng.Key, x []float64) error {
	d := len(p.wells)
	for i := range n {
		slot, row := uint32(first+i), x[i*d:(i+1)*d]
		for attempt := uint32(0); ; attempt++ {
			stage := attempt * uint32(d+1) // a well each, and the decision
			for j, w := range p.wells {
				row[j] = w.sample(key, slot, stage+uint32(j))
			}
			s := 0.0
			for j := 1; j < d; j++ {
				e := row[j-1] - math.Copysign(1, p.c)*row[j]
				s += e * e
			}
			if math.Log(key.Uniform(slot, stage+uint32(d), 0)) < -0.5*math.Abs(p.c)*s {
				break
			}
		}
	}
	return nil
}

func coupledWellItems() []item {
	instance := func(c float64) item {
		return item{name: fmt.Sprintf("coupled_many_well_d5_delta4_c%v", c), kind: kindInstance,
			summary: fmt.Sprintf("5 double wells in a chain with coupling %v: 32 unequal modes", c),
			build:   func(*reader, string) (Density, error) { return NewCoupledManyWell(5, 4, c) }}
	}
	return []item{
		{
			name: "coupled-many-well", kind: kindFamily, summary: "a chain of coupled double wells: 2^dim unequal modes, no product in any coordinates",
			options: []Option{
				{"dim", "integer", "5", "number of wells"},
				{"delta", "number", "4", "the wells are at ±√delta; the barrier between them has height delta²"},
				{"coupling", "number", "0.3", "coupling of neighbours"},
			},
			build: func(r *reader, _ string) (Density, error) {
				return NewCoupledManyWell(r.int("dim", 5, 1, 10_000),
					r.float("delta", 4, "a number from -100 to 100", func(f float64) bool { return math.Abs(f) <= 100 }),
					r.float("coupling", 0.3, "a number from -10 to 10", func(f float64) bool { return math.Abs(f) <= 10 }))
			},
		},
		instance(0.15), instance(0.3),
	}
}
