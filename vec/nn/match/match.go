package match

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/optim"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Config describes the problem. A net for it has Inputs() inputs and Outputs() outputs, and no conditions.
type Config struct {
	Dim       int
	Reference float64 // S₀
	Sigma     float64 // σ
	Base      bool
	Spread    bool // a third head
	Time      nn.Sinusoid
	Extra     int // rows of further inputs
}

// Inputs is the rows that the net sees: x, the features of time, and what Extra fills in.
func (c Config) Inputs() int { return c.Dim + c.Time.Rows() + c.Extra }

// Outputs is the rows of a, of s and, with Spread, of ℓ.
func (c Config) Outputs() int {
	if c.Spread {
		return 3 * c.Dim
	}
	return 2 * c.Dim
}

// far bounds the ratio of an estimated variance to the one fitted to it: pilots have stragglers.
const far = 100

// Step evaluates the loss and its gradient, n samples at a time.
type Step[T vec.Float] struct {
	Config
	// Extra fills the further inputs of the points x: bounded scores of the target, for one. It may be called by several
	// workers at once.
	Extra           func(worker int, dst, x tile.Tile[T])
	*optim.Slots[T] // the gradient, after Gradient

	n, p    int
	pool    *par.Pool
	workers []*worker[T]
	sums    []float64

	// What the loop's body, made once, reads.
	w    *nn.Params[T]
	key  rng.Key
	iter uint32
	body func(worker, slot int)
}

type worker[T vec.Float] struct {
	*bridge[T]
	in   tile.Tile[T]
	pass nn.Pass[T]
	dy   tile.Tile[T]
	sink *nn.Gradient[T]
}

// NewStep makes the memory of a step of n samples, a multiple of the p of a tile.
func NewStep[T vec.Float](c Config, net nn.Net[T], layout *nn.Layout, pool *par.Pool, pilot Pool[T], n, p int) *Step[T] {
	switch {
	case n <= 0 || p <= 0 || n%p != 0:
		panic("match: the number of samples must be a multiple of the tile's")
	case net.In() != c.Inputs() || net.Out() != c.Outputs() || net.Cond() != 0:
		panic("match: the net does not fit the problem")
	case len(pilot.X) == 0 || len(pilot.X)%c.Dim != 0 || len(pilot.Score) != len(pilot.X):
		panic("match: the pilot needs points, and a score for each")
	}
	s := &Step[T]{Config: c, Slots: optim.NewSlots[T](layout.Size(), n/p), n: n, p: p, pool: pool}
	kappa, rows := pilot.precisions(c.Dim), pilot.joined(c.Dim)
	for range pool.Workers() {
		var a tile.Arena[T]
		k := &worker[T]{bridge: newBridge(&s.Config, rows, kappa, p, &a), in: a.Input(c.Inputs(), p), dy: a.Tile(c.Outputs(), p)}
		k.pass, k.sink = net.NewPass(&a, k.in, nil), nn.NewGradient[T](layout)
		s.workers = append(s.workers, k)
	}
	s.sums = make([]float64, s.Count())
	s.body = s.slot
	return s
}

// Gradient draws the samples of iteration iter and returns their loss and the norm of its gradient.
func (s *Step[T]) Gradient(w *nn.Params[T], key rng.Key, iter uint32) (loss, norm float64) {
	s.w, s.key, s.iter = w, key, iter
	s.pool.For(s.Count(), s.body)
	for _, sum := range s.sums {
		loss += sum
	}
	return loss / float64(s.n*s.Dim), s.Reduce(s.pool)
}

func (s *Step[T]) slot(worker, slot int) {
	k := s.workers[worker]
	k.sink.G, s.sums[slot] = s.Clear(slot), 0
	lo, hi := s.Tiles(slot)
	for t := lo; t < hi; t++ {
		k.draw(s.key, s.iter, t*s.p, s.n)
		k.fill(worker, s.Extra)
		s.sums[slot] += k.residual(k.pass.Record(s.w, nil), T(2/float64(s.n*s.Dim)))
		k.pass.Backward(s.w, k.dy, k.sink, false)
	}
}

// fill sets the net's inputs.
func (k *worker[T]) fill(worker int, extra func(int, tile.Tile[T], tile.Tile[T])) {
	d, times := k.Dim, k.Time.Rows()
	k.in.Slice(0, d).Copy(k.x)
	nn.Fill(k.Time, k.in.Slice(d, d+times), k.t)
	if k.Extra > 0 {
		extra(worker, k.in.Slice(d+times, k.Inputs()), k.x)
	}
}

// residual returns the sum of the losses and sets dy to scale times half their derivatives by y.
func (k *worker[T]) residual(y tile.Tile[T], scale T) float64 {
	sum, d := 0.0, k.Dim
	for i := range d {
		if k.Spread {
			sum += k.spread(i, y)
		}
		r, e := k.a.Row(i), k.dy.Row(i)
		vec.Sub(r, y.Row(i), r)
		vec.Mul(e, r, k.weight.Row(i))
		sum += vec.Dot(r, e)
		e = k.dy.Row(d + i)
		vec.Sub(e, y.Row(d+i), k.s.Row(i))
		sum += vec.Dot(e, e)
	}
	vec.Scale(k.dy.Data, scale, k.dy.Data)
	return sum
}

// spread is the loss of the third head's coordinate i, ½ Var̂/Var + ½ℓ, and sets half its derivatives by ℓ.
func (k *worker[T]) spread(i int, y tile.Tile[T]) float64 {
	d := k.Dim
	mean, l, g := k.tmp.Row(0), y.Row(2*d+i), k.dy.Row(2*d+i)
	vec.Mul(mean, k.c.Row(cDrift), y.Row(d+i)) // D
	vec.Add(mean, mean, y.Row(i))
	vec.Mul(mean, mean, k.c.Row(cFar))
	vec.MulAdd(mean, k.c.Row(cMean), k.x.Row(i), mean)
	vec.Scale(g, -1, l)
	vec.Exp(g, g)
	vec.Mul(g, g, k.c.Row(cUnit)) // 1/Var
	x1, hat, c, sum := k.x1.Row(i), k.hat.Row(i), k.left.Row(i), 0.0
	for j, inv := range g {
		ratio := min(max(((x1[j]-mean[j])*(hat[j]-mean[j])+c[j])*inv, -far), far)
		sum += 0.5 * float64(ratio+l[j])
		g[j] = 0.25 * (1 - ratio)
	}
	return sum
}
