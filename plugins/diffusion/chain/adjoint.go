package chain

import (
	"math"

	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Tilt takes ∂L/∂(log w), one value a path, back to the parameters through the simulation, that of the last Simulate, whose
// noise is what is given, and returns the norm of the gradient. With coef = −1/n throughout L is the Kullback–Leibler
// divergence of the paths from those that come back from the target, up to log Z.
//
// With λ_k = ∂L/∂x_k and c = coef, from λ_K = c ∇log ρ(x_K) on, and ρ_k the residual of B_k,
//
//	∂L/∂a_k     = π λ_{k+1}                                  ∂L/∂ℓ_k = √v e^ℓ ξ_k λ_{k+1} + c
//	∂L/∂b_{k+1} = c π′ρ_k/√v′
//	∂L/∂q_k     = δ λ_{k+1} + c δ′ρ_{k−1}/√v′ + what the control makes of it
//	λ_k = κ λ_{k+1} − c ρ_k/√v′_k + c κ′ρ_{k−1}/√v′_{k−1} + (∂q_k/∂x_k)ᵀ ∂L/∂q_k + what the control makes of x_k
//
// where ∂q/∂x holds the target's Hessian. With detach it is left out: cheaper, and no longer the gradient.
func (b *Batch[T]) Tilt(w *nn.Params[T], coef []T, detach bool) (norm float64) {
	b.w, b.tilted, b.detach = w, coef, detach
	b.pool.For(len(b.slotG), b.through)
	b.endSlopes(coef)
	b.finish()
	b.tilted = nil
	return b.Slots.Reduce(b.pool)
}

func (b *Batch[T]) tiltSlot(worker, slot int) {
	w := b.workers[worker]
	lo, hi := b.open(w, slot)
	for t := lo; t < hi; t++ {
		c := b.tile(b.tilted, t)
		for k := b.K(); k >= 0; k-- {
			b.tiltNode(w, t, slot, k, c)
			w.lambda, w.dx = w.dx, w.lambda
		}
		b.tiltStart(w, t, slot, c)
	}
}

// tiltNode sets w.dx to λ_k, w.lambda being λ_{k+1}, and adds to the gradient.
func (b *Batch[T]) tiltNode(w *worker[T], t, slot, k int, c []T) {
	x := b.State(t, k)
	if k == b.K() {
		b.end1(w, t, c)
	} else {
		vec.Scale(w.dx.Flat(), T(b.Steps[k].Forward.Keep), w.lambda.Flat())
		vec.Add(w.dx.Flat(), w.dx.Flat(), w.carry.Flat())
	}
	b.visit(w, t, k, false, true)
	w.dy.Fill(0)
	w.dq.Fill(0)
	if k < b.K() {
		b.tiltLeave(w, t, slot, k, c)
	}
	w.carry.Fill(0)
	if k > 0 && b.Steps[k-1].Backward.Var > 0 && !b.Continuous {
		w.back(b.State(t, k-1), x, k-1)
		b.undoBack(w, c, k-1)
		v := b.Steps[k-1].Backward
		for i := range b.Dim {
			vec.Mul(w.row, c, w.rho.Row(i))
			vec.Scale(w.carry.Row(i), T(-1/math.Sqrt(v.Var)), w.row)
			vec.Axpy(w.dx.Row(i), T(v.Keep/math.Sqrt(v.Var)), w.row)
		}
		if b.Free != nil {
			b.arriveSlopes(w, c, slot, k-1)
		}
	}
	if k <= w.lastNode() {
		b.adjoints(w, slot, k)
		d := w.pass.Backward(b.w, w.dy, w.sink, true)
		control.FillBack(&w.Inputs, w.t1, w.t2, d, w.in, w.q, w.row)
		vec.Add(w.dx.Flat(), w.dx.Flat(), w.t1.Flat())
		vec.Add(w.dq.Flat(), w.dq.Flat(), w.t2.Flat())
	}
	if w.needsQ(k) {
		b.tiltScore(w, t, k)
		if b.Free != nil {
			b.scoreSlopes(w, t, slot, k)
		}
	}
}

// end1 sets w.dx to c ∇log ρ(x_K); of a block, c ∇log γ.
func (b *Batch[T]) end1(w *worker[T], t int, c []T) {
	score := b.score(t, b.K())
	if score.IsZero() || !w.needsQ(b.K()) {
		score = w.raw
		b.target.Eval(w.id, w.logp, score, b.State(t, b.K()))
		tame(score)
	}
	if b.Spec.whole != nil && b.Betas[b.K()] < 1 {
		w.score(b.State(t, b.K()), score, b.K())
		score = w.q
	}
	for i := range b.Dim {
		vec.Mul(w.dx.Row(i), c, score.Row(i))
	}
}

// tiltLeave adds what step k makes of the control at its start.
func (b *Batch[T]) tiltLeave(w *worker[T], t, slot, k int, c []T) {
	f, net, xi := b.Steps[k].Forward, b.Control.Net, b.Noise(t, k)
	da := net.A(w.dy)
	vec.Axpy(da.Flat(), T(f.Push), w.lambda.Flat())
	if b.Continuous { // −½u² − u·ξ, u = π a/√v
		s := f.Push / math.Sqrt(f.Var)
		vec.Scale(w.t1.Flat(), T(s), net.A(w.y).Flat())
		vec.Add(w.t1.Flat(), w.t1.Flat(), xi.Flat())
		for i := range b.Dim {
			vec.Mul(w.row, c, w.t1.Row(i))
			vec.Axpy(da.Row(i), T(-s), w.row)
		}
	}
	if net.Std {
		dl := net.LogStd(w.dy)
		vec.Exp(w.t1.Flat(), net.LogStd(w.y).Flat())
		vec.Mul(w.t1.Flat(), w.t1.Flat(), xi.Flat())
		vec.Mul(w.t1.Flat(), w.t1.Flat(), w.lambda.Flat())
		root := T(math.Sqrt(f.Var))
		for i := range b.Dim {
			copy(dl.Row(i), c)
			vec.Axpy(dl.Row(i), root, w.t1.Row(i))
		}
	}
	if b.Free != nil {
		b.leaveSlopes(w, t, slot, k)
	} else if f.Drift != 0 {
		vec.Axpy(w.dq.Flat(), T(f.Drift), w.lambda.Flat())
	}
}

// tiltScore adds (∂q/∂x)ᵀ ∂L/∂q to w.dx.
func (b *Batch[T]) tiltScore(w *worker[T], t, k int) {
	beta := 1.0
	if b.Betas != nil {
		beta = b.Betas[k]
		for i := range b.Dim {
			_, std := b.start(i)
			vec.Axpy(w.dx.Row(i), T(-(1-beta)/(std*std)), w.dq.Row(i))
		}
	}
	if b.detach || beta == 0 {
		return
	}
	b.target.HVP(w.id, w.t1, b.State(t, k), w.dq)
	tame(w.t1)
	vec.Axpy(w.dx.Flat(), T(beta), w.t1.Flat())
}

// tiltStart adds what the start, x_0 = m + s ζ, says: w.lambda is λ_0.
func (b *Batch[T]) tiltStart(w *worker[T], t, slot int, c []T) {
	if b.Free == nil || b.Spec.Delta() {
		return
	}
	x, d := b.State(t, 0), b.slopes[slot]
	for i := range b.Dim {
		mean, _ := b.start(i)
		l := w.lambda.Row(i)
		d.mean[i] += vec.Sum(l)
		d.std[i] += vec.Dot(l, x.Row(i)) - mean*vec.Sum(l) + vec.Sum(c) // −log p_0(x_0) = Σ log s + ½ζ²
	}
}

// tame sets what is not finite to nought.
func tame[T vec.Float](t tile.Tile[T]) {
	if s := vec.Sum(t.Flat()); s-s == 0 {
		return
	}
	v := t.Flat()
	for i, x := range v {
		if x-x != 0 {
			v[i] = 0
		}
	}
}
