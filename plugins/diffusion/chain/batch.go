package chain

import (
	"math"

	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/optim"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Batch is a number of paths and what a step of training makes of them.
type Batch[T vec.Float] struct {
	*Sampler[T]
	Paths, P int

	// Of the paths held. Step k of path i adds Delta[k][i] to its log weight; LogW is the whole.
	Delta      [][]float64
	Start, End []float64 // log p_0(x_0), 0 for a point; log ρ(x_K)
	LogW       []float64
	// First is log ρ(x_0), for who goes on from states of another, see Continue.
	First []float64
	// Along, if it is made, of K+1 times by paths, takes log ρ(x_k) where the chain asks the target on its way, and at the end.
	Along [][]float64

	*optim.Slots[T] // the gradient, after Back

	target      Target[T]
	pool        *par.Pool
	workers     []*worker[T]
	memory      *nn.Memory[T]
	clock       *control.Clock[T]
	xs, raw, xi []T
	slotG       [][]T
	rows        [][]T // adjoints of the clock's rows, a vector a slot
	slopes      []*slopes
	wide        *slopes // of the whole chain that this is a block of
	there, back []T     // coefficients of what is free, see Apart
	apart       bool    // the gradient of the control alone is wanted
	spoilt      []bool  // tiles with a path that was given up

	// What the loops' bodies, made once, read.
	w              *nn.Params[T]
	key            rng.Key
	iter           uint32
	noise          T
	coef, coefBack func(k int) []T
	tilted         []T
	detach         bool
	simulate, play func(worker, t int)
	onward, home   func(worker, t int)
	homing         int
	reverse        func(worker, slot int)
	through        func(worker, slot int)
}

// NewBatch makes room for paths, a multiple of the p of a tile. capBytes bounds the memory of pre-activations.
func NewBatch[T vec.Float](s *Sampler[T], paths, p, capBytes int, pool *par.Pool, target Target[T]) *Batch[T] {
	if paths < p || paths%p != 0 {
		panic("chain: the number of paths must be a multiple of the tile's")
	}
	if err := s.Validate(); err != nil {
		panic(err)
	}
	k, d, tiles, layout := s.K(), s.Dim, paths/p, &s.Control.Layout
	b := &Batch[T]{
		Sampler: s, Paths: paths, P: p, Slots: optim.NewSlots[T](layout.Size(), tiles), target: target, pool: pool,
		Start: make([]float64, paths), End: make([]float64, paths), LogW: make([]float64, paths), First: make([]float64, paths),
		memory: nn.NewMemory[T](s.Control.Net, p, tiles*(k+1), capBytes), clock: s.NewClock(),
		xs: tile.Aligned[T](paths * (k + 1) * d), xi: tile.Aligned[T](paths * k * d),
	}
	for range k {
		b.Delta = append(b.Delta, make([]float64, paths))
	}
	for i := range k + 1 {
		if s.needsQ(i) {
			b.raw = tile.Aligned[T](paths * (k + 1) * d)
			break
		}
	}
	b.slotG = make([][]T, b.Slots.Count())
	if b.clock != nil {
		for range b.slotG {
			b.rows = append(b.rows, tile.Aligned[T](b.clock.Size()))
		}
	}
	if s.Free != nil {
		for range b.slotG {
			b.slopes, b.wide = append(b.slopes, newSlopes(s.Spec)), newSlopes(b.whole())
		}
	}
	b.spoilt = make([]bool, tiles)
	for id := range pool.Workers() {
		b.workers = append(b.workers, newWorker(s, id, p, layout))
	}
	b.simulate, b.play, b.onward, b.reverse = b.simulateTile, b.replayTile, b.continueTile, b.backSlot
	b.through, b.home = b.tiltSlot, b.homeTile
	return b
}

// State is x_k of tile t.
func (b *Batch[T]) State(t, k int) tile.Tile[T] { return b.at(b.xs, t, k, b.K()+1) }

// Noise is ξ_k of tile t.
func (b *Batch[T]) Noise(t, k int) tile.Tile[T] { return b.at(b.xi, t, k, b.K()) }

func (b *Batch[T]) score(t, k int) tile.Tile[T] {
	if b.raw == nil {
		return tile.Tile[T]{}
	}
	return b.at(b.raw, t, k, b.K()+1)
}

func (b *Batch[T]) at(v []T, t, k, nodes int) tile.Tile[T] {
	n := b.Dim * b.P
	return tile.Of(v[(t*nodes+k)*n:], b.Dim, b.P)
}

// Simulate draws batch number iter. noise multiplies ξ: above 1 the paths wander more than the sampler's own, which losses
// that take paths as given allow.
func (b *Batch[T]) Simulate(w *nn.Params[T], key rng.Key, iter uint32, noise float64) error {
	b.w, b.key, b.iter, b.noise = w, key, iter, T(noise)
	b.record()
	b.pool.For(b.Paths/b.P, b.simulate)
	b.total()
	return b.target.Err()
}

// Replay evaluates the paths held with other parameters: only Delta, ξ, LogW and, if it is learned, Start change.
func (b *Batch[T]) Replay(w *nn.Params[T]) {
	b.w = w
	b.record()
	b.pool.For(b.Paths/b.P, b.play)
	b.total()
}

func (b *Batch[T]) record() {
	if b.Free != nil {
		apply(b.Free, b.whole(), b.w.Theta)
	}
	if b.clock != nil {
		b.clock.Record(b.w)
	}
}

func (b *Batch[T]) total() {
	for i := range b.LogW {
		b.LogW[i] = b.End[i] - b.Start[i]
		for _, d := range b.Delta {
			b.LogW[i] += d[i]
		}
		if !finite(b.LogW[i]) {
			b.giveUp(i)
		}
	}
}

// giveUp sets path i to zeros, so that what it was cannot get into a gradient by way of 0·NaN. Its weight is zero.
func (b *Batch[T]) giveUp(i int) {
	t, j := i/b.P, i%b.P
	b.spoilt[t] = true
	b.End[i], b.LogW[i] = math.Inf(-1), math.Inf(-1)
	for k := range b.K() + 1 {
		for r := range b.Dim {
			b.State(t, k).Row(r)[j] = 0
			if b.raw != nil {
				b.score(t, k).Row(r)[j] = 0
			}
			if k < b.K() {
				b.Noise(t, k).Row(r)[j] = 0
			}
		}
	}
}

// visit evaluates the control at node k of tile t, and the target's score before that if fresh.
func (b *Batch[T]) visit(w *worker[T], t, k int, fresh, record bool) {
	x, raw := b.State(t, k), b.score(t, k)
	if fresh && k < b.K() && w.needsQ(k) {
		b.target.Eval(w.id, w.logp, raw, x)
		tame(raw)
		if b.Along != nil {
			copy(b.Along[k][t*b.P:], w.logp)
		}
	}
	keep := b.memory.At(t*(b.K()+1) + k)
	if b.spoilt[t] {
		keep = nil
	}
	w.visit(b.w, b.clock, x, raw, k, keep, record)
}

func (b *Batch[T]) simulateTile(worker, t int) {
	w, x := b.workers[worker], b.State(t, 0)
	b.spoilt[t] = false
	if b.Spec.Delta() {
		x.Fill(0)
	} else {
		vec.Normals(x.Data, b.P, b.Dim, b.P, b.key, uint32(t*b.P), b.iter, 0)
		for i := range b.Dim {
			mean, std := b.start(i)
			vec.Scale(x.Row(i), T(std), x.Row(i))
			shift(x.Row(i), T(mean))
		}
	}
	b.visit(w, t, 0, true, false)
	b.walk(w, t)
}

// walk draws the steps of tile t from its first states, where the control has been evaluated.
func (b *Batch[T]) walk(w *worker[T], t int) {
	for k := range b.K() {
		xi, next := b.Noise(t, k), b.State(t, k+1)
		vec.Normals(xi.Data, b.P, b.Dim, b.P, b.key, uint32(t*b.P), b.iter, uint32(k+1))
		if b.noise != 1 {
			vec.Scale(xi.Flat(), b.noise, xi.Flat())
		}
		w.forward(next, b.State(t, k), k)
		w.step(next, xi, k)
		b.end(w, t, k, xi, true)
	}
}

func (b *Batch[T]) replayTile(worker, t int) {
	w := b.workers[worker]
	startLogP(b.Spec, b.Start[t*b.P:(t+1)*b.P], b.State(t, 0))
	b.visit(w, t, 0, false, false)
	for k := range b.K() {
		xi := b.Noise(t, k)
		w.forward(w.t2, b.State(t, k), k)
		w.residual(xi, b.State(t, k+1), w.t2, k)
		b.end(w, t, k, xi, false)
	}
}

// end weighs step k, whose end is known.
func (b *Batch[T]) end(w *worker[T], t, k int, xi tile.Tile[T], fresh bool) {
	lo, hi := t*b.P, (t+1)*b.P
	dlw := b.Delta[k][lo:hi]
	clear(dlw)
	w.leave(dlw, xi, k)
	x, next := b.State(t, k), b.State(t, k+1)
	if fresh && k+1 == b.K() {
		var raw tile.Tile[T]
		if w.needsQ(k + 1) {
			raw = b.score(t, k+1)
		}
		b.target.Eval(w.id, b.End[lo:hi], raw, next)
		if !raw.IsZero() {
			tame(raw)
		}
		startLogP(b.Spec, b.Start[lo:hi], b.State(t, 0))
		if b.Along != nil {
			copy(b.Along[k+1][lo:hi], b.End[lo:hi])
		}
	}
	b.visit(w, t, k+1, fresh, false)
	w.arrive(dlw, x, next, xi, k)
}
