package vec

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestReductions(t *testing.T) {
	t.Run("float32", testReductions[float32])
	t.Run("float64", testReductions[float64])
}

// testReductions: any length against the plain form.
func testReductions[T Float](t *testing.T) {
	plain := plainKernels[T]()
	r := rand.New(rand.NewPCG(13, 14))
	draw := func(n int) []T {
		x := make([]T, n)
		for i := range x {
			x[i] = T(r.NormFloat64())
		}
		return x
	}
	near := func(what string, n int, got, want, tol float64) {
		t.Helper()
		if !(math.Abs(got-want) <= tol*math.Max(1, math.Abs(want))) {
			t.Fatalf("%s of %d: %v, wanted %v", what, n, got, want)
		}
	}
	eps := 1e-12
	if single[T]() {
		eps = 1e-5
	}
	for n := 1; n < 150; n++ {
		a, b := draw(n), draw(n)
		near("sum", n, Sum(a), plain.sum(at(a), n), 1e-12)
		near("dot", n, Dot(a, b), plain.dot(at(a), at(b), n), 1e-12)

		rows, lda, ds := 1+r.IntN(5), n+r.IntN(3), 1+r.IntN(2)
		m, got := draw((rows-1)*lda+n), draw((rows-1)*ds+1)
		want := append([]T{}, got...)
		DotRows(got, ds, m, rows, lda, b)
		plain.dotRows(at(want), ds, at(m), rows, lda, at(b), n)
		for i := range got {
			near("dotRows", n, float64(got[i]), float64(want[i]), eps*10)
		}

		wide, back := make([]float64, n+1), make([]T, n+1)
		wide[n], back[n] = 77, 77
		Widen(wide[:n], a)
		Narrow(back[:n], wide[:n])
		for i := range a {
			if wide[i] != float64(a[i]) || back[i] != a[i] {
				t.Fatalf("conversion of %v: %v, %v", a[i], wide[i], back[i])
			}
		}
		if wide[n] != 77 || back[n] != 77 {
			t.Fatal("conversion wrote too much")
		}
	}
}

func TestLogSumExp(t *testing.T) {
	t.Run("float32", testLogSumExp[float32])
	t.Run("float64", testLogSumExp[float64])
}

// testLogSumExp: random tiles with infinities and NaN strewn in, canaries, dst in place of x or not.
func testLogSumExp[T Float](t *testing.T) {
	plain := plainKernels[T]()
	tol := 1e-13
	if single[T]() {
		tol = 3e-6
	}
	odd := []float64{math.Inf(-1), math.Inf(1), math.NaN(), -1e30, 1e30, 0}
	same := func(a, b T) bool {
		return a == b || (a != a && b != b) || math.Abs(float64(a-b)) <= tol*math.Max(1, math.Abs(float64(b)))
	}
	r := rand.New(rand.NewPCG(15, 16))
	for range 400 {
		rows, n := r.IntN(6), 1+r.IntN(70)
		ld := n + r.IntN(3)
		x := make([]T, max(rows*ld, 1))
		for i := range x {
			x[i] = T(10 * r.NormFloat64())
			if r.IntN(4) == 0 {
				x[i] = T(odd[r.IntN(len(odd))])
			}
		}
		got, want := make([]T, n+2), make([]T, n)
		got[0], got[n+1] = 77, 77
		lse := got[1 : n+1]
		LogSumExpRows(lse, x, rows, ld)
		plain.logSumExpRows(at(want), at(x), rows, ld, n)
		for j := range want {
			if !same(lse[j], want[j]) {
				t.Fatalf("%d rows, column %d of %d: %v, wanted %v", rows, j, n, lse[j], want[j])
			}
		}
		w, wantW := make([]T, len(x)), make([]T, len(x))
		copy(w, x)
		copy(wantW, x)
		SoftmaxRows(w, ld, lse, w, rows, ld)
		plain.softmaxRows(at(wantW), ld, at(want), at(x), rows, ld, n)
		for i := range w {
			if !same(w[i], wantW[i]) {
				t.Fatalf("%d rows of %d, weight %d of %v: %v, wanted %v", rows, n, i, x[i], w[i], wantW[i])
			}
		}
		if got[0] != 77 || got[n+1] != 77 {
			t.Fatal("canary gone")
		}
	}
}
