package vec

import "math"

func plainSum[T Float](x *T, n int) float64 {
	s := 0.0
	for _, v := range slice(x, n) {
		s += float64(v)
	}
	return s
}

func plainDot[T Float](a, b *T, n int) float64 {
	y := slice(b, n)
	s := 0.0
	for i, v := range slice(a, n) {
		s += float64(v) * float64(y[i])
	}
	return s
}

func plainDotRows[T Float](dst *T, ds int, a *T, rows, lda int, b *T, n int) {
	out, in, y := matrix(dst, rows, 1, ds), matrix(a, rows, n, lda), slice(b, n)
	for i := range rows {
		var s T
		for j, v := range in[i*lda : i*lda+n] {
			s += v * y[j]
		}
		out[i*ds] += s
	}
}

func plainLogSumExpRows[T Float](dst, x *T, rows, ld, n int) {
	out := slice(dst, n)
	if rows == 0 {
		for j := range out {
			out[j] = T(math.Inf(-1))
		}
		return
	}
	in := matrix(x, rows, n, ld)
	for j := range out {
		out[j] = T(logSumExpColumn(in, rows, ld, j))
	}
}

func logSumExpColumn[T Float](x []T, rows, ld, j int) float64 {
	top := math.Inf(-1)
	for i := range rows {
		v := float64(x[i*ld+j])
		if math.IsNaN(v) {
			return v
		}
		top = math.Max(top, v)
	}
	if math.IsInf(top, 0) {
		return top
	}
	s := 0.0
	for i := range rows {
		s += math.Exp(float64(x[i*ld+j]) - top)
	}
	return top + math.Log(s)
}

func plainSoftmaxRows[T Float](dst *T, ldd int, lse, x *T, rows, ld, n int) {
	plainLogSumExpRows(lse, x, rows, ld, n)
	if rows == 0 {
		return
	}
	out, in, l := matrix(dst, rows, n, ldd), matrix(x, rows, n, ld), slice(lse, n)
	for i := range rows {
		for j, v := range in[i*ld : i*ld+n] {
			w := math.Exp(float64(v) - float64(l[j]))
			switch {
			case math.IsInf(float64(l[j]), -1):
				w = 0
			case math.IsInf(float64(l[j]), 1):
				w = math.NaN()
			}
			out[i*ldd+j] = flush[T](w)
		}
	}
}
