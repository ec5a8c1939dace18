package targets

// covaried is a density whose covariance is known, d×d row-major, or nil if it is not for this instance: from it come the
// standard deviations along any other axes.
type covaried interface{ covariance() []float64 }

// diagonal is the covariance of coordinates without correlation.
func diagonal(sd []float64) []float64 {
	d := len(sd)
	c := make([]float64, d*d)
	for i, s := range sd {
		c[i*d+i] = s * s
	}
	return c
}

func (m *manyWell) covariance() []float64 { return diagonal(m.info.Known.SD) }

// Given x_1 the others have mean zero, so nothing is correlated.
func (f *funnel) covariance() []float64 { return diagonal(f.info.Known.SD) }

// covariance is Σ_k w_k (V_k + m_k m_kᵀ) − m mᵀ.
func (g *mixture) covariance() []float64 {
	c := diagonal(g.info.Known.SD)
	w := g.ModeWeights()
	for i := range g.d {
		for j := range g.d {
			if i == j {
				continue
			}
			for k := range g.k {
				c[i*g.d+j] += w[k] * (g.mean[k*g.d+i] - g.info.Known.Mean[i]) * (g.mean[k*g.d+j] - g.info.Known.Mean[j])
			}
		}
	}
	return c
}

// covariance is L Lᵀ.
func (g *gaussian) covariance() []float64 {
	d := len(g.mean)
	if g.sd != nil {
		return diagonal(g.sd)
	}
	c := make([]float64, d*d)
	for i := range d {
		for j := range d {
			c[i*d+j] = dot(g.l[i*d:(i+1)*d], g.l[j*d:(j+1)*d])
		}
	}
	return c
}
