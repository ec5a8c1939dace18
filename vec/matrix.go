package vec

import "github.com/sampan-mc/sampan/vec/rng"

const badShape = "vec: matrix does not fit its slice"

// fits panics if a rows×cols matrix with row stride ld goes beyond x.
func fits[T Float](x []T, rows, cols, ld int) {
	if rows < 0 || cols < 0 || (rows > 0 && cols > 0 && (ld < 0 || (rows-1)*ld+cols > len(x))) {
		panic(badShape)
	}
}

// Gemm sets C = init + A·B, an m×n matrix with row stride ldc.
//
// Element (i, l) of A is a[i·rsa + l·csa], so that A may be transposed; B is k×n with row stride ldb. A nil init stands for
// zero, one with ldi = 0 for a row that is repeated; init may be c with ldi = ldc, which accumulates. Nothing else may
// overlap C.
func Gemm[T Float](m, n, k int, a []T, rsa, csa int, b []T, ldb int, init []T, ldi int, c []T, ldc int) {
	if m <= 0 || n <= 0 {
		return
	}
	fits(c, m, n, ldc)
	if k > 0 {
		if rsa < 0 || csa < 0 || (m-1)*rsa+(k-1)*csa >= len(a) {
			panic(badShape)
		}
		fits(b, k, n, ldb)
	}
	if init != nil {
		fits(init, m, n, ldi)
	}
	use[T]().gemm(m, n, max(k, 0), a, rsa, csa, b, ldb, init, ldi, c, ldc)
}

// LogSumExpRows sets dst[j] = log Σᵢ exp x[i·ld+j] over the rows of x, a rows×len(dst) matrix: one sum for each particle
// of a tile. All −Inf, or no rows, give −Inf; any NaN gives NaN; else any +Inf gives +Inf.
func LogSumExpRows[T Float](dst, x []T, rows, ld int) {
	fits(x, rows, len(dst), ld)
	use[T]().logSumExpRows(dst, x, rows, ld)
}

// Transpose sets the cols×rows matrix dst, row stride ldd, to the transpose of the rows×cols matrix src, row stride lds.
func Transpose[T Float](dst []T, ldd int, src []T, lds, rows, cols int) {
	fits(src, rows, cols, lds)
	fits(dst, cols, rows, ldd)
	use[T]().transpose(dst, ldd, src, lds, rows, cols)
}

// Gather sets dst[i] = src[index[i]].
func Gather[T Float](dst, src []T, index []int32) {
	if len(dst) != len(index) {
		panic(badLength)
	}
	for _, i := range index {
		if uint(i) >= uint(len(src)) {
			panic("vec: index out of range")
		}
	}
	use[T]().gather(dst, src, index)
}

// Uniforms fills a rows×p tile, row stride ld, with uniforms on (0, 1): row r of column j is coordinate r of the particle
// in slot first+j, drawn by counter (slot, stage, inner, block). In float64 they are those of rng.Key.Uniforms. In float32 a
// block gives four, (word + ½)/2³², rounded, so that 1 can occur.
func Uniforms[T Float](dst []T, ld, rows, p int, key rng.Key, first, stage, inner uint32) {
	fits(dst, rows, p, ld)
	use[T]().uniforms(dst, ld, rows, p, key, first, stage, inner)
}

// Normals fills a tile with standard normals, laid out and drawn as in Uniforms. In float64 they are those of
// rng.Key.Normals but for the last digits; in float32 words 0 and 1 of a block give the first two, words 2 and 3 the others,
// √(−2 log u₁)·(cos 2πu₂, sin 2πu₂), to 2e-6.
func Normals[T Float](dst []T, ld, rows, p int, key rng.Key, first, stage, inner uint32) {
	fits(dst, rows, p, ld)
	use[T]().normals(dst, ld, rows, p, key, first, stage, inner)
}
