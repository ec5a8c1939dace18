package vec

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestGather(t *testing.T) {
	t.Run("float32", testGather[float32])
	t.Run("float64", testGather[float64])
}

func testGather[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	const canary = 77
	for n := range 70 {
		for _, size := range []int{1, 5, 3000} {
			src, index, dst := make([]T, size), make([]int32, n), make([]T, n+2)
			for i := range src {
				src[i] = T(r.NormFloat64())
			}
			src[0] = T(math.NaN())
			for i := range index {
				index[i] = int32(r.IntN(size))
			}
			dst[0], dst[n+1] = canary, canary
			Gather(dst[1:n+1], src, index)
			for i, at := range index {
				if got, want := dst[1+i], src[at]; got != want && (got == got || want == want) {
					t.Fatalf("n=%d: element %d is %v, want %v", n, i, got, want)
				}
			}
			if dst[0] != canary || dst[n+1] != canary {
				t.Fatalf("n=%d: wrote beyond dst", n)
			}
		}
	}
}

// TestGatherRefuses: an index that is out of range anywhere is found.
func TestGatherRefuses(t *testing.T) {
	refuses := func(src []float32, index []int32) (yes bool) {
		defer func() { yes = recover() == badIndex }()
		Gather(make([]float32, len(index)), src, index)
		return false
	}
	src := make([]float32, 10)
	for n := 1; n < 40; n++ {
		for at := range n {
			for _, bad := range []int32{-1, 10, math.MinInt32, math.MaxInt32} {
				index := make([]int32, n)
				index[at] = bad
				if !refuses(src, index) {
					t.Fatalf("index %d at %d of %d is taken", bad, at, n)
				}
			}
		}
	}
	if !refuses(nil, []int32{0}) {
		t.Error("an element of nothing is taken")
	}
}
