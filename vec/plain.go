package vec

import (
	"math"
	"unsafe"
)

// plainKernels is the implementation in Go: what the others are tested against, and what runs where there is no other.
// Functions are computed in float64 and rounded.
func plainKernels[T Float]() kernels[T] {
	return kernels[T]{
		gemm: plainGemm[T],
		exp:  plainMap[T](plainExp), log: plainMap[T](plainLog), log1p: plainMap[T](math.Log1p), tanh: plainMap[T](math.Tanh),
		sigmoid: plainMap[T](sigmoid), softplus: plainMap[T](softplus), erf: plainMap[T](math.Erf),
		gelu: plainMap[T](gelu), silu: plainMap[T](silu),
		tanhD: plainMapD[T](tanhD), sigmoidD: plainMapD[T](sigmoidD), softplusD: plainMapD[T](softplusD),
		geluD: plainMapD[T](geluD), siluD: plainMapD[T](siluD),
		sinCos2Pi: plainMapD[T](sinCos2Pi),
		mul: func(dst, a, b []T) {
			for i := range dst {
				dst[i] = a[i] * b[i]
			}
		},
		add: func(dst, a, b []T) {
			for i := range dst {
				dst[i] = a[i] + b[i]
			}
		},
		axpy: func(dst []T, s T, x []T) {
			for i, v := range x {
				dst[i] += s * v
			}
		},
		scale: func(dst []T, s T, x []T) {
			for i, v := range x {
				dst[i] = s * v
			}
		},
		sum: func(x []T) float64 {
			s := 0.0
			for _, v := range x {
				s += float64(v)
			}
			return s
		},
		dot: func(a, b []T) float64 {
			s := 0.0
			for i, v := range a {
				s += float64(v) * float64(b[i])
			}
			return s
		},
		logSumExpRows: plainLogSumExpRows[T],
		transpose: func(dst []T, ldd int, src []T, lds, rows, cols int) {
			for i := range rows {
				for j, v := range src[i*lds : i*lds+cols] {
					dst[j*ldd+i] = v
				}
			}
		},
		gather: func(dst, src []T, index []int32) {
			for i, j := range index {
				dst[i] = src[j]
			}
		},
		uniforms: plainUniforms[T], normals: plainNormals[T],
	}
}

func plainMap[T Float](f func(float64) float64) func(dst, x []T) {
	return func(dst, x []T) {
		for i, v := range x {
			dst[i] = flush[T](f(float64(v)))
		}
	}
}

func plainMapD[T Float](f func(float64) (float64, float64)) func(h, d, x []T) {
	return func(h, d, x []T) {
		for i, v := range x {
			a, b := f(float64(v))
			h[i], d[i] = flush[T](a), flush[T](b)
		}
	}
}

// flush rounds to T, and to zero what is not normal there.
func flush[T Float](x float64) T {
	least := 0x1p-1022
	if unsafe.Sizeof(T(0)) == 4 {
		least = 0x1p-126
	}
	if math.Abs(x) < least {
		return T(math.Copysign(0, x))
	}
	return T(x)
}

func plainExp(x float64) float64 { return math.Exp(x) }

func plainLog(x float64) float64 {
	if math.Abs(x) < 0x1p-1022 {
		return math.Inf(-1)
	}
	return math.Log(x)
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// softplus is max(x, 0) + log(1 + e^{−|x|}).
func softplus(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// twice is √(8/π), by which the argument of GELU's logistic is scaled, and cubic the weight of its cube.
const (
	twice = 1.5957691216057307117597842397375
	cubic = 0.044715
)

func silu(x float64) float64 { return times(x, sigmoid(x)) }
func gelu(x float64) float64 { return times(x, sigmoid(twice*(x+cubic*x*x*x))) }

// times is x·s with −∞·0 = 0: the limit where s vanishes exponentially.
func times(x, s float64) float64 {
	if s == 0 {
		return math.Copysign(0, x)
	}
	return x * s
}

func tanhD(x float64) (h, d float64)    { h = math.Tanh(x); return h, 1 - h*h }
func sigmoidD(x float64) (h, d float64) { h = sigmoid(x); return h, h * (1 - h) }
func softplusD(x float64) (h, d float64) {
	return softplus(x), sigmoid(x)
}

func siluD(x float64) (h, d float64) {
	s := sigmoid(x)
	return times(x, s), s + times(x, s*(1-s))
}

func geluD(x float64) (h, d float64) {
	s := sigmoid(twice * (x + cubic*x*x*x))
	if s == 0 || s == 1 {
		return times(x, s), s
	}
	return x * s, s + x*s*(1-s)*twice*(1+3*cubic*x*x)
}

// sinCos2Pi takes whole turns off first: they are exact there.
func sinCos2Pi(t float64) (s, c float64) { return math.Sincos(2 * math.Pi * (t - math.Round(t))) }
