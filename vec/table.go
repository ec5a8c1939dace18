package vec

import "unsafe"

// Float is what the core computes with.
type Float interface{ float32 | float64 }

// kernels is one implementation of everything, for one type. Slices have been checked by the time they get here.
type kernels[T Float] struct {
	gemm func(m, n, k int, a []T, rsa, csa int, b []T, ldb int, init []T, ldi int, c []T, ldc int)

	exp, log, log1p, tanh, sigmoid, softplus, erf, gelu, silu func(dst, x []T)
	tanhD, sigmoidD, softplusD, geluD, siluD                  func(h, d, x []T)
	sinCos2Pi                                                 func(s, c, t []T)

	mul, add func(dst, a, b []T)
	axpy     func(dst []T, s T, x []T)
	scale    func(dst []T, s T, x []T)
	sum      func(x []T) float64
	dot      func(a, b []T) float64

	logSumExpRows func(dst, x []T, rows, ld int)
	transpose     func(dst []T, ldd int, src []T, lds, rows, cols int)
	gather        func(dst, src []T, index []int32)

	uniforms, normals func(dst []T, ld, rows, p int, key [2]uint32, first, stage, inner uint32)
}

// k32 and k64 are the implementations in use. They start as plain Go and are replaced, kernel by kernel, when the program
// starts on a processor that can do better.
var (
	k32 = plainKernels[float32]()
	k64 = plainKernels[float64]()
)

// use returns the implementation for T.
func use[T Float]() *kernels[T] {
	if unsafe.Sizeof(T(0)) == 4 {
		return (*kernels[T])(unsafe.Pointer(&k32))
	}
	return (*kernels[T])(unsafe.Pointer(&k64))
}
