package vec

import (
	"math/rand/v2"
	"testing"
)

func TestTranspose(t *testing.T) {
	t.Run("float32", testTranspose[float32])
	t.Run("float64", testTranspose[float64])
}

// testTranspose: random shapes and strides, canaries where nothing belongs.
func testTranspose[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for range 300 {
		rows, cols := 1+r.IntN(40), 1+r.IntN(40)
		lds, ldd := cols+r.IntN(4), rows+r.IntN(4)
		src := make([]T, (rows-1)*lds+cols)
		for i := range src {
			src[i] = T(i + 1)
		}
		dst := make([]T, (cols-1)*ldd+rows+8)
		Transpose(dst[4:len(dst)-4], ldd, src, lds, rows, cols)
		for i, v := range dst {
			want := T(0)
			if j := i - 4; j >= 0 && j < len(dst)-8 && j%ldd < rows {
				want = src[j%ldd*lds+j/ldd]
			}
			if v != want {
				t.Fatalf("%d×%d: element %d is %v, wanted %v", rows, cols, i-4, v, want)
			}
		}
	}
}
