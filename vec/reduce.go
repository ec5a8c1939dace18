package vec

// Sum returns Σ x, accumulated in float64.
func Sum[T Float](x []T) float64 {
	if len(x) == 0 {
		return 0
	}
	return use[T]().sum(at(x), len(x))
}

// Dot returns Σ a·b, multiplied and accumulated in float64.
func Dot[T Float](a, b []T) float64 {
	if len(a) != len(b) {
		panic(badLength)
	}
	if len(a) == 0 {
		return 0
	}
	return use[T]().dot(at(a), at(b), len(a))
}

// DotRows adds to dst[i·ds] the dot product of row i of a, a rows×len(b) matrix with row stride lda, with b. It
// accumulates in T.
func DotRows[T Float](dst []T, ds int, a []T, rows, lda int, b []T) {
	fits(a, rows, len(b), lda)
	fits(dst, rows, 1, ds)
	if rows > 0 && len(b) > 0 {
		use[T]().dotRows(at(dst), ds, at(a), rows, lda, at(b), len(b))
	}
}

// LogSumExpRows sets dst[j] = log Σᵢ exp x[i·ld+j] over the rows of x, a rows×len(dst) matrix: one sum for each particle
// of a tile. All −Inf, or no rows, give −Inf; any NaN gives NaN; else any +Inf gives +Inf.
func LogSumExpRows[T Float](dst, x []T, rows, ld int) {
	fits(x, rows, len(dst), ld)
	if len(dst) > 0 {
		use[T]().logSumExpRows(at(dst), at(x), max(rows, 0), ld, len(dst))
	}
}

// SoftmaxRows sets lse as LogSumExpRows does and dst[i·ldd+j] = exp(x[i·ld+j] − lse[j]), the responsibilities of a
// mixture. dst may be x. Where lse is −Inf they are 0, where it is +Inf or NaN they are NaN.
func SoftmaxRows[T Float](dst []T, ldd int, lse, x []T, rows, ld int) {
	fits(x, rows, len(lse), ld)
	fits(dst, rows, len(lse), ldd)
	if len(lse) > 0 {
		use[T]().softmaxRows(at(dst), ldd, at(lse), at(x), max(rows, 0), ld, len(lse))
	}
}
