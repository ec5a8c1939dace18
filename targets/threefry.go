package targets

import (
	"math"
	"math/bits"
)

// Several mixtures of the literature have the means that JAX's generator gives; this is that generator, so that they
// can be had in any dimension.

// threefry2x32 is the Threefry-2x32 block function of 20 rounds (J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw,
// "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
func threefry2x32(key, counter [2]uint32) [2]uint32 {
	ks := [3]uint32{key[0], key[1], key[0] ^ key[1] ^ 0x1BD11BDA}
	rotations := [2][4]int{{13, 15, 26, 6}, {17, 29, 16, 24}}
	a, b := counter[0]+ks[0], counter[1]+ks[1]
	for i := range uint32(5) {
		for _, r := range rotations[i%2] {
			a += b
			b = bits.RotateLeft32(b, r) ^ a
		}
		a += ks[(i+1)%3]
		b += ks[(i+2)%3] + i + 1
	}
	return [2]uint32{a, b}
}

// jaxUniform is jax.random.uniform(PRNGKey(seed), (n,), float32, −1, 1) in the layout that was JAX's default until
// version 0.5 (jax_threefry_partitionable off): the counters 0 … n−1 are halved, and one block takes one of either half.
func jaxUniform(seed uint64, n int) []float32 {
	key := [2]uint32{uint32(seed >> 32), uint32(seed)}
	half := (n + 1) / 2
	out := make([]float32, 2*half)
	for i := range half {
		second := uint32(half + i)
		if half+i >= n {
			second = 0 // padding of an odd number
		}
		for j, w := range threefry2x32(key, [2]uint32{uint32(i), second}) {
			unit := math.Float32frombits(w>>9|0x3f800000) - 1
			out[i+j*half] = max(-1, unit*2-1)
		}
	}
	return out[:n]
}

// jaxPoints is k points of d coordinates, uniform on [−scale, scale], drawn and scaled in single precision as the
// programs of the literature do: jax.random.uniform(PRNGKey(0), (k, d), −1, 1) · scale.
func jaxPoints(k, d int, scale float32) [][]float64 {
	flat := jaxUniform(0, k*d)
	out := make([][]float64, k)
	for i := range out {
		out[i] = make([]float64, d)
		for j := range out[i] {
			out[i][j] = float64(flat[i*d+j] * scale)
		}
	}
	return out
}
