package vec

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestGemm: random shapes, strides, transposes and inits against float64 sums, with canaries round C.
func TestGemm(t *testing.T) {
	t.Run("float32", testGemm[float32])
	t.Run("float64", testGemm[float64])
}

func testGemm[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	draw := func(n int) []T {
		x := make([]T, n)
		for i := range x {
			x[i] = T(r.NormFloat64())
		}
		return x
	}
	eps := 0x1p-52
	if single[T]() {
		eps = 0x1p-23
	}
	for trial := range 400 {
		m, n, k := 1+r.IntN(40), 1+r.IntN(70), r.IntN(50)
		if trial%8 > 5 {
			n = 1
		}
		ldb, ldc := n+r.IntN(2)*r.IntN(5), n+r.IntN(5)
		rsa, csa := k+r.IntN(3), 1
		if r.IntN(2) == 0 {
			rsa, csa = 1, m+r.IntN(3)
		}
		sizeA := 0
		if k > 0 {
			sizeA = (m-1)*rsa + (k-1)*csa + 1
		}
		a, b := draw(sizeA), draw(max(0, (k-1)*ldb+n))
		const canary = 77
		c := make([]T, (m-1)*ldc+n+8)
		for i := range c {
			c[i] = canary
		}
		out := c[4 : len(c)-4]
		var init []T
		ldi := 0
		switch trial % 4 {
		case 1:
			init = draw(n)
		case 2:
			ldi = n + r.IntN(3)
			init = draw((m-1)*ldi + n)
		case 3:
			for i := range m {
				copy(out[i*ldc:i*ldc+n], draw(n))
			}
			init, ldi = out, ldc
		}
		want := make([]float64, m*n)
		size := make([]float64, m*n)
		for i := range m {
			for j := range n {
				s, abs := 0.0, 0.0
				if init != nil {
					s = float64(init[i*ldi+j])
					abs = math.Abs(s)
				}
				for l := range k {
					v := float64(a[i*rsa+l*csa]) * float64(b[l*ldb+j])
					s, abs = s+v, abs+math.Abs(v)
				}
				want[i*n+j], size[i*n+j] = s, abs
			}
		}
		Gemm(m, n, k, a, rsa, csa, b, ldb, init, ldi, out, ldc)
		for i, v := range c {
			i -= 4
			if i < 0 || i >= len(out) || i%ldc >= n {
				if v != canary {
					t.Fatalf("%d×%d×%d: canary at %d is gone", m, n, k, i)
				}
				continue
			}
			e := i/ldc*n + i%ldc
			if !(math.Abs(float64(v)-want[e]) <= float64(k+2)*eps*size[e]) {
				t.Fatalf("%d×%d×%d: element %d is %v, wanted %v", m, n, k, e, v, want[e])
			}
		}
	}
}
