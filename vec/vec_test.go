package vec

import (
	"math"
	"math/rand/v2"
	"testing"
)

// functions lists the maps of one argument with their references in float64.
func functions[T Float]() map[string]function[T] {
	return map[string]function[T]{
		"exp":      {Exp[T], exp},
		"log":      {Log[T], log},
		"log1p":    {Log1p[T], log1p},
		"tanh":     {Tanh[T], math.Tanh},
		"sigmoid":  {Sigmoid[T], sigmoidOf[T]},
		"softplus": {Softplus[T], softplus},
		"erf":      {Erf[T], math.Erf},
		"gelu":     {Gelu[T], gelu},
		"silu":     {Silu[T], silu},
		"sqrt":     {Sqrt[T], math.Sqrt},
	}
}

type function[T Float] struct {
	run func(dst, x []T)
	ref func(float64) float64
}

func TestAgainstMath(t *testing.T) {
	t.Run("float32", againstMath[float32])
	t.Run("float64", againstMath[float64])
}

func againstMath[T Float](t *testing.T) {
	tol := 1e-14
	if single[T]() {
		tol = 2e-6
	}
	x, y := make([]T, 1001), make([]T, 1001)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range x {
		x[i] = T(r.NormFloat64() * 5)
	}
	for name, f := range functions[T]() {
		f.run(y, x)
		for i, v := range x {
			want := f.ref(float64(v))
			if math.IsNaN(want) && math.IsNaN(float64(y[i])) {
				continue
			}
			if !(math.Abs(float64(y[i])-want) <= tol*math.Max(1, math.Abs(want))) {
				t.Errorf("%s(%v) = %v, wanted %v", name, v, y[i], want)
				break
			}
		}
	}
}
