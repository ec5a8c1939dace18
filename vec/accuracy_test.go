package vec

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestAccuracy holds the functions to their bounds in units in the last place, over points that cover every exponent.
func TestAccuracy(t *testing.T) {
	t.Run("float32", accuracy[float32])
	t.Run("float64", accuracy[float64])
}

func accuracy[T Float](t *testing.T) {
	bound := func(single32, double64 float64) float64 {
		if single[T]() {
			return single32
		}
		return double64
	}
	top := bound(88.72283, 709.78)
	n := 1 << 20
	if testing.Short() {
		n = 1 << 15
	}
	for _, c := range []struct {
		name   string
		ulp    float64
		sample func(r *rand.Rand) float64
	}{
		{"exp", bound(1.5, 3), uniformOn(-top+1.39, top)},
		{"exp", bound(1.5, 3), nearZero},
		{"log", bound(1.5, 2), logUniformOn(-top+1.39, top)},
		{"log", bound(1.5, 2), uniformOn(0.5, 2)},
		{"log1p", 4, nearZero},
		{"log1p", 4, uniformOn(-0.999, 3)},
		{"log1p", 4, logUniformOn(-top+1.39, top)},
		{"tanh", bound(2, 3), uniformOn(-12, 12)},
		{"tanh", bound(2, 3), nearZero},
		{"sigmoid", bound(3, 4), uniformOn(-top+1.4, top)},
		{"softplus", 4, uniformOn(-top+1.4, 100)},
		{"softplus", 4, nearZero},
		{"erf", bound(2, 4), uniformOn(-7, 7)},
		{"erf", bound(2, 4), nearZero},
		{"sqrt", 0.5001, logUniformOn(-top+1.39, top)},
	} {
		f := functions[T]()[c.name]
		r := rand.New(rand.NewPCG(5, 6))
		x, y := make([]T, n), make([]T, n)
		for i := range x {
			x[i] = T(c.sample(r))
		}
		f.run(y, x)
		worst, at := 0.0, 0
		for i, v := range x {
			want := f.ref(float64(v))
			if e := math.Abs(float64(y[i])-want) / unit[T](want); !(e <= worst) {
				if worst, at = e, i; e != e {
					break
				}
			}
		}
		if !(worst <= c.ulp) {
			t.Errorf("%s(%v) = %v, wanted %v: %.2f ulp", c.name, x[at], y[at], f.ref(float64(x[at])), worst)
		}
		t.Logf("%-8s %.2f ulp at %v", c.name, worst, x[at])
	}
}

func uniformOn(lo, hi float64) func(*rand.Rand) float64 {
	return func(r *rand.Rand) float64 { return lo + (hi-lo)*r.Float64() }
}

func logUniformOn(lo, hi float64) func(*rand.Rand) float64 {
	return func(r *rand.Rand) float64 { return exp(lo + (hi-lo)*r.Float64()) }
}

// nearZero gives numbers of both signs of every size from 1e-30 to 1.
func nearZero(r *rand.Rand) float64 {
	x := math.Exp(-69 * r.Float64())
	if r.IntN(2) == 0 {
		return -x
	}
	return x
}

// unit is the distance of the numbers of type T at x, no less than that of the smallest normal ones.
func unit[T Float](x float64) float64 {
	_, e := math.Frexp(math.Max(math.Abs(x), float64(least[T]())))
	digits := 53
	if single[T]() {
		digits = 24
	}
	return math.Ldexp(1, e-digits)
}
