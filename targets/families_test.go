package targets

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"github.com/sampan-mc/sampan/vec/rng"
)

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol*math.Max(1, math.Abs(want))) {
		t.Errorf("%s is %.17g, wanted %.17g", what, got, want)
	}
}

// TestDoubleWellQuadrature: against 25-digit values, and at the ends of the range of δ against Laplace's series and the
// normal limit.
func TestDoubleWellQuadrature(t *testing.T) {
	for _, c := range []struct{ delta, logZ, sd float64 }{
		{2, 0.2930017366640775952105444, 1.354747844246470598502404},
		{4, -0.1082111025758907863849874, 1.983457749067128087133549},
		{1, .679926242894, .9125488957},
		{3, .047119864711, 1.7050100692},
	} {
		tol := 1e-14
		if c.delta == 1 || c.delta == 3 {
			tol = 1e-10 // given to that
		}
		w := newDoubleWell(c.delta)
		near(t, fmt.Sprintf("log Z at δ = %v", c.delta), w.logZ, c.logZ, tol)
		near(t, fmt.Sprintf("sd at δ = %v", c.delta), w.sd, c.sd, tol)
	}
	const delta = 1000.0
	// x = √(δ + t), t ~ N(0, ½): Z = √(π/δ) E (1 + t/δ)^(−½)
	series := 1 + 3.0/8*0.5/(delta*delta) + 105.0/384*3*0.25/math.Pow(delta, 4)
	near(t, "log Z at δ = 1000", newDoubleWell(delta).logZ, 0.5*math.Log(math.Pi/delta)+math.Log(series), 1e-13)
	// For δ = −D the exponent is −D² − 2Dx² − x⁴, and E x⁴ = 3/(4D)²
	near(t, "log Z at δ = -1000", newDoubleWell(-delta).logZ, -delta*delta+0.5*math.Log(math.Pi/(2*delta))-3/(16*delta*delta), 1e-13)
	near(t, "log Z at δ = 0", newDoubleWell(0).logZ, math.Log(2*math.Gamma(1.25)), 1e-14)
}

// TestDoubleWellAcceptance: neither proposal becomes hopeless anywhere in the range.
func TestDoubleWellAcceptance(t *testing.T) {
	for _, delta := range []float64{-1000, -10, -1, 0, 0.5, 0.999, 1, 2, 10, 1000} {
		w := newDoubleWell(delta)
		k := rng.NewKey(1, "acceptance", 0)
		calls := testing.AllocsPerRun(1, func() { w.sample(k, 0, 0) })
		tries := 0
		for slot := range uint32(2000) {
			x := w.sample(k, slot, 0)
			for attempt := uint32(0); ; attempt += 2 { // the attempt that gave x
				tries++
				var z [1]float64
				k.Normals(z[:], slot, 0, attempt)
				if p := w.proposal(z[0]); math.Abs(p) == math.Abs(x) {
					break
				}
			}
		}
		if tries > 5*2000 || calls != 0 {
			t.Errorf("δ = %v: %d attempts for 2000 draws, %v allocations", delta, tries, calls)
		}
	}
}

// TestPhi4IsTheLatticeSum: against the formula written as a sum over sites with wrapped indices.
func TestPhi4IsTheLatticeSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		extent := rapid.IntRange(1, 4)
		l := []int{extent.Draw(t, "L1"), extent.Draw(t, "L2"), extent.Draw(t, "L3")}
		p := Phi4{Extents: l, Kappa: rapid.Float64Range(-0.3, 0.5).Draw(t, "kappa"), Lambda: 0.3, Open: rapid.Bool().Draw(t, "open")}
		d, err := NewPhi4(p)
		if err != nil {
			t.Fatal(err)
		}
		b := NewBatch(1, l[0]*l[1]*l[2], LogP)
		rng.NewKey(rapid.Uint64().Draw(t, "seed"), "field", 0).Normals(b.X, 0, 0, 0)
		if err := d.Eval(context.Background(), b); err != nil {
			t.Fatal(err)
		}
		phi := func(i, j, k int) float64 {
			if p.Open && (i == l[0] || j == l[1] || k == l[2]) {
				return 0
			}
			return b.X[(i%l[0]*l[1]+j%l[1])*l[2]+k%l[2]]
		}
		want := 0.0
		for i := range l[0] {
			for j := range l[1] {
				for k := range l[2] {
					v := phi(i, j, k)
					want += 2*p.Kappa*v*(phi(i+1, j, k)+phi(i, j+1, k)+phi(i, j, k+1)) - (1-2*p.Lambda)*v*v - p.Lambda*v*v*v*v
				}
			}
		}
		if !(math.Abs(b.LogP[0]-want) <= 1e-12*math.Max(1, math.Abs(want))) {
			t.Fatalf("log density %v, sum %v", b.LogP[0], want)
		}
	})
}

func TestPhi4Known(t *testing.T) {
	for _, c := range []struct {
		p    Phi4
		logZ float64
	}{
		{Phi4{Extents: []int{3, 4}, Kappa: 0.3, Lambda: 0.022}, 13.377659346407809},
		{Phi4{Extents: []int{4, 3}, Kappa: 0.3, Lambda: 0.022}, 13.377659346407809},
		{Phi4{Extents: []int{2, 2}, Kappa: 0, Lambda: 0.022}, 2.3131119074279782},
		{Phi4{Extents: []int{3, 4}, Kappa: 0.3, Lambda: 0.023}, math.NaN()},
		{Phi4{Extents: []int{3, 4}, Kappa: 0.3, Lambda: 0.022, Open: true}, math.NaN()},
		{Phi4{Extents: []int{3, 4, 1}, Kappa: 0.3, Lambda: 0.022}, math.NaN()},
	} {
		d, err := NewPhi4(c.p)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Info().Known.LogZ; got != c.logZ && !(math.IsNaN(got) && math.IsNaN(c.logZ)) {
			t.Errorf("%+v: log Z %v, wanted %v", c.p, got, c.logZ)
		}
	}
}

