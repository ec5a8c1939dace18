package chain

import (
	"math"

	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Target is what the paths go to. Its methods may be called by several workers at once, each with its own number.
type Target[T vec.Float] interface {
	// Eval writes the log density of the points of x, unnormalised, to logp and, unless score is the zero tile, its gradient.
	Eval(worker int, logp []float64, score, x tile.Tile[T])
	// HVP writes the products of the Hessian of the log density at x with v to hv.
	HVP(worker int, hv, x, v tile.Tile[T])
	// Err is the first error of an evaluation, after which results are void.
	Err() error
}

// Sampler is a chain with its control.
type Sampler[T vec.Float] struct {
	*Spec
	Control *control.Model[T]
	Inputs  control.Inputs
	// Factor multiplies gate g of coordinate i at time k, a known dependence on time; nil: 1. Gates are numbered as in
	// package control: score, state, std, score and state of the way back.
	Factor func(k, gate int) float64
	// Free is what else of the chain is learned; nil: nothing.
	Free *Free
}

// NewClock evaluates the control's conditions at the chain's times, nil where it has none.
func (s *Sampler[T]) NewClock() *control.Clock[T] {
	if s.Control.Clock == nil {
		return nil
	}
	var factor func(k, c int) float64
	if s.Factor != nil {
		body := s.Control.Net.Body.Cond()
		factor = func(k, c int) float64 {
			if c < body {
				return 1
			}
			return s.Factor(k, (c-body)/s.Dim)
		}
	}
	return control.NewClock(s.Control.Clock, s.Times, s.Control.Start, factor)
}

// lastNode is the last time at which the control is evaluated.
func (s *Sampler[T]) lastNode() int {
	if s.Back == Fixed {
		return s.K() - 1
	}
	return s.K()
}

// needsQ tells whether q is looked at at time k.
func (s *Sampler[T]) needsQ(k int) bool {
	return k <= s.lastNode() && s.Control.Net.NeedsScore() ||
		k < s.K() && s.Steps[k].Forward.Drift != 0 || k > 0 && s.Steps[k-1].Backward.Drift != 0
}

// worker is the memory of one worker: the control's pass over one tile, and scratch.
type worker[T vec.Float] struct {
	*Sampler[T]
	id                int
	in                tile.Tile[T]
	cond              nn.Cond[T]
	pass              nn.Pass[T]
	sink              *nn.Gradient[T]
	q                 tile.Tile[T] // the score that counts at the node visited last
	y                 tile.Tile[T] // the control there
	sd, rho, t1, t2   tile.Tile[T]
	dy                tile.Tile[T]
	dx, dq, lambda    tile.Tile[T] // adjoints of the state, of q, and of the next state
	carry             tile.Tile[T] // what the way back from there says of the state
	row               []T
	wide, logp        []float64
	x, next, raw, cur tile.Tile[T] // for chains that are not kept
}

func newWorker[T vec.Float](s *Sampler[T], id, p int, layout *nn.Layout) *worker[T] {
	var a tile.Arena[T]
	net, d := s.Control.Net, s.Dim
	w := &worker[T]{Sampler: s, id: id, in: a.Input(net.In(), p), sink: nn.NewGradient[T](layout)}
	w.pass = net.NewPass(&a, w.in, &w.cond)
	for _, t := range []*tile.Tile[T]{&w.q, &w.sd, &w.rho, &w.t1, &w.t2, &w.x, &w.next, &w.raw, &w.cur, &w.dx, &w.dq, &w.lambda, &w.carry} {
		*t = a.Tile(d, p)
	}
	w.dy = a.Tile(net.Out(), p)
	w.row, w.wide, w.logp = a.Slice(p), make([]float64, p), make([]float64, p)
	return w
}

// score makes q of time k from the target's score raw at x.
func (w *worker[T]) score(x, raw tile.Tile[T], k int) {
	if w.Betas == nil {
		w.q.Copy(raw)
		return
	}
	b := w.Betas[k]
	vec.Scale(w.q.Flat(), T(b), raw.Flat())
	if w.StartStd == nil {
		vec.Axpy(w.q.Flat(), T(-(1-b)/(w.Scale*w.Scale)), x.Flat())
		return
	}
	for i := range w.Dim {
		mean, std := w.start(i)
		c := T((1 - b) / (std * std))
		vec.Axpy(w.q.Row(i), -c, x.Row(i))
		shift(w.q.Row(i), c*T(mean))
	}
}

// shift adds c to all of v.
func shift[T vec.Float](v []T, c T) {
	for j := range v {
		v[j] += c
	}
}

// visit evaluates the control at x, time k, where the target's score is raw. With record Backward may follow.
func (w *worker[T]) visit(p *nn.Params[T], clock *control.Clock[T], x, raw tile.Tile[T], k int, keep []T, record bool) {
	if w.needsQ(k) {
		w.score(x, raw, k)
	}
	if k > w.lastNode() {
		return
	}
	control.Fill(&w.Inputs, w.in, x, w.q, w.row)
	if n := w.Control.Time.Rows(); w.Control.Net.Times > 0 {
		t := w.in.Slice(w.in.Rows-1-n, w.in.Rows-1)
		t.Slice(0, 1).Fill(T(w.Times[k] / w.horizon()))
		nn.Fill(w.Control.Time, t, t.Row(0))
	}
	if clock != nil {
		w.cond.Row = clock.Row(k)
	}
	if record {
		w.y = w.pass.Record(p, keep)
	} else {
		w.y = w.pass.Forward(p, keep)
	}
}

// root is the standard deviation √v of a kernel, and inverse its reciprocal, as they are computed with. Determinants are made of
// these: those of kernels that were not rounded are off by as much in each coordinate of each step, all in one direction.
func root[T vec.Float](k Kernel) T { return T(math.Sqrt(k.Var)) }

func inverse[T vec.Float](k Kernel) T { return T(1 / math.Sqrt(k.Var)) }

// forward sets mean to that of F_k at x, and sd to the standard deviations √v e^ℓ, if they are learned.
func (w *worker[T]) forward(mean, x tile.Tile[T], k int) {
	f, net := w.Steps[k].Forward, w.Control.Net
	vec.Scale(mean.Flat(), T(f.Keep), x.Flat())
	vec.Axpy(mean.Flat(), T(f.Push), net.A(w.y).Flat())
	if f.Drift != 0 {
		vec.Axpy(mean.Flat(), T(f.Drift), w.q.Flat())
	}
	if net.Std {
		vec.Exp(w.sd.Flat(), net.LogStd(w.y).Flat())
		vec.Scale(w.sd.Flat(), root[T](f), w.sd.Flat())
	}
}

// step sets next to the mean that forward left there plus noise, √v e^ℓ ξ, rounded once: were the product rounded by itself,
// e^ℓ ξ with e^ℓ next to 1 would come out as ξ, for all particles alike.
func (w *worker[T]) step(next, xi tile.Tile[T], k int) {
	if w.Control.Net.Std {
		vec.MulAdd(next.Flat(), w.sd.Flat(), xi.Flat(), next.Flat())
		return
	}
	vec.Axpy(next.Flat(), root[T](w.Steps[k].Forward), xi.Flat())
}

// residual sets xi to what step would have needed to get from mean to next.
func (w *worker[T]) residual(xi, next, mean tile.Tile[T], k int) {
	vec.Sub(xi.Flat(), next.Flat(), mean.Flat())
	if w.Control.Net.Std {
		vec.Div(xi.Flat(), xi.Flat(), w.sd.Flat())
		return
	}
	vec.Scale(xi.Flat(), inverse[T](w.Steps[k].Forward), xi.Flat())
}

// leave adds to dlw what step k, with noise xi, adds to the log weight as far as the control at its start says it: all but
// −½ρ² of the way back, and ½ξ², which goes along with it.
func (w *worker[T]) leave(dlw []float64, xi tile.Tile[T], k int) {
	f, b, net, d := w.Steps[k].Forward, w.Steps[k].Backward, w.Control.Net, float64(w.Dim)
	var c float64
	switch {
	case w.Continuous:
		c = w.Extra[k]
		a, s := net.A(w.y), T(f.Push/math.Sqrt(f.Var))
		vec.Scale(w.t1.Flat(), s, a.Flat())      // u
		vec.Scale(w.t2.Flat(), 0.5, w.t1.Flat()) // ½u
		vec.Add(w.t2.Flat(), w.t2.Flat(), xi.Flat())
		vec.Mul(w.t1.Flat(), w.t1.Flat(), w.t2.Flat()) // u(½u + ξ)
		w.addRows(dlw, w.t1, -1)
	case b.Var == 0:
		c = d * math.Log(2*math.Pi) / 2
	default:
		c = d * math.Log(float64(inverse[T](b)))
	}
	if !net.Std && !w.Continuous {
		c += d * math.Log(float64(root[T](f)))
	}
	for j := range dlw {
		dlw[j] += c
	}
	if net.Std { // what √v e^ℓ came out as: ℓ is off that by much the same for all particles, and log Z would be with it
		for i := range w.sd.Rows {
			vec.Widen(w.wide, w.sd.Row(i))
			vec.Log(w.wide, w.wide)
			vec.Axpy(dlw, 1, w.wide)
		}
	}
}

// arrive adds ½ξ² − ½ρ² of step k, once the control at its end is known; w.rho is ρ.
func (w *worker[T]) arrive(dlw []float64, x, next, xi tile.Tile[T], k int) {
	if w.Steps[k].Backward.Var > 0 && !w.Continuous {
		w.back(x, next, k)
	}
	w.balance(dlw, xi, k)
}

// balance adds ½ξ² − ½ρ², with w.rho as it is.
func (w *worker[T]) balance(dlw []float64, xi tile.Tile[T], k int) {
	if w.Continuous {
		return
	}
	if w.Steps[k].Backward.Var == 0 {
		vec.Mul(w.t1.Flat(), xi.Flat(), xi.Flat())
	} else {
		vec.Sub(w.t1.Flat(), xi.Flat(), w.rho.Flat())
		vec.Add(w.t2.Flat(), xi.Flat(), w.rho.Flat())
		vec.Mul(w.t1.Flat(), w.t1.Flat(), w.t2.Flat())
	}
	w.addRows(dlw, w.t1, 0.5)
}

// back sets w.rho to the residual of B_k between x and next, the control being that at next.
func (w *worker[T]) back(x, next tile.Tile[T], k int) {
	w.undo(w.rho, next, k)
	vec.Sub(w.rho.Flat(), x.Flat(), w.rho.Flat())
	vec.Scale(w.rho.Flat(), inverse[T](w.Steps[k].Backward), w.rho.Flat())
}

// undo sets mean to that of B_k at next.
func (w *worker[T]) undo(mean, next tile.Tile[T], k int) {
	b, net := w.Steps[k].Backward, w.Control.Net
	vec.Scale(mean.Flat(), T(b.Keep), next.Flat())
	switch w.Back {
	case Own:
		vec.Axpy(mean.Flat(), T(b.Push), net.B(w.y).Flat())
	case Tied:
		vec.Axpy(mean.Flat(), T(-b.Push), net.A(w.y).Flat())
	}
	if b.Drift != 0 {
		vec.Axpy(mean.Flat(), T(b.Drift), w.q.Flat())
	}
}

// addRows adds c times the sum of t's rows to dst.
func (w *worker[T]) addRows(dst []float64, t tile.Tile[T], c float64) {
	for i := range t.Rows {
		vec.Widen(w.wide, t.Row(i))
		vec.Axpy(dst, c, w.wide)
	}
}

// startLogP sets dst to log p_0(x), to 0 for a start at a point.
func startLogP[T vec.Float](s *Spec, dst []float64, x tile.Tile[T]) {
	clear(dst)
	if s.Delta() {
		return
	}
	c := -float64(s.Dim) / 2 * math.Log(2*math.Pi)
	for i := range x.Rows {
		mean, std := s.start(i)
		c -= math.Log(std)
		for j, v := range x.Row(i) {
			r := (float64(v) - mean) / std
			dst[j] -= r * r / 2
		}
	}
	for j := range dst {
		dst[j] += c
	}
}
