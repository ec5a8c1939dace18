package regress

import (
	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/optim"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Step evaluates the loss and its gradient, n samples at a time.
type Step[T vec.Float] struct {
	*chain.Sampler[T]
	*optim.Slots[T] // the gradient, after Gradient

	pilot   Pilot[T]
	axes    []T // U of M = UΛUᵀ, where the pilot has axes of its own
	squares []T // U∘U
	table   [][coefficients]T
	n, p    int
	target  chain.Target[T]
	pool    *par.Pool
	clock   *control.Clock[T]
	workers []*worker[T]
	sums    []float64
	rows    [][]T // adjoints of the clock's rows, a vector a slot
	slotG   [][]T

	// What the loop's body, made once, reads.
	w    *nn.Params[T]
	key  rng.Key
	iter uint32
	body func(worker, slot int)
}

type worker[T vec.Float] struct {
	*sample[T] // of the tile at hand
	samples    []*sample[T]
	points     tile.Tile[T] // the states of all of them, where the target takes them together
	scores     tile.Tile[T] // the scores there
	in         tile.Tile[T]
	cond       nn.Cond[T]
	pass       nn.Pass[T]
	sink       *nn.Gradient[T]
	q          tile.Tile[T] // scores at the states
	dy         tile.Tile[T]
	gathered   []T // the conditions, a particle a row
	logp       []float64
}

// wide is a target that is better asked about so many particles at a time, several tiles of them.
type wide interface{ Width() int }

// New makes the memory of a step of n samples, a multiple of the p of a tile.
func New[T vec.Float](s *chain.Sampler[T], pilot Pilot[T], n, p int, pool *par.Pool, target chain.Target[T]) (*Step[T], error) {
	known, err := nodes(s.Spec)
	if err != nil {
		return nil, err
	}
	if n < p || n%p != 0 {
		panic("regress: samples must be a multiple of the tile's")
	}
	st := &Step[T]{
		Sampler: s, Slots: optim.NewSlots[T](s.Control.Layout.Size(), n/p), n: n, p: p, target: target, pool: pool, clock: s.NewClock(),
	}
	for k, v := range known {
		st.table = append(st.table, row[T](v, s.Steps[k].Forward))
	}
	st.Use(pilot)
	st.slotG, st.sums = make([][]T, st.Count()), make([]float64, st.Count())
	if st.clock != nil {
		for range st.slotG {
			st.rows = append(st.rows, tile.Aligned[T](st.clock.Size()))
		}
	}
	net, together := s.Control.Net, 1
	if t, ok := target.(wide); ok && net.NeedsScore() {
		together = max(1, min(t.Width()/p, n/p/st.Count()))
	}
	for range pool.Workers() {
		var a tile.Arena[T]
		w := &worker[T]{in: a.Input(net.In(), p), sink: nn.NewGradient[T](&s.Control.Layout)}
		if st.clock != nil {
			out := st.clock.Out()
			w.cond.Tile, w.cond.DTile, w.gathered = a.Tile(out, p), a.Tile(out, p), a.Slice(out*p)
		}
		w.pass = net.NewPass(&a, w.in, &w.cond)
		for range together {
			w.samples = append(w.samples, newSample(&a, s.Dim, p))
		}
		w.q, w.dy, w.logp = a.Tile(s.Dim, p), a.Tile(net.Out(), p), make([]float64, together*p)
		if together > 1 {
			w.points, w.scores = a.Tile(s.Dim, together*p), a.Tile(s.Dim, together*p)
		}
		st.workers = append(st.workers, w)
	}
	st.body = st.slot
	return st, nil
}

// Use draws from another pilot from now on.
func (s *Step[T]) Use(pilot Pilot[T]) {
	if len(pilot.X) == 0 || len(pilot.X)%s.Dim != 0 || len(pilot.Score) != len(pilot.X) || len(pilot.Precision) != s.Dim {
		panic("regress: a pilot needs draws, a score for each, and precisions")
	}
	s.pilot, s.axes, s.squares = pilot, pilot.Axes, nil
	if s.axes != nil {
		s.squares = make([]T, len(s.axes))
		vec.Mul(s.squares, s.axes, s.axes)
	}
}

// Gradient draws the samples of iteration iter and returns their loss and the norm of its gradient.
func (s *Step[T]) Gradient(w *nn.Params[T], key rng.Key, iter uint32) (loss, norm float64, err error) {
	s.w, s.key, s.iter = w, key, iter
	if s.clock != nil {
		s.clock.Record(w)
	}
	s.pool.For(s.Count(), s.body)
	for _, v := range s.sums {
		loss += v
	}
	if s.clock != nil {
		for _, r := range s.rows[1:] {
			vec.Add(s.rows[0], s.rows[0], r)
		}
		sink := s.workers[0].sink
		sink.G = s.slotG[0]
		s.clock.Backward(w, s.rows[0], sink)
	}
	return loss, s.Reduce(s.pool), s.target.Err()
}

func (s *Step[T]) slot(worker, slot int) {
	w := s.workers[worker]
	s.slotG[slot] = s.Clear(slot)
	w.sink.G, s.sums[slot] = s.slotG[slot], 0
	if s.clock != nil {
		clear(s.rows[slot])
	}
	lo, hi := s.Tiles(slot)
	for t := lo; t < hi; t += len(w.samples) {
		s.tiles(worker, slot, t, min(t+len(w.samples), hi))
	}
}

// tiles adds the parts of tiles lo to hi−1, no more than a worker has samples.
func (s *Step[T]) tiles(worker, slot, lo, hi int) {
	w := s.workers[worker]
	for i, m := range w.samples[:hi-lo] {
		s.draw(m, (lo+i)*s.p)
	}
	var scores tile.Tile[T]
	together := len(w.samples) > 1
	if together {
		scores = s.ask(worker, hi-lo)
	}
	for i, m := range w.samples[:hi-lo] {
		w.sample = m
		switch {
		case !s.Control.Net.NeedsScore():
		case together:
			w.q.Copy(scores.Columns(i*s.p, (i+1)*s.p))
			tame(w.q)
		default:
			s.target.Eval(worker, w.logp, w.q, w.x)
			tame(w.q)
		}
		s.fill(w)
		s.sums[slot] += s.residual(w, w.pass.Record(s.w, nil))
		w.pass.Backward(s.w, w.dy, w.sink, false)
		s.scatter(w, slot)
	}
}

// ask evaluates the scores of the first n samples together.
func (s *Step[T]) ask(worker, n int) (scores tile.Tile[T]) {
	w, p := s.workers[worker], n*s.p
	points := tile.Of(w.points.Data, s.Dim, p)
	scores = tile.Of(w.scores.Data, s.Dim, p)
	for i, m := range w.samples[:n] {
		points.Columns(i*s.p, (i+1)*s.p).Copy(m.x)
	}
	s.target.Eval(worker, w.logp[:p], scores, points)
	return scores
}

// tame sets scores that are not finite to zero.
func tame[T vec.Float](q tile.Tile[T]) {
	for i, v := range q.Flat() {
		if v-v != 0 {
			q.Data[i] = 0
		}
	}
}

// far bounds what a variance is fitted to, in units of itself: pilots have stragglers.
const far = 100

// residual returns the tile's part of the loss and sets dy to its derivatives.
func (s *Step[T]) residual(w *worker[T], out tile.Tile[T]) (sum float64) {
	net := s.Control.Net
	scale := T(float64(s.K()) / float64(s.n) / float64(s.Dim))
	a, ls, da, dl := net.A(out), net.LogStd(out), net.A(w.dy), net.LogStd(w.dy)
	push, unit, off, inv := w.c.Row(cPush), w.c.Row(cUnit), w.row, w.u.Row(0)
	if net.Std { // 1/e^{2ℓ}
		vec.Scale(dl.Flat(), -2, ls.Flat())
		vec.Exp(dl.Flat(), dl.Flat())
	}
	for i := range s.Dim {
		aim, gap, left, g := w.aim.Row(i), w.gap.Row(i), w.left.Row(i), da.Row(i)
		vec.Mul(off, push, a.Row(i))
		vec.Sub(aim, aim, off) // with y
		vec.Add(off, aim, gap) // with ŷ
		precision := unit
		if net.Std {
			r := dl.Row(i)
			vec.Mul(inv, unit, r)
			precision = inv
			vec.MulAdd(r, off, aim, left)
			vec.Mul(r, r, inv)
			for j, v := range r { // the variance to fit, in units of that which is there
				v = min(max(v, -far), far)
				sum += 0.5 * float64(v-1)
				r[j] = scale * (1 - v)
			}
		}
		vec.Mul(g, off, precision)
		if !net.Std {
			sum += 0.5 * vec.Dot(g, off)
		}
		vec.Mul(g, g, push)
		vec.Scale(g, -scale, g)
	}
	if net.Std {
		sum += vec.Sum(ls.Flat())
	}
	return sum * float64(scale)
}
