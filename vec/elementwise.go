package vec

const badLength = "vec: slices of different lengths"

func same[T Float](dst, x []T) {
	if len(dst) != len(x) {
		panic(badLength)
	}
}

func same3[T Float](a, b, c []T) {
	if len(a) != len(b) || len(a) != len(c) {
		panic(badLength)
	}
}

// Exp sets dst = eˣ, to 1.5 ulp in float32 and 3 in float64. Results below the smallest normal number are 0, those above
// the largest +Inf.
func Exp[T Float](dst, x []T) { same(dst, x); use[T]().exp(dst, x) }

// Log sets dst = log x, to 1.5 ulp in float32 and 2 in float64. Zeros of either sign and denormals give −Inf, numbers
// below zero NaN.
func Log[T Float](dst, x []T) { same(dst, x); use[T]().log(dst, x) }

// Log1p sets dst = log(1+x), to 4 ulp.
func Log1p[T Float](dst, x []T) { same(dst, x); use[T]().log1p(dst, x) }

// Tanh sets dst = tanh x, to 2 ulp in float32 and 3 in float64.
func Tanh[T Float](dst, x []T) { same(dst, x); use[T]().tanh(dst, x) }

// Sigmoid sets dst = 1/(1+e⁻ˣ), to 3 ulp in float32 and 4 in float64 where the result is normal.
func Sigmoid[T Float](dst, x []T) { same(dst, x); use[T]().sigmoid(dst, x) }

// Softplus sets dst = log(1+eˣ), to 4 ulp or, far below zero, 1e-7 (float32), 1e-15 (float64).
func Softplus[T Float](dst, x []T) { same(dst, x); use[T]().softplus(dst, x) }

// Erf sets dst = erf x, to 1e-6 (float32), 1e-14 (float64).
func Erf[T Float](dst, x []T) { same(dst, x); use[T]().erf(dst, x) }

// Gelu sets dst = x σ(√(8/π) (x + 0.044715 x³)), the form of GELU with tanh, to 1e-6 (float32), 1e-14 (float64).
func Gelu[T Float](dst, x []T) { same(dst, x); use[T]().gelu(dst, x) }

// Silu sets dst = x/(1+e⁻ˣ), to 1e-6 (float32), 1e-14 (float64) times max(1, |x|).
func Silu[T Float](dst, x []T) { same(dst, x); use[T]().silu(dst, x) }

// TanhD sets h = tanh x and d to its derivative.
func TanhD[T Float](h, d, x []T) { same3(h, d, x); use[T]().tanhD(h, d, x) }

// SigmoidD sets h = 1/(1+e⁻ˣ) and d to its derivative.
func SigmoidD[T Float](h, d, x []T) { same3(h, d, x); use[T]().sigmoidD(h, d, x) }

// SoftplusD sets h = log(1+eˣ) and d to its derivative.
func SoftplusD[T Float](h, d, x []T) { same3(h, d, x); use[T]().softplusD(h, d, x) }

// GeluD sets h as Gelu does and d to its derivative, to 2e-6 (float32), 1e-14 (float64).
func GeluD[T Float](h, d, x []T) { same3(h, d, x); use[T]().geluD(h, d, x) }

// SiluD sets h as Silu does and d to its derivative, to 2e-6 (float32), 1e-14 (float64).
func SiluD[T Float](h, d, x []T) { same3(h, d, x); use[T]().siluD(h, d, x) }

// SinCos2Pi sets s = sin 2πt and c = cos 2πt, to 1e-6 (float32), 1e-14 (float64), for |t| up to 2²⁰.
func SinCos2Pi[T Float](s, c, t []T) { same3(s, c, t); use[T]().sinCos2Pi(s, c, t) }

// Mul sets dst = a·b, element by element.
func Mul[T Float](dst, a, b []T) { same3(dst, a, b); use[T]().mul(dst, a, b) }

// Add sets dst = a + b.
func Add[T Float](dst, a, b []T) { same3(dst, a, b); use[T]().add(dst, a, b) }

// Axpy adds s·x to dst.
func Axpy[T Float](dst []T, s T, x []T) { same(dst, x); use[T]().axpy(dst, s, x) }

// Scale sets dst = s·x.
func Scale[T Float](dst []T, s T, x []T) { same(dst, x); use[T]().scale(dst, s, x) }

// Sum returns Σ x, accumulated in float64.
func Sum[T Float](x []T) float64 { return use[T]().sum(x) }

// Dot returns Σ a·b, multiplied and accumulated in float64.
func Dot[T Float](a, b []T) float64 { same(a, b); return use[T]().dot(a, b) }
