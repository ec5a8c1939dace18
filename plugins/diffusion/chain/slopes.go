package chain

import (
	"math"

	"github.com/sampan-mc/sampan/vec"
)

// What log weights say of the free numbers of a chain, see Free. w.lambda is the adjoint of the next state.

// leaveSlopes adds the derivative by e_k of step k as far as its start says it, and that of q's adjoint.
func (b *Batch[T]) leaveSlopes(w *worker[T], t, slot, k int) {
	f := b.Steps[k].Forward
	if f.Drift != 0 {
		vec.Axpy(w.dq.Flat(), T(f.Drift), w.lambda.Flat())
	}
	// λ·(a + q + e^ℓ ξ/√(2e))
	sum, xi := 0.0, b.Noise(t, k)
	if f.grows() {
		sum += vec.Dot(w.lambda.Flat(), b.Control.Net.A(w.y).Flat())
	}
	if f.Drift != 0 {
		sum += vec.Dot(w.lambda.Flat(), w.q.Flat())
	}
	if b.Control.Net.Std {
		vec.Exp(w.t1.Flat(), b.Control.Net.LogStd(w.y).Flat())
		vec.Mul(w.t1.Flat(), w.t1.Flat(), xi.Flat())
		xi = w.t1
	}
	sum += vec.Dot(w.lambda.Flat(), xi.Flat()) / math.Sqrt(f.Var)
	b.slopes[slot].size[k] += sum
}

// arriveSlopes adds what its end says: c (ρ·(b + q)/√(2e) + ρ²/(2e)).
func (b *Batch[T]) arriveSlopes(w *worker[T], c []T, slot, k int) {
	v, root := b.Steps[k].Backward, math.Sqrt(b.Steps[k].Backward.Var)
	sum := 0.0
	for i := range b.Dim {
		rho := w.rho.Row(i)
		vec.Mul(w.row, c, rho)
		sum += vec.Dot(w.row, rho) / v.Var
		switch {
		case !v.grows():
		case b.Spec.Back == Own:
			sum += vec.Dot(w.row, b.Control.Net.B(w.y).Row(i)) / root
		case b.Spec.Back == Tied:
			sum -= vec.Dot(w.row, b.Control.Net.A(w.y).Row(i)) / root
		}
		if v.Drift != 0 {
			sum += vec.Dot(w.row, w.q.Row(i)) / root
		}
	}
	b.slopes[slot].size[k] += sum
}

// scoreSlopes takes the adjoint of q at time k to the temperature and the start.
func (b *Batch[T]) scoreSlopes(w *worker[T], t, slot, k int) {
	if b.Betas == nil || !w.needsQ(k) {
		return
	}
	x, raw, d := b.State(t, k), b.score(t, k), b.slopes[slot]
	cold := 1 - b.Betas[k]
	for i := range b.Dim {
		mean, std := b.start(i)
		v, dq := std*std, w.dq.Row(i)
		off := vec.Dot(dq, x.Row(i)) - mean*vec.Sum(dq) // Σ (x − m) ∂L/∂q
		d.beta[k] += vec.Dot(dq, raw.Row(i)) + off/v
		d.mean[i] += cold / v * vec.Sum(dq)
		d.std[i] += 2 * cold / v * off
	}
}

// startBack adds the derivatives of −log p_0(x_0) at given x_0.
func (b *Batch[T]) startBack(t, slot int) {
	if b.Spec.Delta() {
		return
	}
	x, c, d := b.State(t, 0), b.tile(b.coef(0), t), b.slopes[slot]
	for i := range b.Dim {
		mean, std := b.start(i)
		for j, v := range x.Row(i) {
			r := (float64(v) - mean) / std
			d.mean[i] -= float64(c[j]) * r / std
			d.std[i] += float64(c[j]) * (1 - r*r)
		}
	}
}
