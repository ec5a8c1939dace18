package vec

import (
	"math"

	"github.com/sampan-mc/sampan/vec/rng"
)

// A block of four words gives four numbers in float32, two in float64.
func perBlock[T Float]() int {
	if single[T]() {
		return 4
	}
	return 2
}

func plainUniforms[T Float](dst *T, ld, rows, p int, k0, k1, first, stage, inner uint32) {
	eachBlock(dst, ld, rows, p, k0, k1, first, stage, inner, func(key rng.Key, slot, block uint32) (out [4]float64) {
		if !single[T]() {
			w := key.Block(slot, stage, inner, block)
			out[0], out[1] = rng.Uniform53(w[0], w[1]), rng.Uniform53(w[2], w[3])
			return out
		}
		for i, w := range key.Block(slot, stage, inner, block) {
			out[i] = (float64(w>>9) + 0.5) / (1 << 23)
		}
		return out
	})
}

func plainNormals[T Float](dst *T, ld, rows, p int, k0, k1, first, stage, inner uint32) {
	eachBlock(dst, ld, rows, p, k0, k1, first, stage, inner, func(key rng.Key, slot, block uint32) (out [4]float64) {
		w := key.Block(slot, stage, inner, block)
		if !single[T]() {
			out[0], out[1] = rng.BoxMuller(rng.Uniform53(w[0], w[1]), rng.Uniform53(w[2], w[3]))
			return out
		}
		for i := 0; i < 4; i += 2 {
			r := math.Sqrt(-2 * math.Log((float64(w[i])+0.5)/(1<<32)))
			s, c := math.Sincos(2 * math.Pi * float64(w[i+1]>>8) / (1 << 24))
			out[i], out[i+1] = r*c, r*s
		}
		return out
	})
}

// eachBlock draws every block of every slot and puts the numbers where they belong.
func eachBlock[T Float](dst *T, ld, rows, p int, k0, k1, first, stage, inner uint32, draw func(key rng.Key, slot, block uint32) [4]float64) {
	t := matrix(dst, rows, p, ld)
	n := perBlock[T]()
	for r := 0; r < rows; r += n {
		for j := range p {
			out := draw(rng.Key{k0, k1}, first+uint32(j), uint32(r/n))
			for i := 0; i < n && r+i < rows; i++ {
				t[(r+i)*ld+j] = T(out[i])
			}
		}
	}
}
