package spring

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/sampan-mc/sampan/vec/nn/gram"
	"github.com/sampan-mc/sampan/vec/par"
)

func TestCholesky(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{1, 2, 31, 32, 33, 64, 100, 193, 350} {
		m := mat.NewDense(n, n+3, nil)
		m.Apply(func(_, _ int, _ float64) float64 { return r.NormFloat64() }, m)
		var a mat.SymDense
		a.SymOuterK(1, m)
		l, b := make([]float64, n*n), make([]float64, n)
		for i := range n {
			b[i] = r.NormFloat64()
			for k := range n {
				l[i*n+k] = math.NaN() // above the diagonal nothing is read
				if k <= i {
					l[i*n+k] = a.At(i, k)
				}
			}
		}
		x := slices.Clone(b)
		f := newCholesky(par.NewPool(2), n)
		if !f.factor(l) {
			t.Fatalf("n=%d: not factored", n)
		}
		f.solve(l, x)
		var c mat.Cholesky
		c.Factorize(&a)
		var want mat.VecDense
		if err := c.SolveVecTo(&want, mat.NewVecDense(n, b)); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if e := math.Abs(x[i] - want.AtVec(i)); !(e < 1e-9*(1+mat.Norm(&want, 2))*c.Cond()) {
				t.Fatalf("n=%d: x[%d] is off by %g", n, i, e)
			}
		}
	}
}

func TestCholeskyRefuses(t *testing.T) {
	for _, bad := range []float64{-1, 0, math.NaN(), math.Inf(1)} {
		n := 70
		a := make([]float64, n*n)
		for i := range n {
			a[i*n+i] = 1
		}
		a[50*n+50] = bad
		if newCholesky(par.NewPool(2), n).factor(a) {
			t.Errorf("a pivot of %v passed", bad)
		}
	}
}

const (
	samples = 12
	params  = 40
)

// problem is a Jacobian of one plain block and one of two terms, and J as a dense matrix.
func problem(seed uint64) (*gram.Jacobian[float64], *mat.Dense, []float64) {
	r := rand.New(rand.NewPCG(seed, 8))
	blocks := []gram.Block{{Off: 0, Rows: 5, Cols: 4, Terms: 1}, {Off: 20, Rows: 4, Cols: 5, Terms: 2}}
	j := gram.NewJacobian[float64](samples, 4, params, blocks)
	d := mat.NewDense(samples, params, nil)
	for t, tile := range j.Tiles {
		for f, b := range blocks {
			for i := range tile[f].A.Data {
				tile[f].A.Data[i] = r.NormFloat64()
			}
			for i := range tile[f].B.Data {
				tile[f].B.Data[i] = r.NormFloat64()
			}
			for c := range b.Terms * j.P {
				for i := range b.Rows {
					for o := range b.Cols {
						n, at := t*j.P+c%j.P, b.Off+i*b.Cols+o
						d.Set(n, at, d.At(n, at)+tile[f].A.Row(i)[c]*tile[f].B.Row(o)[c])
					}
				}
			}
		}
	}
	res := make([]float64, samples)
	for i := range res {
		res[i] = 3 * r.NormFloat64()
	}
	return j, d, res
}

// want is the same step in parameter space: the least-squares solution of [qJ; √μ I] d ≈ [−q r; √μ m d₀].
func want(c Config, i int, d *mat.Dense, r []float64, prev *mat.VecDense) *mat.VecDense {
	a, b := mat.NewDense(samples+params, params, nil), mat.NewVecDense(samples+params, nil)
	trace := 0.0
	for n := range samples {
		q := 1.0
		if c.Soft > 0 {
			q = math.Pow(1+math.Pow(r[n]/c.Soft, 2), -0.5)
		}
		for p := range params {
			a.Set(n, p, q*d.At(n, p))
			trace += math.Pow(q*d.At(n, p), 2)
		}
		b.SetVec(n, -q*r[n])
	}
	mu := math.Sqrt(c.Damping.At(i) * trace / samples)
	for p := range params {
		a.Set(samples+p, p, mu)
		b.SetVec(samples+p, mu*c.Momentum*prev.AtVec(p))
	}
	var qr mat.QR
	qr.Factorize(a)
	var x mat.VecDense
	if err := qr.SolveVecTo(&x, false, b); err != nil {
		panic(err)
	}
	return &x
}

func TestAgainstLeastSquares(t *testing.T) {
	for _, c := range []Config{
		{Damping: Damping{Floor: 1e-3}},
		{Momentum: 0.9, Damping: Damping{Floor: 1e-4, Start: 1e-1, Tau: 2}},
		{Momentum: 0.8, Damping: Damping{Start: 1e-2}, Soft: 2, MaxStep: 0.3},
	} {
		j, _, _ := problem(0)
		s := New(par.NewPool(2), c, j)
		theta, wantTheta, prev := make([]float64, params), mat.NewVecDense(params, nil), mat.NewVecDense(params, nil)
		for i := range 4 {
			j, d, r := problem(uint64(i))
			const lr = 0.5
			out := s.Step(theta, r, j, lr)
			dir := want(c, i, d, r, prev)
			step := lr
			if n := lr * mat.Norm(dir, 2); c.MaxStep > 0 && n > c.MaxStep {
				step *= c.MaxStep / n
			}
			wantTheta.AddScaledVec(wantTheta, step, dir)
			prev = dir
			for p := range params {
				if e := math.Abs(theta[p] - wantTheta.AtVec(p)); !(e < 1e-9) {
					t.Fatalf("%+v: step %d, parameter %d is off by %g", c, i, p, e)
				}
			}
			if e := math.Abs(out.Length - step*mat.Norm(dir, 2)); !out.Taken || e > 1e-9 {
				t.Fatalf("%+v: step %d reports %+v, length off by %g", c, i, out, e)
			}
		}
	}
}

func TestBadStepIsNotTaken(t *testing.T) {
	for name, spoil := range map[string]func(j *gram.Jacobian[float64], r []float64){
		"residual": func(_ *gram.Jacobian[float64], r []float64) { r[3] = math.NaN() },
		"jacobian": func(j *gram.Jacobian[float64], _ []float64) { j.Tiles[1][0].B.Data[2] = math.Inf(1) },
	} {
		j, _, r := problem(1)
		s := New(par.NewPool(1), Default, j)
		theta := make([]float64, params)
		s.Step(theta, r, j, 0.5)
		before := slices.Clone(theta)
		spoil(j, r)
		if out := s.Step(theta, r, j, 0.5); out.Taken || out.Length != 0 || !slices.Equal(theta, before) {
			t.Errorf("%s: the step was taken: %+v", name, out)
		}
		j, _, r = problem(2)
		if out := s.Step(theta, r, j, 0.5); !out.Taken {
			t.Errorf("%s: no recovery: %+v", name, out)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	j, _, r := problem(1)
	s, theta := New(par.NewPool(1), Default, j), make([]float64, params)
	if a := testing.AllocsPerRun(5, func() { s.Step(theta, r, j, 0.1) }); a != 0 {
		t.Fatalf("%v allocations", a)
	}
}

func BenchmarkCholesky(b *testing.B) {
	n := 384
	a, l, f := make([]float64, n*n), make([]float64, n*n), newCholesky(par.NewPool(2), n)
	for i := range n {
		for k := range n {
			a[i*n+k] = 1 / (1 + math.Abs(float64(i-k)))
		}
		a[i*n+i] += 3
	}
	for b.Loop() {
		copy(l, a)
		f.factor(l)
	}
}
