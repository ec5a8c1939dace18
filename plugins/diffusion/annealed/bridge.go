// Package annealed moves particles along the geometric path between reference and target by unadjusted Langevin steps,
// and knows the ratio of the step back to the step forth.
//
//	γ_β(x) = γ_0(x)^(1−β) · γ_1(x)^β,   0 = β_0 < … < β_K = 1,   s_k = ∇ log γ_{β_k}
//	forward    x' ~ N(x + e_k (s_k(x) + a_k(x)),           2 e_k)
//	backward   x  ~ N(x' + e_k (c s_{k+1}(x') + b_{k+1}(x')), 2 e_k)
//	log r      = Σ_k  ½|ξ_k|² − |x − m_B(x')|² / (4 e_k),   ξ_k = (x' − m_F(x)) / √(2 e_k)
//
// With a = b = 0 and c = 1 this is the unadjusted Langevin bridge (annealed importance sampling by unadjusted steps: Heng,
// Bishop, Deligiannidis and Doucet, "Controlled sequential Monte Carlo", Annals of Statistics 2020; Thin et al., "Monte
// Carlo variational auto-encoders", ICML 2021). A backward drift of its own is Monte Carlo diffusion (Doucet, Grathwohl,
// Matthews and Strathmann, "Score-based diffusion meets annealed importance sampling", NeurIPS 2022); b = −a is
// controlled Monte Carlo diffusion (Vargas, Padhy, Blessing and Nüsken, "Transport meets variational inference", ICLR
// 2024). The mean weight is Z for any a, b, c, e and K.
//
// The forward score is taken at β_k and the backward one at β_{k+1}: with a perfect control this spreads the log weights
// a third as far as taking both at one temperature.
package annealed

import (
	"context"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// Control is what a method adds to the scores. Each fills out, n×d, with its drift at the points x, n×d; k counts the
// points of the grid, 0 … K. It must be safe for concurrent use.
type Control interface {
	Forward(k, n int, x, out []float64) error  // a_k, for k < K
	Backward(k, n int, x, out []float64) error // b_k, for k > 0
}

// Bridge is the transport. It implements smc.Backward and smc.CutSetter.
type Bridge struct {
	name      string
	target    targets.Density
	reference smc.Reference
	control   Control // nil: none

	beta  []float64 // K+1: of the grid
	step  []float64 // K: e_k
	ends  []int     // of the segments, as points of the grid; the first is 0, the last K
	again float64   // c, the factor of the score in the backward drift

	// Where the scores of step k are taken: forward[k] at its start, backward[k] at its end.
	forward, backward []float64
}

// New makes a bridge over the grid beta, from 0 to 1, with the step sizes step, one fewer, in that many segments. again is
// the factor of the score in the backward drift, 1 for the reversal of the forward step. control may be nil.
func New(name string, target targets.Density, reference smc.Reference, beta, step []float64, segments int, again float64, control Control) (*Bridge, error) {
	k := len(step)
	if k < 1 || len(beta) != k+1 || beta[0] != 0 || beta[k] != 1 {
		return nil, fmt.Errorf("annealed: %d temperatures and %d steps found; accepted: from 0 to 1, one more than steps", len(beta), k)
	}
	for i, e := range step {
		if !(beta[i+1] > beta[i]) || !(e > 0) || math.IsInf(e, 1) {
			return nil, fmt.Errorf("annealed: step %d goes from β = %v to %v with size %v; accepted: increasing β, positive sizes", i, beta[i], beta[i+1], e)
		}
	}
	b := &Bridge{
		name: name, target: target, reference: reference, control: control, beta: beta, step: step, again: again,
		forward: beta[:k], backward: beta[1:],
	}
	return b, b.SetCuts(segments)
}

// Info describes the bridge: Gaussian kernels in both directions, exact whatever the step sizes.
func (b *Bridge) Info() smc.TransportInfo { return smc.TransportInfo{Name: b.name, Exact: true} }

// Reference is the density the path starts from.
func (b *Bridge) Reference() smc.Reference { return b.reference }

// Cuts are the temperatures at the ends of the segments.
func (b *Bridge) Cuts() []smc.Cut {
	cuts := make([]smc.Cut, len(b.ends)-1)
	for i := range cuts {
		cuts[i] = smc.Cut{Kind: smc.CutBeta, Beta: b.beta[b.ends[i+1]]}
	}
	return cuts
}

// SetCuts cuts the grid into n segments of as equal lengths as can be; at most one for each step. The steps and their
// random numbers stay the same.
func (b *Bridge) SetCuts(n int) error {
	if n < 1 {
		return fmt.Errorf("annealed: %d segments found; accepted: 1 to %d", n, len(b.step))
	}
	n = min(n, len(b.step))
	b.ends = make([]int, n+1)
	for i := range b.ends {
		b.ends[i] = i * len(b.step) / n
	}
	return nil
}

// Segment moves in over the steps of segment k.
func (b *Bridge) Segment(ctx context.Context, k int, in, out *smc.Particles, logRatio []float64, status []targets.Status, key rng.Key) error {
	return b.run(ctx, b.ends[k-1], b.ends[k], 1, in, out, logRatio, status, key)
}

// Backward draws from the backward kernels of segment k, last step first.
func (b *Bridge) Backward(ctx context.Context, k int, in, out *smc.Particles, logRatio []float64, status []targets.Status, key rng.Key) error {
	return b.run(ctx, b.ends[k], b.ends[k-1], -1, in, out, logRatio, status, key)
}

// run walks the grid from point from to point to, in steps of by, which is 1 or −1.
func (b *Bridge) run(ctx context.Context, from, to, by int, in, out *smc.Particles, logRatio []float64, status []targets.Status, key rng.Key) error {
	w := newWalk(b, in, out, status)
	clear(logRatio)
	if err := w.look(ctx); err != nil {
		return err
	}
	for at := from; at != to; at += by {
		k := min(at, at+by) // the step between the two points
		sqrt := math.Sqrt(2 * b.step[k])
		there, back := w.forward, w.backward
		if by < 0 {
			there, back = back, there
		}
		if err := there(k, w.x, w.ahead); err != nil {
			return err
		}
		copy(w.before, w.x)
		w.draw(key, uint32(k), sqrt)
		if err := w.look(ctx); err != nil {
			return err
		}
		if err := back(k, w.x, w.drift); err != nil {
			return err
		}
		for i := range in.N {
			// ξ is the noise that was drawn, η that of the way back; both in units of √2e.
			sum := 0.0
			for j := i * in.D; j < (i+1)*in.D; j++ {
				xi, eta := w.noise[j], (w.before[j]-w.x[j]-b.step[k]*w.drift[j])/sqrt
				sum += (xi - eta) * (xi + eta)
			}
			logRatio[i] += float64(by) * sum / 2
		}
	}
	out.Used = smc.Evals{Gradient: int64(in.N) * int64(max(to-from, from-to)+1)}
	for i, s := range status {
		if s != targets.OK {
			logRatio[i] = math.Inf(-1)
		}
	}
	return nil
}
