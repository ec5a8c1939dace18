package chain

import (
	"math"
	"math/bits"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/tile"
)

// wells is e² exp(−(x²−1)²) in one dimension, log Z = .679926 + 2, or in more of them e^c exp(−(x²−δ)²) for each coordinate.
type wells[T vec.Float] struct{ delta, c float64 }

const wellsLogZ = .679926242894 + 2 // of wells{1, 2} in one dimension

func (g wells[T]) Eval(_ int, logp []float64, score, x tile.Tile[T]) {
	for j := range logp {
		logp[j] = g.c
		for i := range x.Rows {
			v := float64(x.Row(i)[j])
			u := v*v - g.delta
			logp[j] -= u * u
			if !score.IsZero() {
				score.Row(i)[j] = T(-4 * v * u)
			}
		}
	}
}

func (wells[T]) HVP(int, tile.Tile[T], tile.Tile[T], tile.Tile[T]) {}
func (wells[T]) Err() error                                        { return nil }

// TestEvidence: E[w] = Z with 400,000 paths to two wells under nets that were drawn, of each kind of chain. The mean weight
// is known to .004 of Z or better, and is 3.5 standard errors off in one of 2,000 choices of the noise, each. That of the
// continuous process fails.
func TestEvidence(t *testing.T) {
	if testing.Short() {
		t.Skip("nine chains of 400,000 paths")
	}
	const k, n = 8, 400_000
	sizes := make([]float64, k)
	rates := make([]float64, k)
	for i := range k {
		sizes[i], rates[i] = .02, .35
	}
	for name, spec := range map[string]*Spec{
		"pis":        Brownian(1, Refined(k), 1),
		"dis":        Reversal(1, Uniform(k), Noise{2, .5}, 1),
		"dis-euler":  Euler(1, Uniform(k), Noise{2, .5}, 1, false),
		"dds":        Exponential(1, Uniform(k), rates, 1),
		"ula":        Langevin(1, Uniform(k), sizes, Uniform(k), 1, Fixed),
		"mcd":        Langevin(1, Uniform(k), sizes, Uniform(k), 1, Own),
		"cmcd":       Langevin(1, Uniform(k), sizes, Uniform(k), 1, Tied),
		"bridge":     Langevin(1, Uniform(k), sizes, nil, 1, Own),
		"continuous": Euler(1, Uniform(k), Noise{2, .5}, 1, true),
	} {
		s := shape(spec, true)
		s.Active = 1
		c, w := random[float32](s, "mlp", .1)
		sampler := &Sampler[float32]{Spec: spec, Control: c, Inputs: control.Inputs{Shape: c.Net.Shape, Clip: 2}}
		b := NewBatch(sampler, n, 64, 0, par.NewPool(2), Target[float32](wells[float32]{1, 2}))
		simulate(t, b, w, 1)
		z := zScore(b.LogW, wellsLogZ)
		_, std := moments(exps(b.LogW, wellsLogZ))
		if se := std / math.Sqrt(n); se > .004 {
			t.Errorf("%s: a relative standard error of %.4f sees little", name, se)
		}
		if spec.Continuous {
			if math.Abs(z) < 7 {
				t.Errorf("%s: the mean weight is only %.1f standard errors off Z", name, z)
			}
		} else if math.Abs(z) > 3.5 {
			t.Errorf("%s: the mean weight is %.1f standard errors off Z", name, z)
		}
	}
}

func exps(lw []float64, logZ float64) []float64 {
	w := make([]float64, len(lw))
	for i, l := range lw {
		w[i] = math.Exp(l - logZ)
	}
	return w
}

// TestSymmetry: a control that is odd in each coordinate, as gates on the score are, leaves each of the 2^m wells of a
// product of double wells its share of the paths, and of the weights. 4 standard errors: all 32 checks are off by chance
// once in 500 choices of the noise. One that pushes to a side does not.
func TestSymmetry(t *testing.T) {
	const d, n = 4, 1 << 15
	spec := Brownian(d, Refined(16), 1.2)
	for _, push := range []float64{0, .2} {
		c, w := constant[float64](control.Shape{Dim: d, Gates: true}, push)
		c.Start = make([]float64, len(c.Start))
		for i := range d {
			c.Start[c.Net.Body.Cond()+i] = .1
		}
		s := &Sampler[float64]{Spec: spec, Control: c, Inputs: control.Inputs{Shape: c.Net.Shape, Clip: 5}}
		b := NewBatch(s, n, 64, 0, par.NewPool(1), Target[float64](wells[float64]{1, 0}))
		simulate(t, b, w, 1)
		weight := exps(b.LogW, float64(d)*(wellsLogZ-2))
		worst := 0.0
		for mode := range 1 << d {
			plain, weighed := make([]float64, n), make([]float64, n)
			for i := range n {
				at := 0
				for j := range d {
					if b.State(i/64, spec.K()).Row(j)[i%64] > 0 {
						at |= 1 << j
					}
				}
				if at == mode {
					plain[i], weighed[i] = 1, weight[i]
				}
			}
			for _, v := range [][]float64{plain, weighed} {
				mean, std := moments(v)
				z := (mean - 1./(1<<d)) / (std / math.Sqrt(n))
				worst = max(worst, math.Abs(z))
				if push == 0 && math.Abs(z) > 4 {
					t.Errorf("wells %0*b, %d on the right: share %.4f, %.1f standard errors off", d, mode, bits.OnesCount(uint(mode)), mean, z)
				}
			}
		}
		if push != 0 && worst < 8 {
			t.Errorf("a push to a side goes unseen: %.1f standard errors", worst)
		}
	}
}
