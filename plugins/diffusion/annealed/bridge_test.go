package annealed

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

func normal(t testing.TB, d int, mean, sd float64) smc.Reference {
	t.Helper()
	n, err := smc.NewNormal(d, []float64{mean}, []float64{sd})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// even is the grid of k equal steps of size e.
func even(k int, e float64) (beta, step []float64) {
	beta, step = make([]float64, k+1), make([]float64, k)
	for i := range step {
		beta[i+1], step[i] = float64(i+1)/float64(k), e
	}
	return beta, step
}

// weights runs n particles from the reference through all segments and returns their log weights.
func weights(t *testing.T, b *Bridge, n int, seed uint64) (logW []float64, end *smc.Particles) {
	t.Helper()
	ctx := t.Context()
	d := b.target.Info().Dim()
	in := smc.NewParticles(n, d, 0)
	if err := b.reference.Sample(ctx, 0, n, rng.NewKey(seed, "init", 0), in.X); err != nil {
		t.Fatal(err)
	}
	logW = logp(t, b.reference, in)
	for i := range logW {
		logW[i] = -logW[i]
	}
	ratio, status := make([]float64, n), make([]targets.Status, n)
	for k := range b.Cuts() {
		out := smc.NewParticles(n, d, 0)
		if err := b.Segment(ctx, k+1, in, out, ratio, status, rng.NewKey(seed, "segment", k)); err != nil {
			t.Fatal(err)
		}
		for i, r := range ratio {
			logW[i] += r
		}
		in = out
	}
	for i, v := range logp(t, b.target, in) {
		logW[i] += v
	}
	return logW, in
}

func logp(t *testing.T, f targets.Density, p *smc.Particles) []float64 {
	t.Helper()
	b := targets.NewBatch(p.N, p.D, targets.LogP)
	copy(b.X, p.X)
	if err := f.Eval(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	return b.LogP
}

// moments are the mean of exp(log w) with its standard error, and the mean and standard deviation of log w.
func moments(logW []float64) (mean, se, logMean, logSD float64) {
	n := float64(len(logW))
	var s, s2, l, l2 float64
	for _, v := range logW {
		w := math.Exp(v)
		s, s2, l, l2 = s+w, s2+w*w, l+v, l2+v*v
	}
	mean, logMean = s/n, l/n
	return mean, math.Sqrt((s2/n - mean*mean) / n), logMean, math.Sqrt(l2/n - logMean*logMean)
}

// constant is a control of the same drift everywhere: u forward, −u backward.
type constant float64

func (u constant) Forward(_, _ int, _, out []float64) error {
	for i := range out {
		out[i] = float64(u)
	}
	return nil
}
func (u constant) Backward(k, n int, x, out []float64) error { return (-u).Forward(k, n, x, out) }

// From N(0, 1) to N(2, 1) with the control that is exact in continuous time the log weights spread by .0299 at K = 16,
// .00715 at K = 64 and .00181 at K = 256 if each score is taken at its own end; by two or three times that if both are taken
// at one temperature, the later one or that between, which leaves the mean weight at one. The standard deviations are known
// to 1 % at n = 5,000 (3 standard errors: 3 %), and were given to as much.
func TestTemperatures(t *testing.T) {
	for where, sds := range map[string]map[int]float64{
		"own ends": {16: 0.0299, 64: 0.00715, 256: 0.00181},
		"later":    {16: 0.0952, 64: 0.0235, 256: 0.00587},
		"between":  {16: 0.0620, 64: 0.0155, 256: 0.0038},
	} {
		for k, want := range sds {
			t.Run(fmt.Sprint(where, k), func(t *testing.T) {
				beta, step := even(k, 1/float64(k))
				b, err := New("test", normal(t, 1, 2, 1), normal(t, 1, 0, 1), beta, step, 1, 1, constant(2))
				if err != nil {
					t.Fatal(err)
				}
				switch where {
				case "later":
					b.forward = b.backward
				case "between":
					between := make([]float64, k)
					for i := range between {
						between[i] = (beta[i] + beta[i+1]) / 2
					}
					b.forward, b.backward = between, between
				}
				n := 20_000
				if k == 256 {
					n = 5_000
				}
				logW, _ := weights(t, b, n, 1)
				mean, se, _, sd := moments(logW)
				if math.Abs(mean-1) > 4*se {
					t.Errorf("mean weight %.6f ± %.6f, wanted 1", mean, se)
				}
				if math.Abs(sd/want-1) > 0.03 {
					t.Errorf("log weights spread by %.5f, wanted %.5f", sd, want)
				}
			})
		}
	}
}

// wavy is a control with nothing to recommend it.
type wavy struct{}

func (wavy) Forward(k, _ int, x, out []float64) error {
	for i, v := range x {
		out[i] = math.Sin(3*v + float64(k))
	}
	return nil
}

func (wavy) Backward(k, _ int, x, out []float64) error {
	for i, v := range x {
		out[i] = 0.5*math.Cos(2*v-float64(k)) - 0.3*v
	}
	return nil
}

// doubleWell is exp(−(x²−1)²) for each coordinate, log Z = 0.679926242894 each.
func doubleWell(d int) targets.Density {
	return targets.Func("double well", targets.Reals("x", d), func(x, grad []float64) float64 {
		sum := 0.0
		for j, v := range x {
			u := v*v - 1
			sum -= u * u
			if grad != nil {
				grad[j] = -4 * v * u
			}
		}
		return sum
	})
}

// The mean weight is Z for any control, backward factor, number of segments and step size. Five cases at 4 standard
// errors: a false alarm in 3,000 runs of the test, and the seed is fixed.
func TestMeanWeightIsZ(t *testing.T) {
	const logZ = 0.679926242894
	for _, c := range []struct {
		name     string
		k, cuts  int
		e, again float64
		control  Control
	}{
		{"ula", 16, 1, 0.05, 1, nil},
		{"ula in segments", 16, 4, 0.05, 1, nil},
		{"other backward drift", 16, 4, 0.03, 0.6, nil},
		{"no backward drift", 16, 1, 0.01, 0, nil},
		{"any control", 12, 3, 0.04, 0.8, wavy{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			beta, step := even(c.k, c.e)
			b, err := New("test", doubleWell(2), normal(t, 2, 0, 1.2), beta, step, c.cuts, c.again, c.control)
			if err != nil {
				t.Fatal(err)
			}
			logW, _ := weights(t, b, 60_000, 2)
			mean, se, _, _ := moments(logW)
			if z := (mean - math.Exp(2*logZ)) / se; math.Abs(z) > 4 {
				t.Errorf("mean weight %.4f ± %.4f, wanted %.4f", mean, se, math.Exp(2*logZ))
			}
			if se/mean > 0.03 {
				t.Errorf("the relative error is %.3f: the test sees little", se/mean)
			}
		})
	}
}

// The same steps in more segments: the same points and, but for rounding, the same weights.
func TestCutsChangeNothing(t *testing.T) {
	beta, step := even(24, 0.03)
	ctx := context.Background()
	run := func(cuts int) (*smc.Particles, []float64) {
		b, err := New("test", doubleWell(3), normal(t, 3, 0, 1), beta, step, cuts, 1, wavy{})
		if err != nil {
			t.Fatal(err)
		}
		in := smc.NewParticles(50, 3, 0)
		key := rng.NewKey(3, "segment", 0)
		if err := b.reference.Sample(ctx, 0, 50, key, in.X); err != nil {
			t.Fatal(err)
		}
		total, ratio, status := make([]float64, 50), make([]float64, 50), make([]targets.Status, 50)
		for k := range b.Cuts() {
			out := smc.NewParticles(50, 3, 0)
			if err := b.Segment(ctx, k+1, in, out, ratio, status, key); err != nil {
				t.Fatal(err)
			}
			for i, r := range ratio {
				total[i] += r
			}
			in = out
		}
		return in, total
	}
	end, total := run(1)
	for _, cuts := range []int{2, 5, 24} {
		e, r := run(cuts)
		for i := range r {
			if math.Abs(r[i]-total[i]) > 1e-10 || e.X[i] != end.X[i] {
				t.Fatalf("%d segments: particle %d at %v with %v, in one segment at %v with %v", cuts, i, e.X[i], r[i], end.X[i], total[i])
			}
		}
	}
}

// From exact draws of the target backward, the mean of 1/w is 1/Z: the ratio of a pair is the same from either side.
func TestBackward(t *testing.T) {
	const d = 2
	target, reference := normal(t, d, 1, 0.8), normal(t, d, 0, 1)
	beta, step := even(16, 0.05)
	b, err := New("test", target, reference, beta, step, 4, 0.8, nil)
	if err != nil {
		t.Fatal(err)
	}
	const n = 40_000
	at := smc.NewParticles(n, d, 0)
	if err := target.Sample(t.Context(), 0, n, rng.NewKey(5, "init", 0), at.X); err != nil {
		t.Fatal(err)
	}
	logW := logp(t, target, at)
	ratio, status := make([]float64, n), make([]targets.Status, n)
	for k := 4; k > 0; k-- {
		out := smc.NewParticles(n, d, 0)
		if err := b.Backward(t.Context(), k, at, out, ratio, status, rng.NewKey(5, "segment", k)); err != nil {
			t.Fatal(err)
		}
		for i, r := range ratio {
			logW[i] += r
		}
		at = out
	}
	for i, v := range logp(t, reference, at) {
		logW[i] = v - logW[i]
	}
	if mean, se, _, _ := moments(logW); math.Abs(mean-1) > 4*se || se > 0.03 {
		t.Errorf("mean of 1/w is %.4f ± %.4f, wanted 1", mean, se)
	}
}

// A target that is nothing outside a box, or not a number somewhere, or whose score throws particles out of the world,
// does not stop the others.
func TestOddPoints(t *testing.T) {
	odd := targets.Func("odd", targets.Reals("x"), func(x, grad []float64) float64 {
		v := x[0]
		g := -v
		switch {
		case v < -1:
			return math.Inf(-1)
		case v > 2:
			v = math.NaN()
		case v > 1.5:
			g = math.Inf(1)
		}
		if grad != nil {
			grad[0] = g
		}
		return -v * v / 2
	})
	beta, step := even(8, 0.1)
	b, err := New("test", odd, normal(t, 1, 0, 1), beta, step, 1, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	in, out := smc.NewParticles(6, 1, 0), smc.NewParticles(6, 1, 0)
	copy(in.X, []float64{0, -1.5, 3, 1.7, 0, 0.5})
	ratio, status := make([]float64, 6), make([]targets.Status, 6)
	if err := b.Segment(t.Context(), 1, in, out, ratio, status, rng.NewKey(1, "segment", 0)); err != nil {
		t.Fatal(err)
	}
	for i, s := range status {
		bad := s != targets.OK
		if bad != math.IsInf(ratio[i], -1) || math.IsNaN(out.X[i]) {
			t.Errorf("particle %d: status %v, ratio %v, at %v", i, s, ratio[i], out.X[i])
		}
	}
	if status[0] != targets.OK || status[1] != targets.OK || status[2] != targets.Numerical || status[3] != targets.GradBad {
		t.Errorf("statuses %v", status)
	}
}
