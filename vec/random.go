package vec

import "github.com/sampan-mc/sampan/vec/rng"

// Uniforms fills a rows×p tile, row stride ld, with uniforms on the open interval (0, 1): row r of column j is coordinate r
// of the particle in slot first+j, drawn by counter (slot, stage, inner, block), so that it does not depend on how a
// population is cut into tiles.
//
// In float64 a block of four words gives two, to the bit those of rng.Key.Uniforms. In float32 it gives four, one a word:
// (⌊word/2⁹⌋ + ½)/2²³.
func Uniforms[T Float](dst []T, ld, rows, p int, key rng.Key, first, stage, inner uint32) {
	fits(dst, rows, p, ld)
	if rows > 0 && p > 0 {
		use[T]().uniforms(at(dst), ld, rows, p, key[0], key[1], first, stage, inner)
	}
}

// Normals fills a tile with standard normals, laid out as in Uniforms, by Box and Muller (1958):
// √(−2 log u₁)·(cos 2πu₂, sin 2πu₂).
//
// In float64 they are those of rng.Key.Normals but for the last digits. In float32 a block gives four: the first two from
// words 0 and 1, the others from words 2 and 3, with u₁ = (word + ½)/2³² and u₂ = ⌊word/2⁸⌋/2²⁴, to 2e-6; none is beyond
// 6.8 in size.
func Normals[T Float](dst []T, ld, rows, p int, key rng.Key, first, stage, inner uint32) {
	fits(dst, rows, p, ld)
	if rows > 0 && p > 0 {
		use[T]().normals(at(dst), ld, rows, p, key[0], key[1], first, stage, inner)
	}
}
