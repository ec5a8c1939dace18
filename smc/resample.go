package smc

import (
	"fmt"
	"slices"

	"github.com/sampan-mc/sampan/smc/diag"
)

// Resampler is a way to draw ancestors in proportion to weights. Both are unbiased: the expected number of offspring of
// a particle is N times its normalised weight.
type Resampler uint8

// The resamplers. Systematic uses one uniform for the whole population and keeps relatives side by side; it has the
// lowest variance in practice. Multinomial draws the ancestors independently.
const (
	Systematic Resampler = iota
	Multinomial
)

// ParseResampler is the resampler of this name.
func ParseResampler(name string) (Resampler, error) {
	switch name {
	case "systematic":
		return Systematic, nil
	case "multinomial":
		return Multinomial, nil
	}
	return 0, fmt.Errorf("unknown resampler %q; accepted: systematic, multinomial", name)
}

// String is the resampler's name as ParseResampler takes it.
func (r Resampler) String() string {
	switch r {
	case Systematic:
		return "systematic"
	case Multinomial:
		return "multinomial"
	}
	return fmt.Sprintf("resampler %d", uint8(r))
}

// ancestors fills dst with the ancestors, non-decreasing, of a population of len(dst) drawn from weights w, which sum to
// one. Ancestor j takes the points p with C[j−1] ≤ p < C[j], C the cumulative weights; a weight of zero takes none.
// Systematic resampling uses u[0] and the points (i + u)/N, multinomial the points u, which it sorts.
func (r Resampler) ancestors(dst []int32, w, u []float64) {
	last := len(w) - 1
	for last > 0 && w[last] == 0 {
		last--
	}
	if r == Multinomial {
		slices.Sort(u)
	}
	n := float64(len(dst))
	j, c := 0, w[0]
	for i := range dst {
		p := (float64(i) + u[0]) / n
		if r == Multinomial {
			p = u[i]
		}
		for p >= c && j < last {
			j++
			c += w[j]
		}
		dst[i] = int32(j)
	}
}

// uniforms is the number of random numbers the resampler takes for n particles.
func (r Resampler) uniforms(n int) int {
	if r == Multinomial {
		return n
	}
	return 1
}

// pairLoss is the log of the factor by which resampling thins out pairs of different ancestry; see package diag.
func (r Resampler) pairLoss(p *Particles) float64 {
	if r == Multinomial {
		return diag.PairLossMultinomial(p.N)
	}
	return diag.PairLossSystematic(p.LogW, p.Lineage)
}
