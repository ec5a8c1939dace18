package targets

import (
	"fmt"
	"math"
	"strings"
)

// NewBatch makes a batch of n points of dimension d with room for every quantity in want.
func NewBatch(n, d int, want Want) *Batch {
	b := &Batch{N: n, D: d, Want: want, X: make([]float64, n*d), Status: make([]Status, n)}
	if want.Has(LogP) {
		b.LogP = make([]float64, n)
	}
	if want.Has(Grad) {
		b.Grad = make([]float64, n*d)
	}
	if want.Has(Parts) {
		b.LogPrior, b.LogLik = make([]float64, n), make([]float64, n)
	}
	if want.Has(Parts | Grad) {
		b.GradPrior, b.GradLik = make([]float64, n*d), make([]float64, n*d)
	}
	if want.Has(HVP) {
		b.V, b.HVP = make([]float64, n*d), make([]float64, n*d)
	}
	if want.Has(Laplacian) {
		b.Laplacian = make([]float64, n)
	}
	return b
}

// Rows points view at rows lo … hi−1 of b: the same memory, and so the same answers.
func (b *Batch) Rows(lo, hi int, view *Batch) {
	n, d := hi-lo, b.D
	col := func(v []float64, w int) []float64 {
		if v == nil {
			return nil
		}
		return v[lo*w : hi*w : hi*w]
	}
	*view = Batch{
		N: n, D: d, Want: b.Want, X: col(b.X, d), V: col(b.V, d), LogP: col(b.LogP, 1), Grad: col(b.Grad, d),
		LogPrior: col(b.LogPrior, 1), LogLik: col(b.LogLik, 1), GradPrior: col(b.GradPrior, d), GradLik: col(b.GradLik, d),
		HVP: col(b.HVP, d), Laplacian: col(b.Laplacian, 1), Status: b.Status[lo:hi:hi],
	}
}

// Check reports what is wrong with b as a request to a density of this description: another dimension, a quantity it
// cannot fill, a slice of the wrong length.
func (b *Batch) Check(in Info) error {
	if d := in.Dim(); b.D != d {
		return fmt.Errorf("%s: batch has points of dimension %d, the density has %d", in.Name, b.D, d)
	}
	if b.Want == 0 || !in.Can.Has(b.Want) {
		return fmt.Errorf("%s: batch asks for %v, the density offers %v", in.Name, b.Want, in.Can)
	}
	for _, s := range []struct {
		name     string
		has, per int
		need     Want
	}{
		{"X", len(b.X), b.D, 0},
		{"LogP", len(b.LogP), 1, LogP},
		{"Grad", len(b.Grad), b.D, Grad},
		{"LogPrior", len(b.LogPrior), 1, Parts},
		{"LogLik", len(b.LogLik), 1, Parts},
		{"GradPrior", len(b.GradPrior), b.D, Parts | Grad},
		{"GradLik", len(b.GradLik), b.D, Parts | Grad},
		{"V", len(b.V), b.D, HVP},
		{"HVP", len(b.HVP), b.D, HVP},
		{"Laplacian", len(b.Laplacian), 1, Laplacian},
		{"Status", len(b.Status), 1, 0},
	} {
		if b.Want.Has(s.need) && s.has != b.N*s.per {
			return fmt.Errorf("%s: batch of %d points has %s of length %d, wanted %d", in.Name, b.N, s.name, s.has, b.N*s.per)
		}
	}
	return nil
}

// Settle gives every row the status its values call for, and brings the row into line with it:
//
//   - with Parts, LogP becomes LogPrior + LogLik, and a log prior of −Inf settles the matter whatever the likelihood said;
//   - outside the support (log density −Inf) the gradient is zero, but for the prior's where only the likelihood vanishes;
//   - where the log density is NaN or +Inf (Numerical) the gradient is NaN;
//   - elsewhere a gradient with an entry that is not finite makes the row GradBad.
//
// A density whose formula can leave the floating-point range ends its Eval with it.
func (b *Batch) Settle() {
	for i := range b.N {
		v := 0.0
		if b.Want.Has(LogP) {
			v = b.LogP[i]
		}
		b.settle(i, v)
	}
}

// settle is Settle for row i, whose log density is v; with Parts, v is ignored.
func (b *Batch) settle(i int, v float64) {
	parts := b.Want.Has(Parts)
	if parts {
		if math.IsInf(b.LogPrior[i], -1) && !(b.LogLik[i] < math.Inf(1)) {
			b.LogLik[i] = math.Inf(-1)
		}
		v = sumParts(b.LogPrior[i], b.LogLik[i])
	}
	if b.Want.Has(LogP) {
		b.LogP[i] = v
	}
	switch {
	case math.IsInf(v, -1):
		b.Status[i] = OutOfSupport
	case math.IsNaN(v) || math.IsInf(v, 1):
		b.Status[i] = Numerical
	default:
		b.Status[i] = OK
	}
	if !b.Want.Has(Grad) {
		return
	}
	grad := b.Grad[i*b.D : (i+1)*b.D]
	var prior, lik []float64
	if parts {
		prior, lik = b.GradPrior[i*b.D:(i+1)*b.D], b.GradLik[i*b.D:(i+1)*b.D]
	}
	switch b.Status[i] {
	case OutOfSupport:
		clear(grad)
		clear(lik)
		if parts && math.IsInf(b.LogPrior[i], -1) {
			clear(prior)
		}
	case Numerical:
		fill(grad, math.NaN())
		fill(prior, math.NaN())
		fill(lik, math.NaN())
	default:
		if !finite(grad) || !finite(prior) || !finite(lik) {
			b.Status[i] = GradBad
		}
	}
}

// sumParts is prior + lik, where a log prior of −Inf settles the matter.
func sumParts(prior, lik float64) float64 {
	if math.IsInf(prior, -1) {
		return prior
	}
	return prior + lik
}

func fill(v []float64, c float64) {
	for i := range v {
		v[i] = c
	}
}

// finite reports whether no entry of v is NaN or infinite: a product with zero is NaN for those, and only for those.
func finite(v []float64) bool {
	s := 0.0
	for _, x := range v {
		s += x * 0
	}
	return s == 0
}

// String names the quantities, "logp|grad".
func (w Want) String() string {
	names := []string{"logp", "grad", "parts", "hvp", "laplacian"}
	var has []string
	for i, n := range names {
		if w.Has(1 << i) {
			has = append(has, n)
		}
	}
	if len(has) == 0 {
		return "nothing"
	}
	return strings.Join(has, "|")
}

// String is the status as it is written to files and to the command line's JSON.
func (s Status) String() string {
	switch s {
	case OK:
		return "ok"
	case OutOfSupport:
		return "out_of_support"
	case Numerical:
		return "numerical"
	case GradBad:
		return "grad_bad"
	case NotEvaluated:
		return "not_evaluated"
	}
	return fmt.Sprintf("status %d", uint8(s))
}
