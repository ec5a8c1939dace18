package chain

import (
	"math"
	"testing"

	"github.com/sampan-mc/sampan/vec/rng"
)

// TestApart: by what is free beside the control the gradient is that of −E[log w] through the simulation, in the mean,
// and that of the variance of given paths is not; by the control it is the latter. False alarms: 1e-6 a tensor.
func TestApart(t *testing.T) {
	const rounds = 400
	for _, name := range []string{"ula", "mcd", "cmcd"} {
		t.Run(name, func(t *testing.T) {
			b, w := trial(t, name, false)
			free := b.Free.tensors()
			direction := make([]float64, len(w.Theta))
			rng.NewKey(5, "direction", 0).Normals(direction, 0, 0, 0)
			along := func(grad []float64, i int) (sum float64) {
				for j := free[i].Off; j < free[i].Off+free[i].Size(); j++ {
					sum += grad[j] * direction[j]
				}
				return sum
			}
			own, given := make([][]float64, len(free)), make([][]float64, len(free))
			coef, both := make([]float64, b.Paths), make([]float64, len(w.Theta))
			for r := range rounds {
				if err := b.Simulate(w, rng.NewKey(1, "paths", 0), uint32(r), 1); err != nil {
					t.Fatal(err)
				}
				LogVariance(coef, b.LogW)
				b.Back(w, func(int) []float64 { return coef })
				copy(both, b.Grad)
				norm := b.Apart(w, func(int) []float64 { return coef })
				square := 0.0
				for j, g := range b.Grad {
					square += g * g
					if j < free[0].Off && g != both[j] {
						t.Fatalf("parameter %d of the control: %v, wanted %v", j, g, both[j])
					}
				}
				if math.Abs(norm-math.Sqrt(square)) > 1e-12*norm {
					t.Fatalf("norm %v, wanted %v", norm, math.Sqrt(square))
				}
				for i := range free {
					own[i] = append(own[i], along(b.Grad, i)/2)
					given[i] = append(given[i], along(both, i)/2)
				}
				KL(coef, b.LogW)
				b.Tilt(w, coef, false)
				for i := range free {
					through := along(b.Grad, i)
					own[i][r] -= through
					given[i][r] -= through
				}
			}
			worst := 0.0
			for i, tensor := range free {
				mean, std := moments(own[i])
				if z := mean / std * math.Sqrt(rounds); math.Abs(z) > 4.9 {
					t.Errorf("%s: the mean is %.1f standard errors off", tensor.Name, z)
				}
				mean, std = moments(given[i])
				worst = max(worst, math.Abs(mean/std*math.Sqrt(rounds)))
			}
			if worst < 4.9 {
				t.Errorf("that of given paths is nowhere more than %.1f standard errors off: the test cannot fail", worst)
			}
		})
	}
}
