package mcmc

import "gonum.org/v1/gonum/floats"

// kickDense adds Lᵀ(step∘(w0·g + w1·h)) to the momenta p.
func (m *Mover) kickDense(p, g, h []float64, w0, w1 float64) {
	clear(m.z)
	kickRow(m.z, m.step, g, h, w0, w1)
	row := 0
	for i, v := range m.z {
		floats.AddScaled(p[:i+1], v, m.factor[row:row+i+1])
		row += i + 1
	}
}

// driftDense adds step∘(Lp) to x.
func (m *Mover) driftDense(x, p []float64) {
	lowerTimes(m.w, m.factor, p)
	for j, s := range m.step {
		x[j] += s * m.w[j]
	}
}

// lowerTimes fills dst with L·v, L packed by rows.
func lowerTimes(dst, l, v []float64) {
	row := 0
	for i := range dst {
		dst[i] = floats.Dot(l[row:row+i+1], v[:i+1])
		row += i + 1
	}
}
