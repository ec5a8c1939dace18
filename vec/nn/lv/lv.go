package lv

import (
	"math"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/optim"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Config describes the diffusion and the batch.
type Config struct {
	Times []float64 // t_0 to t_K
	Sigma []float64 // σ_0 to σ_{K−1}
	Paths int       // a multiple of P
	P     int       // paths a tile
	Cap   int       // bytes for pre-activations
}

// Target writes the log density of the points of x, unnormalised, to logp. It may be called by several workers at once.
type Target[T vec.Float] func(worker int, logp []float64, x tile.Tile[T])

// Step simulates batches and evaluates the gradient of their loss.
type Step[T vec.Float] struct {
	Config
	LogW            []float64 // of the last batch
	X               []T       // where it ended, Dim rows of P paths, tile by tile
	Bad             int       // paths of it without a finite weight: they have no part in the loss
	*optim.Slots[T]           // its gradient, after Gradient

	target   Target[T]
	dim      int
	variance float64 // s
	h, root  []T     // h_k, √h_k
	pool     *par.Pool
	workers  []*worker[T]
	memory   *nn.Memory[T]
	xs, xi   []T // x_k and ξ_k of all tiles and steps
	coef     []T // ∂loss/∂lw
	clock    *nn.Grid[T]
	rows     [][]T // adjoints of the clock's rows, a vector a slot
	slotG    [][]T

	// What the loops' bodies, made once, read.
	w        *nn.Params[T]
	key      rng.Key
	iter     uint32
	simulate func(worker, t int)
	back     func(worker, slot int)
}

type worker[T vec.Float] struct {
	in   tile.Tile[T]
	cond nn.Cond[T]
	pass nn.Pass[T]
	sink *nn.Gradient[T]
	du   tile.Tile[T]
	tmp  tile.Tile[T]
	sum  []T
	logp []float64
}

// New makes the memory of a step. net has as many outputs as inputs; clock, a net of t alone, fills its conditions, and
// is nil where it has none.
func New[T vec.Float](c Config, net, clock nn.Net[T], layout *nn.Layout, pool *par.Pool, target Target[T]) *Step[T] {
	k, d, tiles := len(c.Times)-1, net.In(), c.Paths/c.P
	switch {
	case k < 1 || len(c.Sigma) != k || c.Paths < 2 || c.Paths%c.P != 0:
		panic("lv: times, noise levels and numbers of paths do not fit")
	case net.Out() != d || (clock == nil) != (net.Cond() == 0) || clock != nil && (clock.In() != 1 || clock.Out() != net.Cond()):
		panic("lv: the nets do not fit")
	}
	s := &Step[T]{
		Config: c, LogW: make([]float64, c.Paths), X: tile.Aligned[T](d * c.Paths), Slots: optim.NewSlots[T](layout.Size(), tiles),
		target: target, dim: d, pool: pool, memory: nn.NewMemory(net, c.P, tiles*k, c.Cap),
		xs: tile.Aligned[T](tiles * k * d * c.P), xi: tile.Aligned[T](tiles * k * d * c.P), coef: tile.Aligned[T](c.Paths),
	}
	for i, sigma := range c.Sigma {
		h := c.Times[i+1] - c.Times[i]
		s.variance += sigma * sigma * h
		s.h, s.root = append(s.h, T(h)), append(s.root, T(math.Sqrt(h)))
	}
	s.slotG = make([][]T, s.Slots.Count())
	if clock != nil {
		s.clock = nn.NewGrid(&tile.Arena[T]{}, clock, k)
		for i, t := range c.Times[:k] {
			s.clock.Input().Row(0)[i] = T(t)
		}
		for range s.slotG {
			s.rows = append(s.rows, tile.Aligned[T](s.clock.Size()))
		}
	}
	for range pool.Workers() {
		var a tile.Arena[T]
		w := &worker[T]{in: a.Input(d, c.P), du: a.Tile(d, c.P), tmp: a.Tile(d, c.P), sum: a.Slice(c.P), logp: make([]float64, c.P), sink: nn.NewGradient[T](layout)}
		w.pass = net.NewPass(&a, w.in, &w.cond)
		s.workers = append(s.workers, w)
	}
	s.simulate, s.back = s.simulateTile, s.backSlot
	return s
}

// Gradient simulates batch number iter and returns the loss, the variance of LogW, and the norm of its gradient.
func (s *Step[T]) Gradient(w *nn.Params[T], key rng.Key, iter uint32) (loss, norm float64) {
	s.w, s.key, s.iter = w, key, iter
	if s.clock != nil {
		s.clock.Record(w)
	}
	s.pool.For(s.Paths/s.P, s.simulate)
	loss = s.weigh()
	s.pool.For(len(s.slotG), s.back)
	if s.clock != nil {
		for _, r := range s.rows[1:] {
			vec.Add(s.rows[0], s.rows[0], r)
		}
		sink := s.workers[0].sink
		sink.G = s.slotG[0]
		s.clock.Backward(w, s.rows[0], sink)
	}
	return loss, s.Slots.Reduce(s.pool)
}

// weigh returns the variance of the finite log weights, and sets coef.
func (s *Step[T]) weigh() float64 {
	n, mean, ss := 0.0, 0.0, 0.0
	for _, l := range s.LogW {
		if finite(l) {
			n++
			mean += l
		}
	}
	s.Bad = s.Paths - int(n)
	mean /= n
	for i, l := range s.LogW {
		s.coef[i] = 0
		if finite(l) {
			ss += (l - mean) * (l - mean)
			s.coef[i] = T(2 / (n - 1) * (l - mean))
		}
	}
	return ss / (n - 1)
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
