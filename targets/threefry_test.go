package targets

import (
	"math"
	"testing"
)

// TestThreefry: known answers of Random123, and the words of JAX.
func TestThreefry(t *testing.T) {
	const ones = 0xffffffff
	for _, c := range []struct{ key, counter, want [2]uint32 }{
		{[2]uint32{0, 0}, [2]uint32{0, 0}, [2]uint32{0x6b200159, 0x99ba4efe}},
		{[2]uint32{ones, ones}, [2]uint32{ones, ones}, [2]uint32{0x1cb996fc, 0xbb002be7}},
		{[2]uint32{0x13198a2e, 0x03707344}, [2]uint32{0x243f6a88, 0x85a308d3}, [2]uint32{0xc4923a9c, 0x483df7a0}},
	} {
		if got := threefry2x32(c.key, c.counter); got != c.want {
			t.Errorf("key %x, counter %x: %x, wanted %x", c.key, c.counter, got, c.want)
		}
	}
}

// TestJaxPoints: against the means as JAX printed them, to the bit; in 50 dimensions against the first of them and their
// sum. The sums of single-precision numbers are exact in double precision.
func TestJaxPoints(t *testing.T) {
	points, want := jaxPoints(40, 2, 40), gmm40Means("gmm40_means_jax.csv")
	for i, p := range points {
		if p[0] != want[i][0] || p[1] != want[i][1] {
			t.Errorf("mean %d is %v, wanted %v", i, p, want[i])
		}
	}
	for _, c := range []struct {
		k, d  int
		scale float32
		first []float64
		sum   float64
	}{
		{40, 50, 40, []float64{8.7194, -6.0695, -33.8233, 7.3128}, -1255.7575},
		{10, 50, 10, []float64{2.9207, 5.2794, -3.3952, -7.2772}, -67.8798},
		{10, 2, 10, []float64{7.0835, -6.6760}, 14.8845},
	} {
		got, sum := jaxPoints(c.k, c.d, c.scale), 0.0
		for _, p := range got {
			for _, v := range p {
				sum += v
			}
		}
		for j, v := range c.first {
			if math.Abs(got[0][j]-v) > 5e-5 {
				t.Errorf("%d points in %d dimensions: coordinate %d of the first is %v, wanted %v", c.k, c.d, j, got[0][j], v)
			}
		}
		if math.Abs(sum-c.sum) > 5e-5 {
			t.Errorf("%d points in %d dimensions add up to %v, wanted %v", c.k, c.d, sum, c.sum)
		}
	}
	odd := jaxUniform(0, 3)
	if len(odd) != 3 || odd[0] != jaxUniform(0, 4)[0] {
		t.Errorf("an odd number: %v", odd)
	}
}
