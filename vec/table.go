package vec

import "unsafe"

// Float is what the core computes with.
type Float interface{ float32 | float64 }

// The shapes of kernels. Lengths and shapes have been checked by the time one is called, and n, rows and p are positive.
type (
	unary[T Float]   func(dst, x *T, n int)
	binary[T Float]  func(dst, a, b *T, n int)
	ternary[T Float] func(dst, a, b, c *T, n int)
	scaled[T Float]  func(dst, x *T, n int, s T)
	double[T Float]  func(h, d, x *T, n int)
	triple[T Float]  func(h, d, d2, x *T, n int)
	jet[T Float]     func(dst, z *T, rows, d, p, ld int)
	jetBack[T Float] func(bar, z, h *T, rows, d, p, ld int)
	draw[T Float]    func(dst *T, ld, rows, p int, k0, k1, first, stage, inner uint32)
)

// kernels is one implementation of everything, for one type.
type kernels[T Float] struct {
	gemm func(m, n, k int, a []T, rsa, csa int, b []T, ldb int, init []T, ldi int, c []T, ldc int)

	exp, log, log1p, tanh, sigmoid, softplus, erf, gelu, silu unary[T]
	tanhD, sigmoidD, softplusD, geluD, siluD, sinCos2Pi       double[T]
	tanhDD, geluDD, siluDD                                    triple[T]

	mul, add, sub, div          binary[T]
	sqrt                        unary[T]
	mulAdd                      ternary[T]
	axpy, scale, lerp           scaled[T]
	adam                        func(p, m, v, g *T, n int, clip, beta1, beta2, keep, rate, root, eps T)
	widen                       func(dst *float64, x *T, n int)
	narrow                      func(dst *T, x *float64, n int)
	sum                         func(x *T, n int) float64
	dot                         func(a, b *T, n int) float64
	dotRows                     func(dst *T, ds int, a *T, rows, lda int, b *T, n int)
	logSumExpRows               func(dst, x *T, rows, ld, n int)
	softmaxRows                 func(dst *T, ldd int, lse, x *T, rows, ld, n int)
	transpose                   func(dst *T, ldd int, src *T, lds, rows, cols int)
	gather                      func(dst, src *T, index *int32, n, size int) (ok int)
	uniforms, normals           draw[T]
	jetLaplace, jetGrad         [activations]jet[T]
	jetLaplaceBack, jetGradBack [activations]jetBack[T]

	spin  func(n int)
	lanes int // of a vector
}

// k32 and k64 are the implementations in use. They start as plain Go and are replaced, kernel by kernel, when the program
// starts on a processor that can do better.
var (
	k32 = plainKernels[float32]()
	k64 = plainKernels[float64]()
)

// use returns the implementation for T.
func use[T Float]() *kernels[T] {
	if single[T]() {
		return (*kernels[T])(unsafe.Pointer(&k32))
	}
	return (*kernels[T])(unsafe.Pointer(&k64))
}

// single reports whether T is float32.
func single[T Float]() bool { return unsafe.Sizeof(T(0)) == 4 }