func readOracle(t *testing.T, name string, v any) {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err == nil {
		err = json.Unmarshal(raw, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func catalogueInfo(t *testing.T, name string) Info {
	t.Helper()
	d, err := New(name, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	return d.Info()
}

func TestConjugateRegression(t *testing.T) {
	var want struct {
		LogZ float64
		Mean []float64   `json:"posterior_mean"`
		Cov  [][]float64 `json:"posterior_cov"`
	}
	readOracle(t, "conjugate_regression.json", &want)
	k := catalogueInfo(t, "conjugate_regression").Known
	near(t, "log Z", k.LogZ, want.LogZ, 1e-13)
	for j := range want.Mean {
		near(t, "mean", k.Mean[j], want.Mean[j], 1e-13)
		near(t, "sd", k.SD[j], math.Sqrt(want.Cov[j][j]), 1e-13)
	}
}

// TestKalman: log Z, and the smoother where it must agree with the filter, at the end.
func TestKalman(t *testing.T) {
	var cases map[string]struct {
		LogZ       float64
		FilterMean [][]float64   `json:"filter_mean"`
		FilterCov  [][][]float64 `json:"filter_cov"`
	}
	readOracle(t, "state_space.json", &cases)
	if len(cases) != 4 {
		t.Fatalf("%d cases", len(cases))
	}
	for name, want := range cases {
		in := catalogueInfo(t, "state_space_"+name)
		near(t, name+": log Z", in.Known.LogZ, want.LogZ, 1e-12)
		end := len(want.FilterMean) - 1
		k := len(want.FilterMean[0])
		if in.Dim() != (end+1)*k {
			t.Fatalf("%s: dimension %d", name, in.Dim())
		}
		for j := range k {
			near(t, name+": last mean", in.Known.Mean[end*k+j], want.FilterMean[end][j], 1e-12)
			near(t, name+": last sd", in.Known.SD[end*k+j], math.Sqrt(want.FilterCov[end][j][j]), 1e-12)
		}
	}
}

// TestSmootherIsTheMode: the joint density of states and data is a normal one in the states, so at the smoothed mean its
// gradient vanishes, and its value is log Z plus the normal constant, −½ log det 2πΣ, with the precision by differences
// of the gradient.
func TestSmootherIsTheMode(t *testing.T) {
	nan := math.NaN()
	d, err := NewStateSpace(StateSpace{
		A: mat.NewDense(2, 2, []float64{0.9, 0.3, -0.2, 0.8}), C: mat.NewDense(2, 2, []float64{1, 0.5, 0, 2}),
		Q: mat.NewSymDense(2, []float64{0.5, 0.1, 0.1, 0.3}), R: mat.NewSymDense(2, []float64{1, 0.4, 0.4, 0.7}),
		P0: mat.NewSymDense(2, []float64{2, -0.5, -0.5, 1}), M0: []float64{1, -1},
		Y: [][]float64{{0.3, -0.2}, {nan, 1}, {nan, nan}, {2, nan}, {-0.4, 0.9}},
	})
	if err != nil {
		t.Fatal(err)
	}
	in := d.Info()
	dim := in.Dim()
	b := NewBatch(dim+1, dim, LogP|Grad) // the mode, and a unit step along each axis
	for i := range b.N {
		copy(b.X[i*dim:], in.Known.Mean)
		if i > 0 {
			b.X[i*dim+i-1]++
		}
	}
	if err := d.Eval(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	precision := mat.NewSymDense(dim, nil)
	for i := range dim {
		near(t, "gradient at the mean", b.Grad[i], 0, 1e-12)
		for j := range dim {
			precision.SetSym(i, j, b.Grad[j]-b.Grad[(i+1)*dim+j])
		}
	}
	var chol mat.Cholesky
	if !chol.Factorize(precision) {
		t.Fatal("not a normal density")
	}
	near(t, "log Z", in.Known.LogZ, b.LogP[0]+0.5*float64(dim)*log2Pi-0.5*chol.LogDet(), 1e-12)
	var cov mat.SymDense
	if err := chol.InverseTo(&cov); err != nil {
		t.Fatal(err)
	}
	for i := range dim {
		near(t, "sd", in.Known.SD[i], math.Sqrt(cov.At(i, i)), 1e-12)
	}
}

// TestLogisticFarOut: no overflow, and no point depends on the batch.
func TestLogisticFarOut(t *testing.T) {
	d, err := New("sonar", nil, "")
	if err != nil {
		t.Fatal(err)
	}
	b := NewBatch(3, 61, LogP|Grad)
	for i := range b.X {
		b.X[i] = []float64{0, 1e6, -1e150}[i/61]
	}
	if err := d.Eval(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	near(t, "log density at 0", b.LogP[0], -200.22986, 1e-6)
	if b.Status[1] != OK || !(b.LogP[1] < -1e12) || b.Status[2] == Numerical || b.Status[2] == GradBad {
		t.Errorf("far out: %v %v", b.LogP, b.Status)
	}
}
