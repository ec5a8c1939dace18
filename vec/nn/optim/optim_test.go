package optim

import (
	"math"
	"testing"

	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
)

// plain is Adam as in the package comment, in a loop of its own.
func plain(c Config, theta, m, v, mean, g []float64, t int, eta float64) {
	var norm float64
	for _, x := range g {
		norm += x * x
	}
	norm = math.Sqrt(norm)
	for i := range theta {
		x := g[i]
		if c.ClipNorm > 0 && norm > c.ClipNorm {
			x *= c.ClipNorm / norm
		}
		if c.ClipValue > 0 {
			x = math.Max(-c.ClipValue, math.Min(c.ClipValue, x))
		}
		step := eta * c.Decay * theta[i]
		if c.Coupled {
			x += c.Decay * theta[i]
			step = 0
		}
		m[i] = c.Beta1*m[i] + (1-c.Beta1)*x
		v[i] = c.Beta2*v[i] + (1-c.Beta2)*x*x
		mh, vh := m[i]/(1-math.Pow(c.Beta1, float64(t))), v[i]/(1-math.Pow(c.Beta2, float64(t)))
		theta[i] -= step + eta*mh/(math.Sqrt(vh)+c.Eps)
		if mean != nil {
			mean[i] = c.EMA*mean[i] + (1-c.EMA)*theta[i]
		}
	}
}

func TestAdam(t *testing.T) {
	const n = 3*piece + 77
	variant := func(change func(*Config)) Config {
		c := Default
		change(&c)
		return c
	}
	for name, c := range map[string]Config{
		"default":           Default,
		"no clipping":       variant(func(c *Config) { c.ClipNorm = 0 }),
		"clipped by value":  variant(func(c *Config) { c.ClipNorm, c.ClipValue = 0, 0.5 }),
		"clipped both ways": variant(func(c *Config) { c.ClipValue = 0.01 }),
		"AdamW":             variant(func(c *Config) { c.Decay = 0.1 }),
		"L2":                variant(func(c *Config) { c.Decay, c.Coupled = 0.1, true }),
		"no average":        variant(func(c *Config) { c.EMA = 0 }),
	} {
		t.Run(name, func(t *testing.T) {
			a, pool, key := New[float64](c, n), par.NewPool(3), rng.NewKey(1, "adam", 0)
			theta, g := make([]float64, n), make([]float64, n)
			key.Normals(theta, 0, 0, 0)
			want := append([]float64(nil), theta...)
			m, v := make([]float64, n), make([]float64, n)
			var mean []float64
			if c.EMA > 0 {
				mean = append(mean, theta...)
			}
			for s := range 20 {
				key.Normals(g, 1, uint32(s), 0)
				var norm float64
				for _, x := range g {
					norm += x * x
				}
				plain(c, want, m, v, mean, g, s+1, 0.01)
				if !a.Step(pool, theta, g, math.Sqrt(norm), 0.01) {
					t.Fatal("a step was refused")
				}
			}
			near(t, "parameter", theta, want)
			near(t, "average", a.Mean, mean)
		})
	}
}

func near(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, wanted %d", what, len(got), len(want))
	}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-12*(1+math.Abs(want[i])) {
			t.Fatalf("%s %d is %v, wanted %v", what, i, got[i], want[i])
		}
	}
}

// TestRefusesWhatIsNotFinite: a gradient with a NaN or an infinity anywhere changes nothing.
func TestRefusesWhatIsNotFinite(t *testing.T) {
	pool := par.NewPool(2)
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(-1))} {
		s, a := NewSlots[float32](5000, 4), New[float32](Default, 5000)
		for i := range s.Count() {
			s.Clear(i)[17] = 1
		}
		theta := make([]float32, 5000)
		if !a.Step(pool, theta, s.Grad, s.Reduce(pool), 1) || math.Abs(float64(theta[17])+1) > 1e-6 {
			t.Fatalf("parameter 17 is %v after one step, wanted -1", theta[17])
		}
		before := theta[17]
		s.Clear(3)[4999] = bad
		if a.Step(pool, theta, s.Grad, s.Reduce(pool), 1) {
			t.Errorf("a gradient with %v was taken", bad)
		}
		if theta[17] != before || a.Steps != 1 {
			t.Error("a refused step changed something")
		}
	}
}

// TestSlots: the norm is that of the sum, the sum is in the order of the slots, and both have the same bits for any number
// of workers.
func TestSlots(t *testing.T) {
	const n = 2*piece + 5
	for _, tiles := range []int{1, 2, 3, 8, 33} {
		s := NewSlots[float32](n, tiles)
		want, next := make([]float32, n), 0
		for i := range s.Count() {
			lo, hi := s.Tiles(i)
			if lo != next {
				t.Fatalf("slot %d begins at tile %d, wanted %d", i, lo, next)
			}
			next = hi
			z := make([]float64, n)
			rng.NewKey(2, "slots", 0).Normals(z, uint32(i), 0, 0)
			g := s.Clear(i)
			for j := range g {
				g[j] += float32(z[j])
				want[j] += float32(z[j])
			}
		}
		if next != tiles {
			t.Fatalf("slots end at tile %d of %d", next, tiles)
		}
		var norm float64
		for _, x := range want {
			norm += float64(x) * float64(x)
		}
		first := s.Reduce(par.NewPool(1))
		if math.Abs(first-math.Sqrt(norm)) > 1e-12*first {
			t.Errorf("norm %v, wanted %v", first, math.Sqrt(norm))
		}
		for _, workers := range []int{1, 2, 3, 7} {
			if got := s.Reduce(par.NewPool(workers)); got != first {
				t.Errorf("%d workers: norm %v, wanted %v", workers, got, first)
			}
			for j := range want {
				if s.Grad[j] != want[j] {
					t.Fatalf("%d workers: entry %d is %v, wanted %v", workers, j, s.Grad[j], want[j])
				}
			}
		}
	}
}

func TestStepAllocatesNothing(t *testing.T) {
	pool, s, a := par.NewPool(2), NewSlots[float32](10000, 8), New[float32](Default, 10000)
	theta := make([]float32, 10000)
	if n := testing.AllocsPerRun(20, func() { a.Step(pool, theta, s.Grad, s.Reduce(pool), 0.1) }); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
}

func TestSchedule(t *testing.T) {
	s := Schedule{Peak: 2, Final: 1, Warmup: 4, Steps: 104}
	for i, want := range map[int]float64{0: 0.5, 3: 2, 4: 2, 54: 1.5, 103: 1.000246719817, 104: 1, 1000: 1} {
		if got := s.At(i); math.Abs(got-want) > 1e-9 {
			t.Errorf("step %d: rate %v, wanted %v", i, got, want)
		}
	}
	if got := (Schedule{Peak: 3}).At(1 << 30); got != 3 {
		t.Errorf("a constant rate is %v, wanted 3", got)
	}
}
