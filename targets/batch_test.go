package targets

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestSettle(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		name                  string
		logP                  float64
		grad, wantGrad        float64
		prior, lik            float64 // with parts
		gPrior, wantGPrior    float64
		gLik, wantGLik        float64
		parts                 bool
		wantLogP, wantLogLike float64
		status                Status
	}{
		{name: "fine", logP: -1, grad: 2, wantGrad: 2, wantLogP: -1, status: OK},
		{name: "outside", logP: -inf, grad: nan, wantGrad: 0, wantLogP: -inf, status: OutOfSupport},
		{name: "nan", logP: nan, grad: 1, wantGrad: nan, wantLogP: nan, status: Numerical},
		{name: "infinite", logP: inf, grad: 1, wantGrad: nan, wantLogP: inf, status: Numerical},
		{name: "gradient nan", logP: -1, grad: nan, wantGrad: nan, wantLogP: -1, status: GradBad},
		{name: "gradient infinite", logP: -1, grad: -inf, wantGrad: -inf, wantLogP: -1, status: GradBad},
		{
			name: "parts add up", parts: true, logP: 99, prior: -1, lik: -2, grad: 3, wantGrad: 3, gPrior: 1, wantGPrior: 1, gLik: 2, wantGLik: 2,
			wantLogP: -3, wantLogLike: -2, status: OK,
		},
		{
			name: "prior rules out, likelihood fails", parts: true, prior: -inf, lik: nan, grad: nan, gPrior: nan, gLik: nan,
			wantLogP: -inf, wantLogLike: -inf, status: OutOfSupport,
		},
		{
			name: "prior rules out an infinite likelihood", parts: true, prior: -inf, lik: inf,
			wantLogP: -inf, wantLogLike: -inf, status: OutOfSupport,
		},
		{
			name: "likelihood rules out, prior's gradient stays", parts: true, prior: -1, lik: -inf, grad: 1, gPrior: 1, wantGPrior: 1, gLik: nan,
			wantLogP: -inf, wantLogLike: -inf, status: OutOfSupport,
		},
		{
			name: "likelihood fails", parts: true, prior: -1, lik: nan, wantGrad: nan, wantGPrior: nan, wantGLik: nan,
			wantLogP: nan, wantLogLike: nan, status: Numerical,
		},
		{
			name: "a part's gradient fails", parts: true, prior: -1, lik: -1, gLik: inf, wantGLik: inf, wantLogP: -2, wantLogLike: -1, status: GradBad,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := LogP | Grad
			if c.parts {
				want |= Parts
			}
			b := NewBatch(2, 1, want) // row 0 stands by
			b.LogP[1], b.Grad[1] = c.logP, c.grad
			if c.parts {
				b.LogPrior[1], b.LogLik[1], b.GradPrior[1], b.GradLik[1] = c.prior, c.lik, c.gPrior, c.gLik
			}
			b.Settle()
			got := []float64{b.LogP[1], b.Grad[1]}
			expect := []float64{c.wantLogP, c.wantGrad}
			if c.parts {
				got = append(got, b.LogLik[1], b.GradPrior[1], b.GradLik[1])
				expect = append(expect, c.wantLogLike, c.wantGPrior, c.wantGLik)
			}
			if d := cmp.Diff(expect, got, cmpopts.EquateNaNs()); d != "" {
				t.Errorf("values (-want +got):\n%s", d)
			}
			if b.Status[1] != c.status || b.Status[0] != OK {
				t.Errorf("statuses %v, wanted ok and %v", b.Status, c.status)
			}
		})
	}
}

func TestCheckRefuses(t *testing.T) {
	in := Info{Name: "it", Params: Reals("x", 3), Can: LogP | Grad}
	for _, c := range []struct {
		name  string
		spoil func(b *Batch)
		says  string
	}{
		{"dimension", func(b *Batch) { b.D = 2 }, "it: batch has points of dimension 2, the density has 3"},
		{"capability", func(b *Batch) { b.Want |= Parts }, "it: batch asks for logp|grad|parts, the density offers logp|grad"},
		{"nothing", func(b *Batch) { b.Want = 0 }, "it: batch asks for nothing"},
		{"points", func(b *Batch) { b.X = b.X[1:] }, "X of length 5, wanted 6"},
		{"log density", func(b *Batch) { b.LogP = nil }, "LogP of length 0, wanted 2"},
		{"gradient", func(b *Batch) { b.Grad = b.Grad[:2] }, "Grad of length 2, wanted 6"},
		{"status", func(b *Batch) { b.Status = nil }, "Status of length 0, wanted 2"},
	} {
		b := NewBatch(2, 3, LogP|Grad)
		if err := b.Check(in); err != nil {
			t.Fatal(err)
		}
		c.spoil(b)
		if err := b.Check(in); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, wanted %q", c.name, err, c.says)
		}
	}
}

func TestRowsShareMemory(t *testing.T) {
	b := NewBatch(5, 2, LogP|Grad|Parts|HVP|Laplacian)
	var v Batch
	b.Rows(1, 4, &v)
	if err := v.Check(Info{Params: Reals("x", 2), Can: b.Want}); err != nil {
		t.Fatal(err)
	}
	v.X[0], v.LogP[2], v.GradLik[5], v.HVP[1], v.Laplacian[0], v.Status[2] = 1, 2, 3, 4, 5, GradBad
	if b.X[2] != 1 || b.LogP[3] != 2 || b.GradLik[7] != 3 || b.HVP[3] != 4 || b.Laplacian[1] != 5 || b.Status[3] != GradBad {
		t.Errorf("the view is elsewhere: %+v", b)
	}
}

func TestNames(t *testing.T) {
	for s, want := range map[interface{ String() string }]string{
		OK: "ok", OutOfSupport: "out_of_support", Numerical: "numerical", GradBad: "grad_bad", NotEvaluated: "not_evaluated", Status(9): "status 9",
		Real: "real", CorrCholesky: "corr_cholesky", Support(99): "support 99",
		Want(0): "nothing", LogP: "logp", LogP | Grad | Parts | HVP | Laplacian: "logp|grad|parts|hvp|laplacian",
	} {
		if got := s.String(); got != want {
			t.Errorf("%q, wanted %q", got, want)
		}
	}
}
