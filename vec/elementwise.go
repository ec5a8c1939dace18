package vec

import "unsafe"

const badLength = "vec: slices of different lengths"

// at is where the elements of x begin.
func at[T any](x []T) *T { return unsafe.SliceData(x) }

// run1, run2 and so on check lengths and hand non-empty slices to a kernel.
func run1[T Float](f unary[T], dst, x []T) {
	if len(dst) != len(x) {
		panic(badLength)
	}
	if len(x) > 0 {
		f(at(dst), at(x), len(x))
	}
}

func run2[T Float](f binary[T], dst, a, b []T) {
	if len(dst) != len(a) || len(dst) != len(b) {
		panic(badLength)
	}
	if len(dst) > 0 {
		f(at(dst), at(a), at(b), len(dst))
	}
}

func run3[T Float](f ternary[T], dst, a, b, c []T) {
	if len(dst) != len(a) || len(dst) != len(b) || len(dst) != len(c) {
		panic(badLength)
	}
	if len(dst) > 0 {
		f(at(dst), at(a), at(b), at(c), len(dst))
	}
}

func runScaled[T Float](f scaled[T], dst []T, s T, x []T) {
	if len(dst) != len(x) {
		panic(badLength)
	}
	if len(x) > 0 {
		f(at(dst), at(x), len(x), s)
	}
}

// Exp sets dst = eˣ, to 1.5 ulp in float32 and 3 in float64. Results below the smallest normal number are 0, those above
// the largest +Inf.
func Exp[T Float](dst, x []T) { run1(use[T]().exp, dst, x) }

// Log sets dst = log x, to 1.5 ulp in float32 and 2 in float64. Zeros of either sign give −Inf, numbers below zero NaN;
// denormals are taken at their value.
func Log[T Float](dst, x []T) { run1(use[T]().log, dst, x) }

// Log1p sets dst = log(1+x), to 4 ulp; −1 gives −Inf, numbers below it NaN, and −0 gives 0.
func Log1p[T Float](dst, x []T) { run1(use[T]().log1p, dst, x) }

// Tanh sets dst = tanh x, to 2 ulp in float32 and 3 in float64.
func Tanh[T Float](dst, x []T) { run1(use[T]().tanh, dst, x) }

// Sigmoid sets dst = 1/(1+e⁻ˣ), to 3 ulp in float32 and 4 in float64. Beyond ±87.33 (float32) or ±708.39 it stays what it
// is there: a gate is never denormal.
func Sigmoid[T Float](dst, x []T) { run1(use[T]().sigmoid, dst, x) }

// Softplus sets dst = log(1+eˣ), to 4 ulp. It is 0 where the result would be denormal.
func Softplus[T Float](dst, x []T) { run1(use[T]().softplus, dst, x) }

// Erf sets dst = erf x, to 2 ulp in float32 and 4 in float64.
func Erf[T Float](dst, x []T) { run1(use[T]().erf, dst, x) }

// Gelu sets dst = x σ(√(8/π) (x + 0.044715 x³)), the form of GELU with tanh (Hendrycks and Gimpel 2016), to 1e-6
// (float32), 1e-14 (float64).
func Gelu[T Float](dst, x []T) { run1(use[T]().gelu, dst, x) }

// Silu sets dst = x/(1+e⁻ˣ), to 1e-6 (float32), 1e-14 (float64) times max(1, |x|).
func Silu[T Float](dst, x []T) { run1(use[T]().silu, dst, x) }

// Mul sets dst = a·b, element by element.
func Mul[T Float](dst, a, b []T) { run2(use[T]().mul, dst, a, b) }

// Div sets dst = a/b.
func Div[T Float](dst, a, b []T) { run2(use[T]().div, dst, a, b) }

// Add sets dst = a + b.
func Add[T Float](dst, a, b []T) { run2(use[T]().add, dst, a, b) }

// Sub sets dst = a − b.
func Sub[T Float](dst, a, b []T) { run2(use[T]().sub, dst, a, b) }

// MulAdd sets dst = a·b + c.
func MulAdd[T Float](dst, a, b, c []T) { run3(use[T]().mulAdd, dst, a, b, c) }

// Sqrt sets dst = √x, rounded correctly.
func Sqrt[T Float](dst, x []T) { run1(use[T]().sqrt, dst, x) }

// Axpy adds s·x to dst.
func Axpy[T Float](dst []T, s T, x []T) { runScaled(use[T]().axpy, dst, s, x) }

// Scale sets dst = s·x.
func Scale[T Float](dst []T, s T, x []T) { runScaled(use[T]().scale, dst, s, x) }

// Lerp moves dst towards x: dst += s·(x − dst), the update of an exponential moving average.
func Lerp[T Float](dst []T, s T, x []T) { runScaled(use[T]().lerp, dst, s, x) }

// Widen sets dst = x in float64.
func Widen[T Float](dst []float64, x []T) {
	if len(dst) != len(x) {
		panic(badLength)
	}
	if len(x) > 0 {
		use[T]().widen(at(dst), at(x), len(x))
	}
}

// Narrow sets dst = x, rounded to T.
func Narrow[T Float](dst []T, x []float64) {
	if len(dst) != len(x) {
		panic(badLength)
	}
	if len(x) > 0 {
		use[T]().narrow(at(dst), at(x), len(x))
	}
}
