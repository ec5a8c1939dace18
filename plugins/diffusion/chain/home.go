package chain

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/rng"
)

// SimulateHome is Simulate, but that the first paths, as many tiles of them as there are ends, are drawn the way back, from
// ends that the caller has set: State(t, K) of each tile. Losses that take paths as given allow it, and no mode in which a
// path begins is lost to them.
func (b *Batch[T]) SimulateHome(w *nn.Params[T], key rng.Key, iter uint32, noise float64, tiles int) error {
	b.w, b.key, b.iter, b.noise, b.homing = w, key, iter, T(noise), tiles
	b.record()
	b.pool.For(b.Paths/b.P, b.home)
	b.total()
	return b.target.Err()
}

func (b *Batch[T]) homeTile(worker, t int) {
	if t >= b.homing {
		b.simulateTile(worker, t)
		return
	}
	w := b.workers[worker]
	b.spoilt[t] = false
	for k := b.K() - 1; k >= 0; k-- {
		x, next, v := b.State(t, k), b.State(t, k+1), b.Steps[k].Backward
		if v.Var == 0 {
			x.Fill(0)
			continue
		}
		if b.Spec.Back != Fixed || v.Drift != 0 {
			if w.needsQ(k + 1) {
				b.target.Eval(w.id, w.logp, w.raw, next)
				tame(w.raw)
			}
			w.visit(b.w, b.clock, next, w.raw, k+1, nil, false)
		}
		xi := b.Noise(t, k)
		vec.Normals(xi.Data, b.P, b.Dim, b.P, b.key, uint32(t*b.P), b.iter, uint32(k+1))
		w.undo(x, next, k)
		vec.Axpy(x.Flat(), b.noise*root[T](v), xi.Flat())
	}
	b.visit(w, t, 0, true, false)
	for k := range b.K() {
		xi := b.Noise(t, k)
		w.forward(w.t2, b.State(t, k), k)
		w.residual(xi, b.State(t, k+1), w.t2, k)
		b.end(w, t, k, xi, true)
	}
}
