package vec

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/sampan-mc/sampan/vec/rng"
)

// TestDraws: tiles of random shapes against the plain form, canaries around; uniforms to the bit.
func TestDraws(t *testing.T) {
	t.Run("float32", testDraws[float32])
	t.Run("float64", testDraws[float64])
}

func testDraws[T Float](t *testing.T) {
	plain := plainKernels[T]()
	tol := 1e-13
	if single[T]() {
		tol = 2e-6
	}
	r := rand.New(rand.NewPCG(7, 8))
	for trial := range 300 {
		rows, p := 1+r.IntN(9), 1+r.IntN(70)
		ld := p + r.IntN(4)
		key := rng.Key{r.Uint32(), r.Uint32()}
		first, stage, inner := r.Uint32(), r.Uint32(), r.Uint32()
		const canary = 77
		got, want := make([]T, (rows-1)*ld+p+16), make([]T, (rows-1)*ld+p+16)
		for i := range got {
			got[i], want[i] = canary, canary
		}
		bound := 0.0
		if trial%2 == 0 {
			Uniforms(got[8:len(got)-8], ld, rows, p, key, first, stage, inner)
			plain.uniforms(&want[8], ld, rows, p, key[0], key[1], first, stage, inner)
		} else {
			bound = tol
			Normals(got[8:len(got)-8], ld, rows, p, key, first, stage, inner)
			plain.normals(&want[8], ld, rows, p, key[0], key[1], first, stage, inner)
		}
		for i := range got {
			if !(math.Abs(float64(got[i]-want[i])) <= bound) {
				t.Fatalf("trial %d, %d×%d: element %d is %v, wanted %v", trial, rows, p, i-8, got[i], want[i])
			}
		}
	}
}
