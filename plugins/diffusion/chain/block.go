package chain

import (
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Block is the part of the chain from time index from to to, with the same control: what lies between two densities of the
// geometric path. Its paths start where those of the block before end, see Batch.Continue. Temperatures and step sizes may
// be free, and are then those of the whole chain, of which the block uses the memory; the start may not.
func (s *Sampler[T]) Block(from, to int) *Sampler[T] {
	spec := *s.Spec
	spec.Until, spec.whole, spec.from = s.horizon(), s.Spec, from
	spec.Times, spec.Steps = s.Times[from:to+1], s.Steps[from:to]
	if s.Betas != nil {
		spec.Betas = s.Betas[from : to+1]
	}
	if s.Extra != nil {
		spec.Extra = s.Extra[from:to]
	}
	b := *s
	b.Spec = &spec
	if s.Factor != nil {
		b.Factor = func(k, gate int) float64 { return s.Factor(from+k, gate) }
	}
	return &b
}

// Score is the target's score at x_k of tile t; the zero tile where the chain looks at none.
func (b *Batch[T]) Score(t, k int) tile.Tile[T] { return b.score(t, k) }

// Continue draws batch number iter like Simulate, but from first states that are there already: State(t, 0) and Score(t, 0)
// of each tile, and log ρ there in First. Start is still log p_0 of these.
func (b *Batch[T]) Continue(w *nn.Params[T], key rng.Key, iter uint32, noise float64) error {
	b.w, b.key, b.iter, b.noise = w, key, iter, T(noise)
	b.record()
	b.pool.For(b.Paths/b.P, b.onward)
	b.total()
	return b.target.Err()
}

func (b *Batch[T]) continueTile(worker, t int) {
	w := b.workers[worker]
	b.spoilt[t] = false
	b.visit(w, t, 0, false, false)
	b.walk(w, t)
}

// Gain sets sum to what a block adds to the log weight of each path, log γ_end(x_K) − log γ_start(x_0) + Σ Delta, with γ of
// its first and last temperature.
func (b *Batch[T]) Gain(sum []float64) {
	first, last := b.Betas[0], b.Betas[b.K()]
	for t := range b.Paths / b.P {
		lo, hi := t*b.P, (t+1)*b.P
		startLogP(b.Spec, sum[lo:hi], b.State(t, b.K()))
		startLogP(b.Spec, b.Start[lo:hi], b.State(t, 0))
	}
	for i, ref := range sum {
		sum[i] = Mix(last, ref, b.End[i]) - Mix(first, b.Start[i], b.First[i])
		for _, d := range b.Delta {
			sum[i] += d[i]
		}
	}
}

// Mix is log γ_β. At the ends only one of the two counts, be the other infinite.
func Mix(beta, ref, target float64) float64 {
	switch beta {
	case 0:
		return ref
	case 1:
		return target
	}
	return (1-beta)*ref + beta*target
}

// whole is the chain that this is a block of, or it itself.
func (b *Batch[T]) whole() *Spec {
	if b.Spec.whole != nil {
		return b.Spec.whole
	}
	return b.Spec
}

// endSlopes adds the derivatives of a block's gains, times coef, by the temperatures at its ends.
func (b *Batch[T]) endSlopes(coef []T) {
	if !b.slope() || b.Spec.whole == nil {
		return
	}
	d, ref := b.slopes[0], b.workers[0].wide
	for t := range b.Paths / b.P {
		startLogP(b.Spec, ref, b.State(t, b.K()))
		for j, r := range ref {
			if i := t*b.P + j; coef[i] != 0 {
				d.beta[b.K()] += float64(coef[i]) * (b.End[i] - r)
				d.beta[0] -= float64(coef[i]) * (b.First[i] - b.Start[i])
			}
		}
	}
}

// wholeSlopes are those of all slots, at their places in the whole chain.
func (b *Batch[T]) wholeSlopes() *slopes {
	if b.Spec.whole == nil {
		return b.slopes[0]
	}
	b.wide.clear()
	copy(b.wide.beta[b.Spec.from:], b.slopes[0].beta)
	copy(b.wide.size[b.Spec.from:], b.slopes[0].size)
	return b.wide
}
