package targets

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

var mixedParams = []Param{{Name: "a"}, {Name: "s", Shape: []int{2}, Support: Positive}, {Name: "b"}}

func TestTransformRoundTrip(t *testing.T) {
	tr, err := NewTransform(mixedParams)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 3).Draw(t, "n")
		u := rapid.SliceOfN(rapid.Float64Range(-700, 700), 4*n, 4*n).Draw(t, "u")
		x, back := make([]float64, 4*n), make([]float64, 4*n)
		tr.Constrain(n, u, x)
		tr.Unconstrain(n, x, back)
		for i := range u {
			if !(math.Abs(back[i]-u[i]) <= 1e-13*math.Max(1, math.Abs(u[i]))) {
				t.Fatalf("coordinate %d: %v became %v and %v", i, u[i], x[i], back[i])
			}
			if pos := i%4 == 1 || i%4 == 2; pos && x[i] != math.Exp(u[i]) || !pos && x[i] != u[i] {
				t.Fatalf("coordinate %d: %v became %v", i, u[i], x[i])
			}
		}
		if n > 0 && tr.LogJacobian(u[:4]) != u[1]+u[2] {
			t.Fatalf("log Jacobian %v at %v", tr.LogJacobian(u[:4]), u[:4])
		}
	})
}

func TestUnconstrainOutsideTheSupport(t *testing.T) {
	tr, err := NewTransform(mixedParams)
	if err != nil {
		t.Fatal(err)
	}
	u := []float64{-1, -1, 0, math.NaN()}
	tr.Unconstrain(1, u, u)
	if d := cmp.Diff([]float64{-1, math.NaN(), math.NaN(), math.NaN()}, u, cmpopts.EquateNaNs()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestUnsupportedSupport(t *testing.T) {
	d := FuncNoGrad("model", []Param{{Name: "p", Shape: []int{3}, Support: Simplex}}, func([]float64) float64 { return 0 })
	_, _, err := Unconstrain(d)
	if err == nil || err.Error() != "model: parameter p: support simplex cannot be transformed to the unconstrained scale; accepted: real, positive" {
		t.Errorf("error %v", err)
	}
}

func TestUnconstrainRealIsTheSame(t *testing.T) {
	d := FuncNoGrad("f", Reals("x", 2), func([]float64) float64 { return 0 })
	free, tr, err := Unconstrain(d)
	if err != nil || free != d || !tr.Identity() || tr.Dim() != 2 {
		t.Errorf("got %v, identity %v, dimension %d, error %v", free, tr.Identity(), tr.Dim(), err)
	}
}

func TestUnconstrainDescribes(t *testing.T) {
	d := Describe(Func("f", mixedParams, func(x, grad []float64) float64 { return 0 }), func(in *Info) {
		in.Known = Known{LogZ: 3, Mean: []float64{1, 2, 3, 4}, SD: []float64{5, 6, 7, 8}}
		in.Can |= HVP | Laplacian
	})
	free, _, err := Unconstrain(d)
	if err != nil {
		t.Fatal(err)
	}
	in, nan := free.Info(), math.NaN()
	want := Known{LogZ: 3, Mean: []float64{1, nan, nan, 4}, SD: []float64{5, nan, nan, 8}}
	if diff := cmp.Diff(want, in.Known, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("known (-want +got):\n%s", diff)
	}
	for _, p := range in.Params {
		if p.Support != Real {
			t.Errorf("%s has support %v", p.Name, p.Support)
		}
	}
	if in.Can != LogP|Grad || d.Info().Params[1].Support != Positive || d.Info().Known.Mean[1] != 2 {
		t.Errorf("offers %v; the original became %+v", in.Can, d.Info())
	}
}

// TestUnconstrainAtTheEdges: where exp leaves the floating-point range the density is zero, and nothing is NaN.
func TestUnconstrainAtTheEdges(t *testing.T) {
	d := FuncParts("f", mixedParams[1:2], func(x, gp, gl []float64) (float64, float64) {
		for i := range gp {
			gp[i], gl[i] = -1/x[i], 1/(x[i]*x[i])
		}
		return -math.Log(x[0]) - math.Log(x[1]), -1/x[0] - 1/x[1]
	})
	free, _, err := Unconstrain(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []Want{LogP, LogP | Grad, Grad, LogP | Grad | Parts} {
		b := NewBatch(5, 2, want)
		copy(b.X, []float64{0.5, -0.5, -800, 1, 1, 800, math.Inf(-1), 0, math.NaN(), 0})
		if err := free.Eval(context.Background(), b); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(b.Status); got != "[ok out_of_support out_of_support out_of_support numerical]" {
			t.Errorf("%v: statuses %s", want, got)
		}
		for i, v := range append(append(append([]float64(nil), b.Grad...), b.GradPrior...), b.GradLik...) {
			if row := i % 10 / 2; row < 4 && (math.IsNaN(v) || row > 0 && v != 0) {
				t.Errorf("%v: gradient entry %d is %v", want, i, v)
			}
		}
		if want.Has(Parts) {
			if b.LogPrior[0] != 0 || !strings.HasPrefix(fmt.Sprint(b.GradPrior), "[0 0 ") {
				t.Errorf("the Jacobian belongs to the prior, which is flat in log x: %v, gradient %v", b.LogPrior, b.GradPrior)
			}
		}
	}
}
