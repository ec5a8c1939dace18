package chain

import "math"

// Grids of K+1 times on [0, 1].

// Uniform is evenly spaced.
func Uniform(k int) []float64 { return grid(k, func(u float64) float64 { return u }) }

// Refined is sin(½πu): ever finer towards the target.
func Refined(k int) []float64 {
	return grid(k, func(u float64) float64 { return math.Sin(math.Pi / 2 * u) })
}

// Geometric is spaced so that what is left, 1 − t, and least of it fall by equal factors. What a step of PIS of fixed noise
// loses is about h²/(s² + 1 − t)² where the target is as narrow as s: with least = s² all steps lose the same.
func Geometric(k int, least float64) []float64 {
	return grid(k, func(u float64) float64 { return 1 - fallen(u, 1, least) })
}

// fallen goes from whole to 0 as u goes from 0 to 1, so that it and least fall by equal factors.
func fallen(u, whole, least float64) float64 {
	return least * math.Expm1((1-u)*math.Log1p(whole/least))
}

// Noised is likewise for the noise of a reversal, 1 − e^{−∫β} from t on.
func Noised(k int, n Noise, least float64) []float64 {
	whole := -math.Expm1(-n.Integral(0, 1))
	return grid(k, func(u float64) float64 {
		left := -math.Log1p(-fallen(u, whole, least)) // ∫β from t on: β(1) τ + ½(β(0) − β(1))τ², τ = 1 − t
		slope := n.Start - n.End
		if slope == 0 {
			return 1 - left/n.End
		}
		return 1 - (math.Sqrt(n.End*n.End+2*slope*left)-n.End)/slope
	})
}

func grid(k int, f func(u float64) float64) []float64 {
	t := make([]float64, k+1)
	for i := range t {
		t[i] = f(float64(i) / float64(k))
	}
	t[k] = 1
	return t
}

// Scaled is a grid on [0, T].
func Scaled(t []float64, end float64) []float64 {
	out := make([]float64, len(t))
	for i, v := range t {
		out[i] = end * v
	}
	return out
}

// CosineRates are the rates of DDS, b_k = min(√(T c_k), .9999): c_k ∝ cos⁴(½π(k/K+.008)/1.008), so that noise falls towards
// the target. Σ c_k = 1.
func CosineRates(k int, total float64) []float64 {
	b, sum := make([]float64, k), 0.0
	for i := range b {
		c := math.Cos(math.Pi / 2 * (float64(i)/float64(k) + .008) / 1.008)
		b[i] = c * c * c * c
		sum += b[i]
	}
	for i := range b {
		b[i] = math.Min(math.Sqrt(total*b[i]/sum), 0.9999)
	}
	return b
}
