package polish

import (
	"math"
	"slices"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/gram"
	"github.com/sampan-mc/sampan/vec/nn/spring"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Config of a Step.
type Config struct {
	spring.Config     // MaxStep is that of a rate of 1, and falls with it
	Paths         int // N, a multiple of Lanes
	Lanes         int // of the tiles that paths are simulated in
}

// Default is what has served well after regression: short steps, the damping high.
var Default = Config{
	Config: spring.Config{Momentum: 0.9, Damping: spring.Damping{Floor: 1e-3, Start: 0.1, Tau: 15}, MaxStep: 0.5, Soft: 5},
	Paths:  256, Lanes: 64,
}

// Step draws paths and moves the parameters.
type Step[T vec.Float] struct {
	Config
	*chain.Sampler[T]
	Solver *spring.Solver[T]

	batch   *chain.Batch[T]
	pool    *par.Pool
	workers []*worker[T]
	j       []T // a row of the parameters' length a path
	mean    []T
	jac     *gram.Jacobian[T] // the same, centred, as the solver wants it
	r       []T
	p, sort []float64

	w                       *nn.Params[T]
	rows, centre, transpose func(worker, i int)
}

// worker is one path's states in columns: steps 0 to K−1.
type worker[T vec.Float] struct {
	x, q, xi tile.Tile[T]
	in       tile.Tile[T]
	cond     nn.Cond[T]
	pass     nn.Pass[T]
	dy       tile.Tile[T]
	sink     *nn.Gradient[T]
	clock    *control.Clock[T]
	drows    []T
	row      []T
	push     []T // −π/√v
}

// New makes the memory of a step.
func New[T vec.Float](c Config, s *chain.Sampler[T], pool *par.Pool, target chain.Target[T]) *Step[T] {
	size := s.Control.Layout.Size()
	st := &Step[T]{
		Config: c, Sampler: s, batch: chain.NewBatch(s, c.Paths, c.Lanes, 0, pool, target), pool: pool,
		j: tile.Aligned[T](c.Paths * size), mean: tile.Aligned[T](size), r: make([]T, c.Paths), p: make([]float64, c.Paths), sort: make([]float64, 0, c.Paths),
	}
	st.jac = gram.NewJacobian[T](c.Paths, c.Lanes, size, []gram.Block{{Rows: size, Cols: 1, Terms: 1, Vector: true}})
	st.Solver = spring.New(pool, c.Config, st.jac)
	net, k := s.Control.Net, s.K()
	for range pool.Workers() {
		var a tile.Arena[T]
		w := &worker[T]{in: a.Input(net.In(), k), dy: a.Tile(net.Out(), k), sink: nn.NewGradient[T](&s.Control.Layout), clock: s.NewClock(), row: a.Slice(k), push: a.Slice(k)}
		if w.clock != nil {
			w.cond.Tile, w.cond.DTile = a.Tile(w.clock.Out(), k), a.Tile(w.clock.Out(), k)
			w.drows = tile.Aligned[T](w.clock.Size())
		}
		w.pass = net.NewPass(&a, w.in, &w.cond)
		for _, t := range []*tile.Tile[T]{&w.x, &w.q, &w.xi} {
			*t = a.Tile(s.Dim, k)
		}
		if n := s.Control.Time.Rows(); net.Times > 0 {
			t := w.in.Slice(w.in.Rows-1-n, w.in.Rows-1)
			for i := range k {
				t.Row(0)[i] = T(s.Times[i] / s.Times[k])
			}
			nn.Fill(s.Control.Time, t, t.Row(0))
		}
		for i, f := range s.Steps {
			w.push[i] = T(-f.Forward.Push / math.Sqrt(f.Forward.Var))
		}
		st.workers = append(st.workers, w)
	}
	st.rows, st.centre, st.transpose = st.rowsOf, st.centreTask, st.transposeTask
	return st
}

// Step draws the paths of iteration iter and moves w at that rate. It returns the robust log variance and whether anything
// was moved.
func (s *Step[T]) Step(w *nn.Params[T], key rng.Key, iter uint32, rate float64) (loss float64, moved bool, err error) {
	if err := s.batch.Simulate(w, key, iter, 1); err != nil {
		return 0, false, err
	}
	if !s.weigh() {
		return math.NaN(), false, nil
	}
	s.w = w
	for _, k := range s.workers {
		k.condition(w)
	}
	s.pool.For(s.Paths/s.Lanes, s.rows)
	s.pool.For(pieces(len(s.mean)), s.centre)
	s.pool.For(s.Paths/s.Lanes, s.transpose)
	s.Solver.MaxStep = s.MaxStep * rate
	out := s.Solver.Step(w.Theta, s.r, s.jac, rate)
	w.Refresh()
	return out.Loss, out.Taken, nil
}

// weigh sets residuals and their weights; false if no log weight is finite. Those that are not have none.
func (s *Step[T]) weigh() bool {
	s.sort = s.sort[:0]
	for _, l := range s.batch.LogW {
		if finite(l) {
			s.sort = append(s.sort, l)
		}
	}
	if len(s.sort) == 0 {
		return false
	}
	slices.Sort(s.sort)
	median, total, mean := s.sort[len(s.sort)/2], 0.0, 0.0
	for i, l := range s.batch.LogW {
		s.p[i] = 0
		if finite(l) {
			r := l - median
			s.p[i] = 1
			if s.Soft > 0 {
				s.p[i] = 1 / (1 + r*r/(s.Soft*s.Soft))
			}
			total += s.p[i]
			mean += s.p[i] * r
		}
	}
	mean /= total
	for i, l := range s.batch.LogW {
		s.p[i] /= total
		s.r[i] = 0
		if s.p[i] > 0 {
			s.r[i] = T(l - median - mean)
		}
	}
	return true
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// condition brings the worker's conditions up to date.
func (k *worker[T]) condition(w *nn.Params[T]) {
	if k.clock == nil {
		return
	}
	k.clock.Record(w)
	for i := range k.cond.Tile.P {
		for c, v := range k.clock.Row(i) {
			k.cond.Tile.Row(c)[i] = v
		}
	}
}

// rowsOf makes the rows of J of a tile of paths.
func (s *Step[T]) rowsOf(worker, t int) {
	k, size := s.workers[worker], len(s.mean)
	for lane := range s.Lanes {
		n := t*s.Lanes + lane
		row := s.j[n*size : (n+1)*size]
		clear(row)
		if s.p[n] > 0 {
			s.gather(k, t, lane)
			s.reverse(k, row)
		}
	}
}

// gather takes the states, scores and noises of one path of a tile to the columns of the worker's.
func (s *Step[T]) gather(k *worker[T], t, lane int) {
	for at := range s.K() {
		x, q, xi := s.batch.State(t, at), s.batch.Score(t, at), s.batch.Noise(t, at)
		for i := range s.Dim {
			k.x.Data[i*k.x.LD+at] = x.Data[i*x.LD+lane]
			k.xi.Data[i*k.xi.LD+at] = xi.Data[i*xi.LD+lane]
			if !q.IsZero() {
				k.q.Data[i*k.q.LD+at] = q.Data[i*q.LD+lane]
			}
		}
	}
}

// reverse sets row to ∂lw/∂θ of the path in the columns.
func (s *Step[T]) reverse(k *worker[T], row []T) {
	net := s.Control.Net
	control.Fill(&s.Inputs, k.in, k.x, k.q, k.row)
	out := k.pass.Record(s.w, nil)
	da := net.A(k.dy)
	for i := range s.Dim {
		vec.Mul(da.Row(i), k.push, k.xi.Row(i))
	}
	if net.Std {
		ls, dl := net.LogStd(out), net.LogStd(k.dy)
		vec.Scale(dl.Flat(), -1, ls.Flat())
		vec.Exp(dl.Flat(), dl.Flat())
		vec.Mul(da.Flat(), da.Flat(), dl.Flat())
		vec.Mul(dl.Flat(), k.xi.Flat(), k.xi.Flat())
		for i, v := range dl.Flat() {
			dl.Data[i] = 1 - v
		}
	}
	k.sink.G = row
	k.pass.Backward(s.w, k.dy, k.sink, false)
	if k.clock != nil {
		d := k.cond.DTile
		vec.Transpose(k.drows, d.Rows, d.Data, d.LD, d.Rows, d.P)
		k.clock.Backward(s.w, k.drows, k.sink)
	}
}

// piece is how many parameters are centred at a time.
const piece = 1 << 10

func pieces(n int) int { return (n + piece - 1) / piece }

// centreTask takes the weighted mean of the rows off them.
func (s *Step[T]) centreTask(_, i int) {
	size := len(s.mean)
	lo, hi := i*piece, min(size, (i+1)*piece)
	mean := s.mean[lo:hi]
	clear(mean)
	for n, p := range s.p {
		vec.Axpy(mean, T(p), s.j[n*size+lo:n*size+hi])
	}
	for n, p := range s.p {
		if p > 0 {
			row := s.j[n*size+lo : n*size+hi]
			vec.Sub(row, row, mean)
		}
	}
}

func (s *Step[T]) transposeTask(_, t int) {
	size, a := len(s.mean), s.jac.Tiles[t][0].A
	vec.Transpose(a.Data, a.LD, s.j[t*s.Lanes*size:], size, s.Lanes, size)
}
