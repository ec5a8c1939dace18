package vec

import "unsafe"

// plainKernels is the implementation in Go: what the others are tested against, and what runs where there is no other.
// Functions are computed in float64 and rounded.
func plainKernels[T Float]() kernels[T] {
	return kernels[T]{
		gemm: plainGemm[T],

		exp: plain1[T](exp), log: plain1[T](log), log1p: plain1[T](log1p), tanh: plain1[T](tanh),
		sigmoid: plain1[T](sigmoidOf[T]), softplus: plain1[T](softplus), erf: plain1[T](erf),
		gelu: plain1[T](gelu), silu: plain1[T](silu), sqrt: plain1[T](sqrt),
		tanhD: plainD[T](tanhD), sigmoidD: plainD[T](sigmoidDOf[T]), softplusD: plainD[T](softplusD),
		geluD: plainD[T](geluD), siluD: plainD[T](siluD), sinCos2Pi: plainD[T](sinCos2Pi),
		tanhDD: plainDD[T](tanhDD), geluDD: plainDD[T](geluDD), siluDD: plainDD[T](siluDD),

		mul: plainMul[T], add: plainAdd[T], sub: plainSub[T], div: plainDiv[T], mulAdd: plainMulAdd[T],
		axpy: plainAxpy[T], scale: plainScale[T], lerp: plainLerp[T], adam: plainAdam[T],
		widen: plainConvert[float64, T], narrow: plainConvert[T, float64],

		sum: plainSum[T], dot: plainDot[T], dotRows: plainDotRows[T],
		logSumExpRows: plainLogSumExpRows[T], softmaxRows: plainSoftmaxRows[T],
		transpose: plainTranspose[T], gather: plainGather[T],
		uniforms: plainUniforms[T], normals: plainNormals[T],

		jetLaplace:     [activations]jet[T]{plainJet[T](tanh3, true), plainJet[T](gelu3, true), plainJet[T](silu3, true)},
		jetGrad:        [activations]jet[T]{plainJet[T](tanh3, false), plainJet[T](gelu3, false), plainJet[T](silu3, false)},
		jetLaplaceBack: [activations]jetBack[T]{plainJetBack[T](tanh3, true), plainJetBack[T](gelu3, true), plainJetBack[T](silu3, true)},
		jetGradBack:    [activations]jetBack[T]{plainJetBack[T](tanh3, false), plainJetBack[T](gelu3, false), plainJetBack[T](silu3, false)},

		spin: plainSpin[T], lanes: 1,
	}
}

// slice is the n elements from p on.
func slice[T any](p *T, n int) []T { return unsafe.Slice(p, n) }

// matrix is the memory of a rows×cols matrix with row stride ld.
func matrix[T any](p *T, rows, cols, ld int) []T { return unsafe.Slice(p, (rows-1)*ld+cols) }

func plain1[T Float](f func(float64) float64) unary[T] {
	return func(dst, x *T, n int) {
		out := slice(dst, n)
		for i, v := range slice(x, n) {
			out[i] = flush[T](f(float64(v)))
		}
	}
}

func plainD[T Float](f func(float64) (float64, float64)) double[T] {
	return func(h, d, x *T, n int) {
		hs, ds := slice(h, n), slice(d, n)
		for i, v := range slice(x, n) {
			a, b := f(float64(v))
			hs[i], ds[i] = flush[T](a), flush[T](b)
		}
	}
}

func plainDD[T Float](f func(float64) (float64, float64, float64)) triple[T] {
	return func(h, d, d2, x *T, n int) {
		hs, ds, d2s := slice(h, n), slice(d, n), slice(d2, n)
		for i, v := range slice(x, n) {
			a, b, c := f(float64(v))
			hs[i], ds[i], d2s[i] = flush[T](a), flush[T](b), flush[T](c)
		}
	}
}
