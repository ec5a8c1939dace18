package vec

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestSpecials: zeros, infinities, NaN of either sign and denormals give what the plain form gives.
func TestSpecials(t *testing.T) {
	t.Run("float32", testSpecials[float32])
	t.Run("float64", testSpecials[float64])
}

func testSpecials[T Float](t *testing.T) {
	tiny, largest := T(least[T]()), bits[T](0x7f7fffff, 0x7fefffffffffffff)
	x := []T{
		0, T(math.Copysign(0, -1)), T(math.Inf(1)), T(math.Inf(-1)), T(math.NaN()), -T(math.NaN()),
		bits[T](0xffc00000, 0xfff8000000000000), // the NaN that the processor makes of 0·∞
		tiny, -tiny, tiny / 4, -tiny / 4, largest, -largest, 1, -1, -2, 0.5,
		100, -100, 88, -88, 710, -710, 1e4, -1e4, 1e19, -1e19,
	}
	y := make([]T, len(x))
	tol := 1e-14
	if single[T]() {
		tol = 2e-6
	}
	for name, f := range functions[T]() {
		f.run(y, x)
		for i, v := range x {
			want := float64(T(f.ref(float64(v))))
			got := float64(y[i])
			switch {
			case math.IsNaN(want) != math.IsNaN(got):
			case math.IsNaN(want):
				continue
			case math.IsInf(want, 0) || math.IsInf(got, 0):
				if want == got {
					continue
				}
			case math.Abs(got-want) <= tol*math.Max(1, math.Abs(want)):
				if want != 0 || v != 0 || math.Signbit(want) == math.Signbit(got) {
					continue
				}
			}
			t.Errorf("%s(%v) = %v, wanted %v", name, v, got, want)
		}
	}
}

// bits is a number of type T by its bits.
func bits[T Float](single32 uint32, double64 uint64) T {
	if single[T]() {
		return T(math.Float32frombits(single32))
	}
	return T(math.Float64frombits(double64))
}

// TestPosition: an element's result is the same to the bit wherever it stands and whatever its neighbours are, nothing
// beyond the slice is written, and the forms with derivatives give the same function.
func TestPosition(t *testing.T) {
	t.Run("float32", testPosition[float32])
	t.Run("float64", testPosition[float64])
}

func testPosition[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	const n = 150
	x, whole := make([]T, n), make([]T, n)
	for i := range x {
		x[i] = T(4 * r.NormFloat64())
	}
	x[3], x[70] = T(math.NaN()), 0
	equal := func(a, b T) bool { return a == b || (a != a && b != b) }
	for name, f := range functions[T]() {
		f.run(whole, x)
		for range 200 {
			lo := r.IntN(n)
			hi := lo + 1 + r.IntN(n-lo)
			y := make([]T, n+1)
			for i := range y {
				y[i] = 77
			}
			f.run(y[lo:hi], x[lo:hi])
			for i := range y {
				switch {
				case i >= lo && i < hi:
					if !equal(y[i], whole[i]) {
						t.Fatalf("%s(%v) is %v in one place, %v in another", name, x[i], y[i], whole[i])
					}
				case y[i] != 77:
					t.Fatalf("%s on [%d, %d) wrote at %d", name, lo, hi, i)
				}
			}
		}
	}
	h, d, d2, d1 := make([]T, n), make([]T, n), make([]T, n), make([]T, n)
	for name, run := range map[string]func(h, d, x []T){
		"tanh": TanhD[T], "sigmoid": SigmoidD[T], "softplus": SoftplusD[T], "gelu": GeluD[T], "silu": SiluD[T],
	} {
		functions[T]()[name].run(whole, x)
		run(h, d1, x)
		for i := range h {
			if !equal(h[i], whole[i]) {
				t.Fatalf("%s(%v) is %v alone, %v with its derivative", name, x[i], whole[i], h[i])
			}
		}
		if second := map[string]func(h, d, d2, x []T){"tanh": TanhDD[T], "gelu": GeluDD[T], "silu": SiluDD[T]}[name]; second != nil {
			second(h, d, d2, x)
			for i := range h {
				if !equal(h[i], whole[i]) || !equal(d[i], d1[i]) {
					t.Fatalf("%s(%v) is not the same with its second derivative", name, x[i])
				}
			}
		}
	}
}

// TestDerivatives against the plain forms, far out too.
func TestDerivatives(t *testing.T) {
	t.Run("float32", testDerivatives[float32])
	t.Run("float64", testDerivatives[float64])
}

func testDerivatives[T Float](t *testing.T) {
	plain := plainKernels[T]()
	tol := 1e-14
	if single[T]() {
		tol = 2e-6
	}
	var x []T
	for v := -30.0; v <= 30; v += 1.0 / 64 {
		x = append(x, T(v))
	}
	x = append(x, T(math.Inf(1)), T(math.Inf(-1)), T(math.NaN()), 1e4, -1e4, 1e19, -1e19)
	n := len(x)
	got, want := [3][]T{}, [3][]T{}
	for i := range 3 {
		got[i], want[i] = make([]T, n), make([]T, n)
	}
	fast := use[T]()
	check := func(name string, outs int) {
		t.Helper()
		for o := range outs {
			for i, v := range x {
				a, b := float64(got[o][i]), float64(want[o][i])
				if a == b || (a != a && b != b) {
					continue
				}
				if !(math.Abs(a-b) <= tol*math.Max(1, math.Abs(b))) {
					t.Errorf("%s, derivative %d at %v: %v, wanted %v", name, o, v, a, b)
				}
			}
		}
	}
	for name, k := range map[string][2]double[T]{
		"tanh": {fast.tanhD, plain.tanhD}, "sigmoid": {fast.sigmoidD, plain.sigmoidD}, "softplus": {fast.softplusD, plain.softplusD},
		"gelu": {fast.geluD, plain.geluD}, "silu": {fast.siluD, plain.siluD}, "sinCos2Pi": {fast.sinCos2Pi, plain.sinCos2Pi},
	} {
		k[0](at(got[0]), at(got[1]), at(x), n)
		k[1](at(want[0]), at(want[1]), at(x), n)
		check(name, 2)
	}
	for name, k := range map[string][2]triple[T]{
		"tanh": {fast.tanhDD, plain.tanhDD}, "gelu": {fast.geluDD, plain.geluDD}, "silu": {fast.siluDD, plain.siluDD},
	} {
		k[0](at(got[0]), at(got[1]), at(got[2]), at(x), n)
		k[1](at(want[0]), at(want[1]), at(want[2]), at(x), n)
		check(name, 3)
	}
}
