package vec

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestJets: every activation and its adjoint against the plain form, random shapes, canaries, in place and not.
func TestJets(t *testing.T) {
	t.Run("float32", testJets[float32])
	t.Run("float64", testJets[float64])
}

func testJets[T Float](t *testing.T) {
	plain := plainKernels[T]()
	tol := 1e-12
	if single[T]() {
		tol = 1e-4
	}
	r := rand.New(rand.NewPCG(11, 12))
	for trial := range 600 {
		f, full := Act(trial%3), trial/3%2 == 0
		rows, d, p := 1+r.IntN(4), r.IntN(5), 1+r.IntN(70)
		channels := d + 1
		if full {
			channels += 2
		}
		ld := channels*p + r.IntN(3)
		draw := func() []T {
			x := make([]T, (rows-1)*ld+channels*p)
			for i := range x {
				x[i] = T(2 * r.NormFloat64())
			}
			return x
		}
		z, bar := draw(), draw()
		const canary = 77
		framed := make([]T, len(z)+16)
		for i := range framed {
			framed[i] = canary
		}
		got := framed[8 : 8+len(z)]
		want := make([]T, len(z))
		copy(want, got)
		if r.IntN(2) == 0 { // in place
			copy(got, z)
			copy(want, z)
		}
		in := z
		if got[0] == z[0] {
			in = got
		}
		if full {
			JetLaplace(f, got, in, rows, d, p, ld)
			plain.jetLaplace[f](at(want), at(z), rows, d, p, ld)
		} else {
			JetGrad(f, got, in, rows, d, p, ld)
			plain.jetGrad[f](at(want), at(z), rows, d, p, ld)
		}
		h := make([]T, len(z))
		copy(h, got)
		check := func(what string) {
			t.Helper()
			for i := range got {
				size := math.Max(1, math.Abs(float64(want[i])))
				if !(math.Abs(float64(got[i]-want[i])) <= tol*size) {
					t.Fatalf("%s of %d, full %v, %d rows, d %d, p %d, ld %d: element %d is %v, wanted %v", what, f, full, rows, d, p, ld, i, got[i], want[i])
				}
			}
			for i := range 8 {
				if framed[i] != canary || framed[len(framed)-1-i] != canary {
					t.Fatalf("%s: canary gone", what)
				}
			}
		}
		check("jet")
		copy(got, bar)
		copy(want, bar)
		if full {
			JetLaplaceBack(f, got, z, h, rows, d, p, ld)
			plain.jetLaplaceBack[f](at(want), at(z), at(h), rows, d, p, ld)
		} else {
			JetGradBack(f, got, z, h, rows, d, p, ld)
			plain.jetGradBack[f](at(want), at(z), at(h), rows, d, p, ld)
		}
		check("adjoint")
	}
}
