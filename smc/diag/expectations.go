package diag

import "math"

// OfMeans is a smooth function of k expectations.
type OfMeans func(mean []float64) float64

// linear is f about the means: its value there, and its gradient by central differences over a thousandth of the
// standard deviation of each statistic. Rows are those of the statistics, k to a row, with weights that add up to one.
func (f OfMeans) linear(weight, rows []float64, k int) (mean, slope []float64, value float64) {
	mean, slope = make([]float64, k), make([]float64, k)
	spread := make([]float64, k)
	for i, w := range weight {
		for j, v := range rows[i*k : (i+1)*k] {
			if w > 0 {
				mean[j] += w * v
			}
		}
	}
	for i, w := range weight {
		for j, v := range rows[i*k : (i+1)*k] {
			if w > 0 {
				spread[j] += w * (v - mean[j]) * (v - mean[j])
			}
		}
	}
	at := append([]float64{}, mean...)
	for j := range slope {
		h := 1e-3 * math.Sqrt(spread[j])
		if h == 0 {
			continue // it does not vary, so neither does f by it
		}
		at[j] = mean[j] + h
		up := f(at)
		at[j] = mean[j] - h
		slope[j] = (up - f(at)) / (2 * h)
		at[j] = mean[j]
	}
	return mean, slope, f(mean)
}

// Islands estimates f of the expectations of k statistics from weighted populations: rows[m] are those of the particles
// of island m, k to a row. Islands are pooled, each by its estimate of Z. The standard error is that of f's linear part,
// to which each particle adds I_i = W_i ∇f·(s_i − s̄):
//
//	√(Σ_e I_e²)                       over the stage-0 ancestors e of all islands, I_e that of their descendants (Lee and Whiteley 2018)
//	√(M/(M−1) Σ_m I_m²)               over M islands, I_m that of an island
//
// The first where descendants of enough ancestors are left for a steady estimate, the second where not and there are enough
// islands; NaN where there are neither. Both miss modes that no island has seen, and both are of the first order in 1/N.
func (f OfMeans) Islands(islands []Island, rows [][]float64, k int) (value, se float64) {
	logZ, n := make([]float64, len(islands)), make([]int, len(islands))
	for m, s := range islands {
		logZ[m], n[m] = s.LogZ, len(s.LogW)
	}
	parts, total := Normalise(nil, islandTerms(logZ, n))
	if math.IsNaN(total) || math.IsInf(total, 0) {
		return math.NaN(), math.NaN()
	}
	var weight, all []float64
	for m, s := range islands {
		w, _ := Normalise(nil, s.LogW)
		for _, v := range w {
			weight = append(weight, v*parts[m])
		}
		all = append(all, rows[m]...)
	}
	mean, slope, value := f.linear(weight, all, k)
	var squares, fourths, scatter float64
	at := 0
	for _, s := range islands {
		island, ancestor := 0.0, 0.0
		for i, e := range s.Lineage {
			if w := weight[at]; w > 0 {
				part := 0.0
				for j, v := range all[at*k : (at+1)*k] {
					part += slope[j] * (v - mean[j])
				}
				ancestor += w * part
			}
			at++
			if i+1 == len(s.Lineage) || s.Lineage[i+1] != e {
				squares += ancestor * ancestor
				fourths += ancestor * ancestor * ancestor * ancestor
				island += ancestor
				ancestor = 0
			}
		}
		scatter += island * island // they add up to nought
	}
	switch m := float64(len(islands)); {
	case squares == 0:
		return value, 0
	case squares*squares >= fewestDF*fourths:
		return value, math.Sqrt(squares)
	case len(islands) >= fewestIslands:
		return value, math.Sqrt(scatter * m / (m - 1))
	}
	return value, math.NaN()
}

// Chains estimates f of the expectations of k statistics from chains of equal length, rows[c] being those of chain c, k to
// a row. The standard error is MCSEMean's of f's linear part.
func (f OfMeans) Chains(rows [][]float64, k int) (value, se float64) {
	var all []float64
	for _, r := range rows {
		all = append(all, r...)
	}
	weight := make([]float64, len(all)/k)
	for i := range weight {
		weight[i] = 1 / float64(len(weight))
	}
	mean, slope, value := f.linear(weight, all, k)
	linear := make([][]float64, len(rows))
	varies := false
	for c, r := range rows {
		for ; len(r) > 0; r = r[k:] {
			part := 0.0
			for j, v := range r[:k] {
				part += slope[j] * (v - mean[j])
			}
			varies = varies || part != 0
			linear[c] = append(linear[c], part)
		}
	}
	if !varies {
		return value, 0
	}
	return value, MCSEMean(linear)
}
