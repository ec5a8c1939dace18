package paths

import (
	"math"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/vec/tile"
)

// subTrajectories is sub-trajectory balance (Madan et al. 2023, arXiv 2209.12782) along the geometric path, cut into n blocks
// of steps with ends k_0 = 0 to k_n = K. With V_m = log γ_{β_{k_m}}(x_{k_m}) − c_m, the c learned but for c_0 = 0, and
// q_m = V_m + Σ_{k<k_m} Delta_k, at the optimum all q of a path are equal, so
//
//	L = mean Σ_{i<j} w_ij (q_j − q_i)²   w_ij ∝ λ^{j−i}, of sum 1
//	∂L/∂q_m = 2 Σ_{i<m} w_im (q_m − q_i) − 2 Σ_{j>m} w_mj (q_j − q_m)
//	∂L/∂Delta_k = Σ_{m: k_m > k} ∂L/∂q_m     ∂L/∂c_m = −∂L/∂q_m
//
// λ = 0 leaves neighbours, detailed balance.
type subTrajectories struct {
	constants
	cuts   []int
	weight []float64   // of j − i = 1, 2, …
	coef   [][]float32 // of each block
	block  []int       // of each step
	each   func(k int) []float32
	q, dq  []float64
}

func newSubTrajectories(s *chain.Spec, n int, lambda float64) *subTrajectories {
	n = min(n, s.K())
	o := &subTrajectories{constants: newConstants(n), q: make([]float64, n+1), dq: make([]float64, n+1), block: make([]int, s.K())}
	sum := 0.0
	for i := range n + 1 {
		o.cuts = append(o.cuts, i*s.K()/n)
		if i > 0 {
			w := math.Pow(lambda, float64(i-1))
			o.weight = append(o.weight, w)
			sum += w * float64(n+1-i)
			for k := o.cuts[i-1]; k < o.cuts[i]; k++ {
				o.block[k] = i - 1
			}
		}
	}
	for i := range o.weight {
		o.weight[i] /= sum
	}
	return o
}

func (o *subTrajectories) keeps() (map[string][]float32, map[string]*int) { return o.constants.keeps() }

func (o *subTrajectories) ready(b *chain.Batch[float32]) {
	for range o.weight {
		o.coef = append(o.coef, tile.Aligned[float32](b.Paths))
	}
	o.each = func(k int) []float32 { return o.coef[o.block[k]] }
	for range b.K() + 1 {
		b.Along = append(b.Along, make([]float64, b.Paths))
	}
}

func (o *subTrajectories) back(t *training, b *chain.Batch[float32], i int) (loss, norm float64) {
	if o.begun == 0 {
		o.begin(b)
	}
	n := 0.0
	for _, l := range b.LogW {
		if l-l == 0 {
			n++
		}
	}
	clear(o.g)
	for p, l := range b.LogW {
		if l-l != 0 {
			for _, c := range o.coef {
				c[p] = 0
			}
			continue
		}
		o.levels(b, p)
		loss += o.pairs() / n
		after := 0.0
		for m := len(o.coef); m > 0; m-- {
			after += o.dq[m]
			o.coef[m-1][p] = float32(after / n)
			o.g[m-1] -= float32(o.dq[m] / n)
		}
	}
	norm = t.takeBack(b, o.each)
	o.step(t, i)
	return loss, norm
}

// levels sets q of path p.
func (o *subTrajectories) levels(b *chain.Batch[float32], p int) {
	sum, from := 0.0, 0
	for m, k := range o.cuts {
		for ; from < k; from++ {
			sum += b.Delta[from][p]
		}
		o.q[m] = b.LogGamma(k, p) + sum
		if m > 0 {
			o.q[m] -= float64(o.c[m-1])
		}
	}
}

// pairs returns the loss of a path and sets dq.
func (o *subTrajectories) pairs() (loss float64) {
	clear(o.dq)
	for i, a := range o.q {
		for j := i + 1; j < len(o.q); j++ {
			w, r := o.weight[j-i-1], o.q[j]-a
			loss += w * r * r
			o.dq[j] += 2 * w * r
			o.dq[i] -= 2 * w * r
		}
	}
	return loss
}

// begin sets the constants to what makes the mean of each q that of the first.
func (o *subTrajectories) begin(b *chain.Batch[float32]) {
	o.begun = 1
	n := 0.0
	for p, l := range b.LogW {
		if l-l != 0 {
			continue
		}
		o.levels(b, p)
		n++
		for m := range o.c {
			o.g[m] += float32(o.q[m+1] - o.q[0])
		}
	}
	for m := range o.c {
		o.c[m] = o.g[m] / float32(max(n, 1))
	}
}
