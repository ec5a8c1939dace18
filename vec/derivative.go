package vec

func runD[T Float](f double[T], h, d, x []T) {
	if len(h) != len(x) || len(d) != len(x) {
		panic(badLength)
	}
	if len(x) > 0 {
		f(at(h), at(d), at(x), len(x))
	}
}

func runDD[T Float](f triple[T], h, d, d2, x []T) {
	if len(h) != len(x) || len(d) != len(x) || len(d2) != len(x) {
		panic(badLength)
	}
	if len(x) > 0 {
		f(at(h), at(d), at(d2), at(x), len(x))
	}
}

// The forms with D set h to the function, to the bit as without D, and d to its derivative, those with DD also d2 to the
// second derivative. Derivatives are good to 2e-6 (float32), 1e-14 (float64).

// TanhD sets h = tanh x and d = 1 − h².
func TanhD[T Float](h, d, x []T) { runD(use[T]().tanhD, h, d, x) }

// SigmoidD sets h = 1/(1+e⁻ˣ) and d = h(1−h).
func SigmoidD[T Float](h, d, x []T) { runD(use[T]().sigmoidD, h, d, x) }

// SoftplusD sets h = log(1+eˣ) and d = 1/(1+e⁻ˣ).
func SoftplusD[T Float](h, d, x []T) { runD(use[T]().softplusD, h, d, x) }

// GeluD is Gelu with its derivative.
func GeluD[T Float](h, d, x []T) { runD(use[T]().geluD, h, d, x) }

// SiluD is Silu with its derivative.
func SiluD[T Float](h, d, x []T) { runD(use[T]().siluD, h, d, x) }

// TanhDD is TanhD with the second derivative, −2hd.
func TanhDD[T Float](h, d, d2, x []T) { runDD(use[T]().tanhDD, h, d, d2, x) }

// GeluDD is GeluD with the second derivative.
func GeluDD[T Float](h, d, d2, x []T) { runDD(use[T]().geluDD, h, d, d2, x) }

// SiluDD is SiluD with the second derivative.
func SiluDD[T Float](h, d, d2, x []T) { runDD(use[T]().siluDD, h, d, d2, x) }

// SinCos2Pi sets s = sin 2πt and c = cos 2πt, to 1e-6 (float32), 1e-14 (float64). Whole turns are taken off exactly,
// however many; infinities give NaN.
func SinCos2Pi[T Float](s, c, t []T) { runD(use[T]().sinCos2Pi, s, c, t) }
