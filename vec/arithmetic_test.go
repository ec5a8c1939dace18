package vec

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestArithmetic: kernels of several arguments and those that change what they read, of any length, against the plain form.
func TestArithmetic(t *testing.T) {
	t.Run("float32", testArithmetic[float32])
	t.Run("float64", testArithmetic[float64])
}

func testArithmetic[T Float](t *testing.T) {
	fast, plain := use[T](), plainKernels[T]()
	tol := 1e-13
	if single[T]() {
		tol = 1e-5
	}
	r := rand.New(rand.NewPCG(19, 20))
	for n := 1; n < 140; n++ {
		// Eight arguments with a canary behind each; the two implementations get a copy each.
		var x, y [8][]T
		for i := range x {
			x[i] = make([]T, n+1)
			for j := range x[i] {
				x[i][j] = T(1 + r.Float64())
			}
			y[i] = append([]T{}, x[i]...)
		}
		s := T(r.NormFloat64())
		for i, k := range []*kernels[T]{fast, &plain} {
			v := [2]*[8][]T{&x, &y}[i]
			k.mul(at(v[0]), at(v[6]), at(v[7]), n)
			k.add(at(v[1]), at(v[6]), at(v[7]), n)
			k.sub(at(v[2]), at(v[6]), at(v[7]), n)
			k.div(at(v[3]), at(v[6]), at(v[7]), n)
			k.mulAdd(at(v[4]), at(v[6]), at(v[7]), at(v[5]), n)
			k.axpy(at(v[0]), at(v[6]), n, s)
			k.lerp(at(v[1]), at(v[7]), n, s)
			k.scale(at(v[5]), at(v[6]), n, s)
			k.adam(at(v[2]), at(v[3]), at(v[4]), at(v[6]), n, 0.5, 0.9, 0.99, 0.999, 0.01, 1.5, 1e-6)
		}
		for i := range x {
			for j := range x[i] {
				if a, b := float64(x[i][j]), float64(y[i][j]); !(math.Abs(a-b) <= tol*math.Max(1, math.Abs(b))) {
					t.Fatalf("length %d, argument %d: element %d is %v, wanted %v", n, i, j, a, b)
				}
			}
		}
	}
}
