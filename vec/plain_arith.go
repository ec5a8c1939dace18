package vec

import "math"

func plainMul[T Float](dst, a, b *T, n int) {
	out, y := slice(dst, n), slice(b, n)
	for i, v := range slice(a, n) {
		out[i] = v * y[i]
	}
}

func plainAdd[T Float](dst, a, b *T, n int) {
	out, y := slice(dst, n), slice(b, n)
	for i, v := range slice(a, n) {
		out[i] = v + y[i]
	}
}

func plainSub[T Float](dst, a, b *T, n int) {
	out, y := slice(dst, n), slice(b, n)
	for i, v := range slice(a, n) {
		out[i] = v - y[i]
	}
}

func plainDiv[T Float](dst, a, b *T, n int) {
	out, y := slice(dst, n), slice(b, n)
	for i, v := range slice(a, n) {
		out[i] = v / y[i]
	}
}

func plainMulAdd[T Float](dst, a, b, c *T, n int) {
	out, y, z := slice(dst, n), slice(b, n), slice(c, n)
	for i, v := range slice(a, n) {
		out[i] = v*y[i] + z[i]
	}
}

func plainAxpy[T Float](dst, x *T, n int, s T) {
	out := slice(dst, n)
	for i, v := range slice(x, n) {
		out[i] += s * v
	}
}

func plainScale[T Float](dst, x *T, n int, s T) {
	out := slice(dst, n)
	for i, v := range slice(x, n) {
		out[i] = s * v
	}
}

func plainLerp[T Float](dst, x *T, n int, s T) {
	out := slice(dst, n)
	for i, v := range slice(x, n) {
		out[i] += s * (v - out[i])
	}
}

func plainAdam[T Float](p, m, v, g *T, n int, clip, beta1, beta2, keep, rate, root, eps T) {
	ps, ms, vs := slice(p, n), slice(m, n), slice(v, n)
	for i, gi := range slice(g, n) {
		gi *= clip
		ms[i] = beta1*ms[i] + (1-beta1)*gi
		vs[i] = beta2*vs[i] + (1-beta2)*gi*gi
		ps[i] = keep*ps[i] - rate*ms[i]/(root*T(math.Sqrt(float64(vs[i])))+eps)
	}
}

func plainConvert[D, S Float](dst *D, x *S, n int) {
	out := slice(dst, n)
	for i, v := range slice(x, n) {
		out[i] = D(v)
	}
}
