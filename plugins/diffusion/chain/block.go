package chain

import (
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Block is the part of the chain from time index from to to, with the same control: what lies between two densities of the
// geometric path. Its paths start where those of the block before end, see Batch.Continue.
func (s *Sampler[T]) Block(from, to int) *Sampler[T] {
	spec := *s.Spec
	spec.Until = s.horizon()
	spec.Times, spec.Steps = s.Times[from:to+1], s.Steps[from:to]
	if s.Betas != nil {
		spec.Betas = s.Betas[from : to+1]
	}
	if s.Extra != nil {
		spec.Extra = s.Extra[from:to]
	}
	b := *s
	b.Spec, b.Free = &spec, nil // it sees what the whole chain is at the time
	if s.Factor != nil {
		b.Factor = func(k, gate int) float64 { return s.Factor(from+k, gate) }
	}
	return &b
}

// Score is the target's score at x_k of tile t; the zero tile where the chain looks at none.
func (b *Batch[T]) Score(t, k int) tile.Tile[T] { return b.score(t, k) }

// Continue draws batch number iter like Simulate, but from first states that are there already: State(t, 0) and Score(t, 0)
// of each tile. Start is still log p_0 of these.
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
