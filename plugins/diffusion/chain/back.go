package chain

import (
	"math"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
)

// Back takes ∂L/∂Delta[k], coef(k), one value a path, back to the parameters, the paths being given, and returns the norm
// of the gradient. For a loss of the whole log weight coef gives the same values for all k.
func (b *Batch[T]) Back(w *nn.Params[T], coef func(k int) []T) (norm float64) {
	b.w, b.coef = w, coef
	b.pool.For(len(b.slotG), b.reverse)
	b.finish()
	b.coef = nil
	return b.Slots.Reduce(b.pool)
}

// finish takes the adjoints of the clock's rows, added up over slots, back to the time net.
func (b *Batch[T]) finish() {
	if b.clock == nil {
		return
	}
	for _, r := range b.rows[1:] {
		vec.Add(b.rows[0], b.rows[0], r)
	}
	sink := b.workers[0].sink
	sink.G = b.slotG[0]
	b.clock.Backward(b.w, b.rows[0], sink)
}

// open readies slot's gradient for a worker.
func (b *Batch[T]) open(w *worker[T], slot int) (lo, hi int) {
	b.slotG[slot] = b.Slots.Clear(slot)
	w.sink.G = b.slotG[slot]
	if b.clock != nil {
		clear(b.rows[slot])
	}
	return b.Slots.Tiles(slot)
}

// adjoints is where those of the conditions at time k are gathered.
func (b *Batch[T]) adjoints(w *worker[T], slot, k int) {
	if b.clock != nil {
		n := b.clock.Out()
		w.cond.DRow = b.rows[slot][k*n : (k+1)*n]
	}
}

func (b *Batch[T]) backSlot(worker, slot int) {
	w := b.workers[worker]
	lo, hi := b.open(w, slot)
	for t := lo; t < hi; t++ {
		for k := 0; k <= w.lastNode(); k++ {
			b.visit(w, t, k, false, true)
			w.dy.Fill(0)
			if k < b.K() {
				b.leaveBack(w, t, k)
			}
			if k > 0 && b.Spec.Back != Fixed {
				b.arriveBack(w, t, k-1)
			}
			b.adjoints(w, slot, k)
			w.pass.Backward(b.w, w.dy, w.sink, false)
		}
	}
}

// leaveBack sets the adjoints of the control at the start of step k.
func (b *Batch[T]) leaveBack(w *worker[T], t, k int) {
	f, net := b.Steps[k].Forward, b.Control.Net
	c, xi := b.coef(k)[t*b.P:(t+1)*b.P], b.Noise(t, k)
	s := T(-f.Push / math.Sqrt(f.Var))
	da := net.A(w.dy)
	for i := range b.Dim {
		r := da.Row(i)
		vec.Mul(r, c, xi.Row(i))
		vec.Scale(r, s, r)
	}
	if b.Continuous { // −½u² − uξ, ξ given only on the paths' own control: u + ξ − u
		return
	}
	if !net.Std {
		return
	}
	ls := net.LogStd(w.y)
	vec.Scale(w.t1.Flat(), -1, ls.Flat())
	vec.Exp(w.t1.Flat(), w.t1.Flat())
	vec.Mul(da.Flat(), da.Flat(), w.t1.Flat())
	dl := net.LogStd(w.dy)
	for i := range b.Dim {
		r, x := dl.Row(i), xi.Row(i)
		vec.Mul(r, x, x)
		vec.Mul(r, r, c)
		vec.Sub(r, c, r)
	}
}

// arriveBack adds to them what step k says about the control at its end.
func (b *Batch[T]) arriveBack(w *worker[T], t, k int) {
	v := b.Steps[k].Backward
	if v.Var == 0 || v.Push == 0 {
		return
	}
	w.back(b.State(t, k), b.State(t, k+1), k)
	c := b.coef(k)[t*b.P : (t+1)*b.P]
	s, to := T(v.Push/math.Sqrt(v.Var)), b.Control.Net.B(w.dy)
	if b.Spec.Back == Tied {
		s, to = -s, b.Control.Net.A(w.dy)
	}
	for i := range b.Dim {
		vec.Mul(w.row, c, w.rho.Row(i))
		vec.Axpy(to.Row(i), s, w.row)
	}
}
