package vec

import "math"

// The formulas behind the plain kernels, in float64.

var (
	log1p = func(x float64) float64 { return math.Log1p(x) + 0 } // −0 becomes 0
	tanh  = math.Tanh
	erf   = math.Erf
	sqrt  = math.Sqrt
)

// exp and log help those of package math, which on some processors overflow before they must and misread denormals.
func exp(x float64) float64 {
	if x > 709 {
		return math.Exp(x-1) * math.E
	}
	return math.Exp(x)
}

func log(x float64) float64 {
	if 0 < x && x < 0x1p-1022 {
		return math.Log(x*0x1p54) - 54*math.Ln2
	}
	return math.Log(x)
}

// flush rounds to T, and to zero what is not normal there.
func flush[T Float](x float64) T {
	if math.Abs(x) < float64(least[T]()) {
		return T(math.Copysign(0, x))
	}
	return T(x)
}

// least is the smallest normal number.
func least[T Float]() T {
	if single[T]() {
		return 0x1p-126
	}
	tiny := 0x1p-1022
	return T(tiny)
}

// gate is where the logistic function stops, so that no gate is denormal.
func gate[T Float]() float64 {
	if single[T]() {
		return 87.33
	}
	return 708.39
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func sigmoidOf[T Float](x float64) float64 {
	return sigmoid(math.Min(math.Max(x, -gate[T]()), gate[T]()))
}

func sigmoidDOf[T Float](x float64) (h, d float64) {
	h = sigmoidOf[T](x)
	return h, h * sigmoidOf[T](-x)
}

// softplus is max(x, 0) + log(1 + e^{−|x|}).
func softplus(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

func softplusD(x float64) (h, d float64) { return softplus(x), sigmoid(x) }

// slope is √(8/π), by which the argument of GELU's logistic is scaled, and cubic the weight of its cube.
const (
	slope = 1.5957691216057307117597842397375
	cubic = 0.044715
)

func gelu(x float64) float64              { h, _, _, _ := gelu3(x); return h }
func geluD(x float64) (h, d float64)      { h, d, _, _ = gelu3(x); return h, d }
func geluDD(x float64) (h, d, d2 float64) { h, d, d2, _ = gelu3(x); return h, d, d2 }
func silu(x float64) float64              { h, _, _, _ := silu3(x); return h }
func siluD(x float64) (h, d float64)      { h, d, _, _ = silu3(x); return h, d }
func siluDD(x float64) (h, d, d2 float64) { h, d, d2, _ = silu3(x); return h, d, d2 }
func tanhD(x float64) (h, d float64)      { h, d, _, _ = tanh3(x); return h, d }
func tanhDD(x float64) (h, d, d2 float64) { h, d, d2, _ = tanh3(x); return h, d, d2 }

// tanh3, gelu3 and silu3 are an activation and its first three derivatives.
func tanh3(x float64) (h, d, d2, d3 float64) {
	h = math.Tanh(x)
	d = 1 - h*h
	return h, d, -2 * h * d, d * (6*h*h - 2)
}

// With s = σ(u), s′ = s(1−s)u′, and so on; h = x·s. Far out, where s is 0 or 1 to the last digit, h is −0 or x.
func gelu3(x float64) (h, d, d2, d3 float64) {
	return gated(x, slope*(x+cubic*x*x*x), slope*(1+3*cubic*x*x), slope*6*cubic*x, slope*6*cubic)
}

func silu3(x float64) (h, d, d2, d3 float64) { return gated(x, x, 1, 0, 0) }

func gated(x, u, u1, u2, u3 float64) (h, d, d2, d3 float64) {
	switch {
	case u < -700:
		return math.Copysign(0, -1), 0, 0, 0
	case u > 700:
		return x, 1, 0, 0
	}
	s := sigmoid(u)
	r := sigmoid(-u)
	g := s * r // dσ/du
	s1 := g * u1
	s2 := g * (u2 + (r-s)*u1*u1)
	s3 := g * (u3 + 3*(r-s)*u1*u2 + (1-6*g)*u1*u1*u1)
	return x * s, s + x*s1, 2*s1 + x*s2, 3*s2 + x*s3
}

// sinCos2Pi takes whole turns off first: they are exact there.
func sinCos2Pi(t float64) (s, c float64) { return math.Sincos(2 * math.Pi * (t - math.Round(t))) }
