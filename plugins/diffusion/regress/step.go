package regress

import (
	"math"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/optim"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

func sqrt(x float64) float64 { return math.Sqrt(x) }

// Pilot is draws of the target and the scores there, d values a draw, and κ of each coordinate.
type Pilot[T vec.Float] struct {
	X, Score  []T
	Precision []float64
}

// far bounds the squares that a standard deviation is fitted to, in units of the kernel's variance.
const far = 100

// Step evaluates the loss and its gradient, n samples at a time.
type Step[T vec.Float] struct {
	*chain.Sampler[T]
	*optim.Slots[T] // the gradient, after Gradient

	pilot   Pilot[T]
	nodes   []node
	n, p    int
	target  chain.Target[T]
	pool    *par.Pool
	clock   *control.Clock[T]
	workers []*worker[T]
	sums    []float64
	rows    [][]T
	slotG   [][]T

	w    *nn.Params[T]
	key  rng.Key
	iter uint32
	body func(worker, slot int)
}

type worker[T vec.Float] struct {
	in                        tile.Tile[T]
	cond                      nn.Cond[T]
	pass                      nn.Pass[T]
	sink                      *nn.Gradient[T]
	x, q, y, s, mean, hat, t1 tile.Tile[T]
	dy, u                     tile.Tile[T]
	gathered                  []T // the conditions, a particle a row
	picked, scores            []T // d values a particle
	row                       []T
	coef                      tile.Tile[T]
	at                        []int // k of each particle
	logp                      []float64
}

const (
	cAlpha = iota
	cStd
	cRatio
	cC1
	cC2
	cW
	cKeep
	cPush
	cVar
	coefficients
)

// New makes the memory of a step of n samples, a multiple of the p of a tile.
func New[T vec.Float](s *chain.Sampler[T], pilot Pilot[T], n, p int, pool *par.Pool, target chain.Target[T]) (*Step[T], error) {
	known, err := nodes(s.Spec)
	if err != nil {
		return nil, err
	}
	if n < p || n%p != 0 || len(pilot.X) == 0 || len(pilot.X)%s.Dim != 0 || len(pilot.Score) != len(pilot.X) || len(pilot.Precision) != s.Dim {
		panic("regress: samples must be a multiple of the tile's, and each draw needs its score")
	}
	st := &Step[T]{
		Sampler: s, Slots: optim.NewSlots[T](s.Control.Layout.Size(), n/p), pilot: pilot, nodes: known, n: n, p: p, target: target, pool: pool,
		clock: s.NewClock(),
	}
	st.slotG = make([][]T, st.Count())
	if st.clock != nil {
		for range st.slotG {
			st.rows = append(st.rows, tile.Aligned[T](st.clock.Size()))
		}
	}
	net, d := s.Control.Net, s.Dim
	for range pool.Workers() {
		var a tile.Arena[T]
		w := &worker[T]{in: a.Input(net.In(), p), sink: nn.NewGradient[T](&s.Control.Layout)}
		if st.clock != nil {
			out := st.clock.Out()
			w.cond.Tile, w.cond.DTile, w.gathered = a.Tile(out, p), a.Tile(out, p), a.Slice(out*p)
		}
		w.pass = net.NewPass(&a, w.in, &w.cond)
		for _, t := range []*tile.Tile[T]{&w.x, &w.q, &w.y, &w.s, &w.mean, &w.hat, &w.t1} {
			*t = a.Tile(d, p)
		}
		w.dy, w.u, w.coef = a.Tile(net.Out(), p), a.Tile(2, p), a.Tile(coefficients, p)
		w.picked, w.scores, w.row = a.Slice(d*p), a.Slice(d*p), a.Slice(p)
		w.at, w.logp = make([]int, p), make([]float64, p)
		st.workers = append(st.workers, w)
	}
	st.sums = make([]float64, st.Count())
	st.body = st.slot
	return st, nil
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
	for t := lo; t < hi; t++ {
		s.draw(w, t*s.p)
		if s.Control.Net.NeedsScore() {
			s.target.Eval(worker, w.logp, w.q, w.x)
			tame(w.q)
		}
		s.fill(w)
		out := w.pass.Record(s.w, nil)
		s.sums[slot] += s.residual(w, out)
		w.pass.Backward(s.w, w.dy, w.sink, false)
		s.scatter(w, slot)
	}
}

// tame sets scores that are not finite to zero.
func tame[T vec.Float](q tile.Tile[T]) {
	for i, v := range q.Flat() {
		if v-v != 0 {
			q.Data[i] = 0
		}
	}
}

// draw fills w with samples first to first+P−1: times, draws of the pilot, states on the way back from them.
func (s *Step[T]) draw(w *worker[T], first int) {
	d, p := s.Dim, s.p
	vec.Normals(w.x.Data, p, d, p, s.key, uint32(first), s.iter, 0)
	vec.Uniforms(w.u.Data, p, 2, p, s.key, uint32(first), s.iter, 1)
	size := len(s.pilot.X) / d
	for i := range p {
		k := min(int((float64(first+i)+float64(w.u.Row(0)[i]))*float64(s.K())/float64(s.n)), s.K()-1)
		w.at[i] = k
		j := min(int(float64(w.u.Row(1)[i])*float64(size)), size-1)
		copy(w.picked[i*d:(i+1)*d], s.pilot.X[j*d:])
		copy(w.scores[i*d:(i+1)*d], s.pilot.Score[j*d:])
		n, f := s.nodes[k], s.Steps[k].Forward
		for c, v := range [coefficients]float64{n.alpha, n.std, n.ratio, n.c1, n.c2, n.w, f.Keep, f.Push, f.Var} {
			w.coef.Row(c)[i] = T(v)
		}
	}
	tile.Pack(w.y, w.picked)
	tile.Pack(w.s, w.scores)
	alpha, std, ratio := w.coef.Row(cAlpha), w.coef.Row(cStd), w.coef.Row(cRatio)
	for i := range d {
		x, y, hat := w.x.Row(i), w.y.Row(i), w.hat.Row(i)
		vec.Mul(x, x, std)
		vec.MulAdd(x, alpha, y, x)
		// ŷ = (κ r y + x + r s)/(α + κ r)
		kappa := T(s.pilot.Precision[i])
		vec.Scale(hat, kappa, y)
		vec.Add(hat, hat, w.s.Row(i))
		vec.MulAdd(hat, ratio, hat, x)
		vec.Scale(w.row, kappa, ratio)
		vec.Add(w.row, w.row, alpha)
		vec.Div(hat, hat, w.row)
	}
}

// fill sets the control's inputs and conditions.
func (s *Step[T]) fill(w *worker[T]) {
	control.Fill(&s.Inputs, w.in, w.x, w.q, w.row)
	if n := s.Control.Time.Rows(); s.Control.Net.Times > 0 {
		t := w.in.Slice(w.in.Rows-1-n, w.in.Rows-1)
		for i, k := range w.at {
			t.Row(0)[i] = T(s.Times[k] / s.Times[s.K()])
		}
		nn.Fill(s.Control.Time, t, t.Row(0))
	}
	if s.clock == nil {
		return
	}
	n := s.clock.Out()
	for i, k := range w.at {
		copy(w.gathered[i*n:(i+1)*n], s.clock.Row(k))
	}
	vec.Transpose(w.cond.Tile.Data, s.p, w.gathered, n, s.p, n)
}

// scatter adds the adjoints of the conditions to those of their times.
func (s *Step[T]) scatter(w *worker[T], slot int) {
	if s.clock == nil {
		return
	}
	n := s.clock.Out()
	vec.Transpose(w.gathered, n, w.cond.DTile.Data, s.p, n, s.p)
	for i, k := range w.at {
		row := s.rows[slot][k*n : (k+1)*n]
		vec.Add(row, row, w.gathered[i*n:(i+1)*n])
	}
}

// residual returns the sum of the tile's losses and sets dy to the derivatives of the mean loss.
func (s *Step[T]) residual(w *worker[T], out tile.Tile[T]) (sum float64) {
	net, d := s.Control.Net, s.Dim
	scale := float64(s.K()) / float64(s.n) / float64(d)
	a, ls, da, dl := net.A(out), net.LogStd(out), net.A(w.dy), net.LogStd(w.dy)
	keep, push, v := w.coef.Row(cKeep), w.coef.Row(cPush), w.coef.Row(cVar)
	c1, c2, var2 := w.coef.Row(cC1), w.coef.Row(cC2), w.coef.Row(cW)
	if net.Std { // v/σ²
		vec.Scale(w.t1.Flat(), -2, ls.Flat())
		vec.Exp(w.t1.Flat(), w.t1.Flat())
	}
	for i := range d {
		x, y, hat, ra := w.x.Row(i), w.y.Row(i), w.hat.Row(i), a.Row(i)
		to := da.Row(i)
		for j := range to {
			mean := float64(keep[j]*x[j] + push[j]*ra[j])
			var2j, vj := float64(var2[j]), float64(v[j])
			off := float64(c1[j])*float64(x[j]) + float64(c2[j])*float64(hat[j]) - mean
			plain := float64(c1[j])*float64(x[j]) + float64(c2[j])*float64(y[j]) - mean
			ratio, log := 1.0, 0.0
			if net.Std {
				log = float64(ls.Row(i)[j])
				ratio = float64(w.t1.Row(i)[j])
			}
			spread := (math.Min(plain*plain, far*vj) + var2j) / vj * ratio
			sum += 0.5*off*off/vj*ratio + 0.5*spread + log
			to[j] = T(-scale * off / vj * ratio * float64(push[j]))
			if net.Std {
				dl.Row(i)[j] = T(scale * (1 - spread))
			}
		}
	}
	return sum * scale
}
