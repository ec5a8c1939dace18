package chain

import (
	"math"
	"slices"

	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Back takes ∂L/∂Delta[k], coef(k), one value a path, back to the parameters, the paths being given, and returns the norm
// of the gradient. For a loss of the whole log weight coef gives the same values for all k.
func (b *Batch[T]) Back(w *nn.Params[T], coef func(k int) []T) (norm float64) {
	return b.BackEach(w, coef, coef)
}

// BackEach is Back with different values for log F_k and the start, there, and log B_k, back.
func (b *Batch[T]) BackEach(w *nn.Params[T], there, back func(k int) []T) (norm float64) {
	b.w, b.coef, b.coefBack = w, there, back
	b.pool.For(len(b.slotG), b.reverse)
	b.endSlopes(there(0))
	b.finish()
	b.coef, b.coefBack = nil, nil
	return b.Slots.Reduce(b.pool)
}

// Apart is Back for the control, and Evidence for what else is free, which has to be something; the paths are the sampler's
// own.
//
// A loss of given paths leaves out how they change with the parameters. For a control that may be: where all paths weigh the
// same nothing is left to change. But temperatures and step sizes get no finite chain to where they do. They are in both
// ways, and by the variance of given paths the noise of the way back should grow, whose paths are then the next ones given:
// the longer the training, the larger the steps and the variance.
func (b *Batch[T]) Apart(w *nn.Params[T], coef func(k int) []T) (norm float64) {
	if b.there == nil {
		b.there, b.back = tile.Aligned[T](b.Paths), tile.Aligned[T](b.Paths)
	}
	Evidence(b.there, b.back, b.LogW)
	b.BackEach(w, func(int) []T { return b.there }, func(int) []T { return b.back })
	free := b.Free.tensors()
	kept := make([][]T, len(free))
	for i, t := range free {
		kept[i] = slices.Clone(b.Grad[t.Off : t.Off+t.Size()])
	}
	b.apart = true
	b.Back(w, coef)
	b.apart = false
	for i, t := range free {
		copy(b.Grad[t.Off:], kept[i])
	}
	return math.Sqrt(vec.Dot(b.Grad, b.Grad))
}

// slope tells whether the gradient by what is free beside the control is wanted.
func (b *Batch[T]) slope() bool { return b.Free != nil && !b.apart }

// finish takes what was added up over slots, the adjoints of the clock's rows and the slopes of what else is free, back to
// the parameters.
func (b *Batch[T]) finish() {
	if b.slope() {
		for _, s := range b.slopes[1:] {
			b.slopes[0].add(s)
		}
		gather(b.Free, b.whole(), b.wholeSlopes(), b.w.Theta, b.slotG[0])
	}
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
	if b.Free != nil {
		b.slopes[slot].clear()
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
		last := w.lastNode()
		if b.slope() {
			last = b.K()
			b.startBack(t, slot)
		}
		for k := 0; k <= last; k++ {
			b.visit(w, t, k, false, true)
			w.dy.Fill(0)
			w.dq.Fill(0)
			if k < b.K() {
				b.leaveBack(w, t, slot, k)
			}
			if k > 0 && (b.Spec.Back != Fixed || b.slope()) {
				b.arriveBack(w, t, slot, k-1)
			}
			if k <= w.lastNode() {
				b.adjoints(w, slot, k)
				input := b.slope() && b.Control.Net.NeedsScore()
				if d := w.pass.Backward(b.w, w.dy, w.sink, input); input {
					control.FillBack(&w.Inputs, w.dx, w.t1, d, w.in, w.q, w.row)
					vec.Add(w.dq.Flat(), w.dq.Flat(), w.t1.Flat())
				}
			}
			if b.slope() {
				b.scoreSlopes(w, t, slot, k)
			}
		}
	}
}

// leaveBack adds to the adjoints of the control at the start of step k what log F_k says: those of the mean times π and δ.
func (b *Batch[T]) leaveBack(w *worker[T], t, slot, k int) {
	f, net := b.Steps[k].Forward, b.Control.Net
	c, xi := b.tile(b.coef(k), t), b.Noise(t, k)
	s := T(-1 / math.Sqrt(f.Var))
	for i := range b.Dim { // −c ξ/√v
		r := w.lambda.Row(i)
		vec.Mul(r, c, xi.Row(i))
		vec.Scale(r, s, r)
	}
	if net.Std {
		ls := net.LogStd(w.y)
		vec.Scale(w.t1.Flat(), -1, ls.Flat())
		vec.Exp(w.t1.Flat(), w.t1.Flat())
		vec.Mul(w.lambda.Flat(), w.lambda.Flat(), w.t1.Flat())
		dl := net.LogStd(w.dy)
		for i := range b.Dim {
			r, x := dl.Row(i), xi.Row(i)
			vec.Mul(r, x, x)
			vec.Mul(r, r, c)
			vec.Sub(r, c, r)
		}
	}
	// Of the continuous process too: −½u² − uξ with u + ξ given.
	vec.Axpy(net.A(w.dy).Flat(), T(f.Push), w.lambda.Flat())
	if b.slope() {
		b.leaveSlopes(w, t, slot, k)
	}
}

// arriveBack adds to them what log B_k says about the control at its end.
func (b *Batch[T]) arriveBack(w *worker[T], t, slot, k int) {
	v := b.Steps[k].Backward
	if v.Var == 0 || v.Push == 0 && !b.slope() {
		return
	}
	w.back(b.State(t, k), b.State(t, k+1), k)
	c := b.tile(b.coefBack(k), t)
	b.undoBack(w, c, k)
	if b.slope() {
		b.arriveSlopes(w, c, slot, k)
	}
}

// undoBack adds c ρ/√v′ times π′ to the adjoint of the control at the end of step k, and times δ′ to that of q there.
func (b *Batch[T]) undoBack(w *worker[T], c []T, k int) {
	v := b.Steps[k].Backward
	s, to := T(v.Push/math.Sqrt(v.Var)), tile.Tile[T]{}
	switch b.Spec.Back {
	case Own:
		to = b.Control.Net.B(w.dy)
	case Tied:
		s, to = -s, b.Control.Net.A(w.dy)
	}
	for i := range b.Dim {
		vec.Mul(w.row, c, w.rho.Row(i))
		if !to.IsZero() {
			vec.Axpy(to.Row(i), s, w.row)
		}
		if v.Drift != 0 {
			vec.Axpy(w.dq.Row(i), T(v.Drift/math.Sqrt(v.Var)), w.row)
		}
	}
}

// tile is tile t's part of a value a path.
func (b *Batch[T]) tile(v []T, t int) []T { return v[t*b.P : (t+1)*b.P] }
