package targets

import "math"

// Modal is a Density whose modes are known: the space is cut into one region for each, and the mass of each region is
// known. Samplers are judged by it, as neither effective sample sizes nor evidence bounds see a mode that was never
// visited. Find it by ModesOf.
type Modal interface {
	// ModeWeights are the masses of the regions, which add up to one; empty if they are too many to be told apart.
	ModeWeights() []float64
	// Mode is the index of the region that x, a point on the declared scale, lies in; −1 if x has a NaN.
	Mode(x []float64) int
}

// ModesOf is what is known about the modes of d, seen through wrappers that leave the points alone; nil for nothing.
func ModesOf(d Density) Modal {
	m, ok := As[Modal](d)
	if !ok || len(m.ModeWeights()) == 0 {
		return nil
	}
	return m
}

// maxSignModes is the number of coordinates up to which each sign pattern counts as a mode.
const maxSignModes = 16

// signPattern is the number whose bit i is set where x_i > 0; −1 if x has a NaN.
func signPattern(x []float64) int {
	p := 0
	for i, v := range x {
		if math.IsNaN(v) {
			return -1
		}
		if v > 0 {
			p |= 1 << i
		}
	}
	return p
}

// ModeWeights are those of the components. A region holds the points to whose density its component gives most; its mass
// is the component's weight but for what overlaps.
func (g *mixture) ModeWeights() []float64 {
	w, below := make([]float64, g.k), 0.0
	for i, c := range g.cum {
		w[i], below = c-below, c
	}
	return w
}

// Mode is the component that gives most to the density at x.
func (g *mixture) Mode(x []float64) int {
	best, top := -1, math.Inf(-1)
	for k := range g.k {
		v := g.component(k, x)
		if math.IsNaN(v) {
			return -1
		}
		if best < 0 || v > top {
			best, top = k, v
		}
	}
	return best
}

// ModeWeights are those of the sign patterns of the wells, equal by symmetry: index Σ_i 2^i [x_i > 0].
func (m *manyWell) ModeWeights() []float64 {
	if m.well.delta <= 0 {
		return []float64{1} // no barrier
	}
	if m.wells > maxSignModes {
		return nil
	}
	w := make([]float64, 1<<m.wells)
	fill(w, math.Ldexp(1, -m.wells))
	return w
}

// Mode is the sign pattern of the wells.
func (m *manyWell) Mode(x []float64) int {
	p := signPattern(x[:m.wells])
	if p > 0 && m.well.delta <= 0 {
		return 0
	}
	return p
}
