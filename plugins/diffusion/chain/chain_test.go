package chain

import (
	"math"
	"slices"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
)

// TestConstantControl: Brownian motion with the drift m/(σT) ends in N(m, s), so that every path has the same weight, and
// no path a gradient.
func TestConstantControl(t *testing.T) {
	const sigma, T, m, k = 0.7, 2.0, 3.0, 10
	spec := Brownian(1, Scaled(Uniform(k), T), sigma)
	c, w := constant[float64](control.Shape{Dim: 1}, m/(sigma*T))
	b := batch(spec, c, 64, gauss[float64]{m, sigma * math.Sqrt(T), 1.234})
	simulate(t, b, w, 1)
	for i, l := range b.LogW {
		if math.Abs(l-1.234) > 1e-10 {
			t.Fatalf("path %d has log weight %v, wanted 1.234", i, l)
		}
	}
	coef := make([]float64, 64)
	for name, loss := range map[string]func(){
		"log variance":       func() { LogVariance(coef, b.LogW) },
		"VarGrad":            func() { VarGrad(coef, b.LogW) },
		"trajectory balance": func() { TrajectoryBalance(coef, b.LogW, 1.234) },
	} {
		loss()
		if g := b.Back(w, func(int) []float64 { return coef }); g > 1e-9 {
			t.Errorf("%s: gradient of norm %v", name, g)
		}
	}
}

// TestReversal: for a standard normal target and its score as the control, the Euler scheme's log weight is
// −(σ²h/8)(x_K² − x_0²) for every path; that of the continuous process scatters, and its mean weight is not Z. At K = 16
// another program has .0287 for the logarithm of the latter, and a standard error of it is .003 here.
func TestReversal(t *testing.T) {
	for k, want := range map[int][2]float64{16: {.0301, .3646}, 64: {.00727, .1766}, 256: {.00182, .0888}, 1024: {0, .0442}} {
		n := 1 << 14
		if k == 1024 {
			n = 1 << 12
		}
		spec := Euler(1, Uniform(k), Noise{2, 2}, 1, false)
		c, w := constant[float64](control.Shape{Dim: 1, Gates: true})
		c.Start = make([]float64, len(c.Start))
		gates := c.Net.Body.Cond()
		c.Start[gates] = math.Sqrt2 // u = σ∇log ρ
		s := &Sampler[float64]{Spec: spec, Control: c, Inputs: control.Inputs{Shape: c.Net.Shape}}
		b := NewBatch(s, n, 64, 0, par.NewPool(1), gauss[float64]{0, 1, 0})
		simulate(t, b, w, 1)
		for i, l := range b.LogW {
			x0, x1 := b.State(i/64, 0).Data[i%64], b.State(i/64, k).Data[i%64]
			if math.Abs(l+2/float64(k)/8*(x1*x1-x0*x0)) > 1e-11 {
				t.Fatalf("K = %d: path %d has log weight %v", k, i, l)
			}
		}
		if _, std := moments(b.LogW); want[0] > 0 && math.Abs(std/want[0]-1) > .03 {
			t.Errorf("K = %d: log weights scatter by %.4g, wanted %.4g", k, std, want[0])
		}
		spec.Continuous = true
		simulate(t, b, w, 1)
		mean, std := moments(b.LogW)
		if math.Abs(std/want[1]-1) > .03 {
			t.Errorf("K = %d, continuous: log weights scatter by %.4g, wanted %.4g", k, std, want[1])
		}
		if z := zScore(b.LogW, .0287); k == 16 && (math.Abs(mean+.0327) > .01 || zScore(b.LogW, 0) < 5 || math.Abs(z) > 4) {
			t.Errorf("continuous: mean %.4f, wanted -.0327; the mean weight is %.1f standard errors off 1, and ought to be far off, and %.1f off e^.0287", mean, zScore(b.LogW, 0), z)
		}
	}
}

// TestTemperatures: with the exact control, the way there at β_k and the way back at β_{k+1}, log weights scatter by what
// was worked out for it; other temperatures are unbiased as well, and scatter by more.
func TestTemperatures(t *testing.T) {
	for k, want := range map[int]float64{16: .0299, 64: .00715} {
		sizes := make([]float64, k)
		for i := range sizes {
			sizes[i] = 1 / float64(k)
		}
		c, w := constant[float64](control.Shape{Dim: 1}, 2)
		std := func(betas []float64) float64 {
			b := batch(Langevin(1, Uniform(k), sizes, betas, 1, Tied), c, 1<<17, gauss[float64]{2, 1, 0})
			simulate(t, b, w, 1)
			if z := zScore(b.LogW, 0); math.Abs(z) > 4 { // false alarms: 6e-5
				t.Errorf("K = %d: the mean weight is %.1f standard errors off", k, z)
			}
			_, std := moments(b.LogW)
			return std
		}
		if s := std(Uniform(k)); math.Abs(s/want-1) > .03 {
			t.Errorf("K = %d: scatter %.4g, wanted %.4g", k, s, want)
		}
		// The wrong twin, to which the numbers above are no accident: temperatures half a step late.
		late := Uniform(k)
		for i := 1; i < k; i++ {
			late[i] += .5 / float64(k)
		}
		if s := std(late); math.Abs(s/want-1) < .2 {
			t.Errorf("K = %d: scatter %.4g with late temperatures", k, s)
		}
	}
}

// specs are the samplers that the derivatives and weights are tested on.
func specs(d int) map[string]*Spec {
	sizes := []float64{.1, .15, .2}
	return map[string]*Spec{
		"pis":        Brownian(d, Scaled(Refined(3), 2), .8),
		"dis":        Reversal(d, Refined(3), Noise{5, .5}, 1.3),
		"dis-euler":  Euler(d, Uniform(3), Noise{2, .5}, 1.3, false),
		"dds":        Exponential(d, Uniform(3), []float64{.6, .5, .3}, 1.1),
		"ula":        Langevin(d, Uniform(3), sizes, Uniform(3), 1.2, Fixed),
		"mcd":        Langevin(d, Uniform(3), sizes, Uniform(3), 1.2, Own),
		"cmcd":       Langevin(d, Uniform(3), sizes, Uniform(3), 1.2, Tied),
		"bridge":     Langevin(d, Uniform(3), sizes, nil, 1.2, Own),
		"continuous": Euler(d, Uniform(3), Noise{2, .5}, 1.3, true),
	}
}

func shape(s *Spec, std bool) control.Shape {
	return control.Shape{Dim: s.Dim, Active: s.Dim - 1, Score: true, Gates: true, Std: std && !s.Continuous, Two: s.Back == Own}
}

// TestBack: along a random direction of the parameters, the gradient of the log variance of given paths agrees with
// differences.
func TestBack(t *testing.T) {
	t.Run("float32", func(t *testing.T) { testBack[float32](t, 2e-3, 1e-2) })
	t.Run("float64", func(t *testing.T) { testBack[float64](t, 1e-7, 1e-4) })
}

func testBack[T vec.Float](t *testing.T, tol, eps float64) {
	for name, spec := range specs(3) {
		for _, kind := range []string{"mlp", "perdim+mlp"} {
			for _, std := range []bool{false, true} {
				c, w := random[T](shape(spec, std), kind, .1)
				b := batch(spec, c, 128, Target[T](wavy[T]{}))
				simulate(t, b, w, 1.2)
				b.Replay(w)
				coef := make([]T, 128)
				LogVariance(coef, b.LogW)
				b.Back(w, func(int) []T { return coef })
				g := slices.Clone(b.Grad)
				for _, tensor := range w.Tensors {
					part := g[tensor.Off : tensor.Off+tensor.Size()]
					norm := math.Sqrt(vec.Dot(part, part))
					if norm == 0 {
						continue
					}
					at := func(e float64) float64 {
						moved := nn.NewParams[T](&c.Layout)
						copy(moved.Theta, w.Theta)
						vec.Axpy(moved.Of(tensor), T(e/norm), part)
						moved.Refresh()
						b.Replay(moved)
						loss, _ := LogVariance(coef, b.LogW)
						return loss
					}
					got := (8*(at(eps)-at(-eps)) - (at(2*eps) - at(-2*eps))) / (12 * eps)
					if !(math.Abs(got-norm) < tol*(1+norm)) {
						t.Errorf("%s, %s, std %v, %s: slope %v, wanted %v", name, kind, std, tensor.Name, got, norm)
					}
				}
			}
		}
	}
}

// TestReplay: paths evaluated again have the log weights that they were drawn with.
func TestReplay(t *testing.T) {
	t.Run("float32", func(t *testing.T) { testReplay[float32](t, 1e-4) })
	t.Run("float64", func(t *testing.T) { testReplay[float64](t, 1e-10) })
}

func testReplay[T vec.Float](t *testing.T, tol float64) {
	for name, spec := range specs(3) {
		c, w := random[T](shape(spec, true), "mlp", .1)
		b := batch(spec, c, 64, Target[T](wavy[T]{}))
		simulate(t, b, w, 1.3)
		before := slices.Clone(b.LogW)
		b.Replay(w)
		for i, l := range b.LogW {
			if math.Abs(l-before[i]) > tol {
				t.Errorf("%s: path %d has log weight %v, and %v when replayed", name, i, before[i], l)
				break
			}
		}
	}
}

// TestMeanWeight: E[w] = Z for controls that are anything but right; not for the weight of the continuous process.
func TestMeanWeight(t *testing.T) {
	const n = 1 << 16
	for name, spec := range specs(1) {
		s := shape(spec, true)
		s.Active = 1
		c, w := random[float64](s, "mlp", .1)
		b := batch(spec, c, n, Target[float64](wavy[float64]{}))
		simulate(t, b, w, 1)
		z := zScore(b.LogW, wavyLogZ)
		if spec.Continuous {
			if math.Abs(z) < 5 {
				t.Errorf("%s: the mean weight is only %.1f standard errors off Z", name, z)
			}
		} else if math.Abs(z) > 4 { // false alarms: 6e-5 each
			t.Errorf("%s: the mean weight is %.1f standard errors off Z", name, z)
		}
	}
}

func TestWorkersDoNotMatter(t *testing.T) {
	spec := Reversal(2, Refined(4), Noise{5, .5}, 1)
	c, w := random[float32](shape(spec, true), "mlp", .1)
	var first []float32
	for _, workers := range []int{1, 2, 3, 7} {
		s := &Sampler[float32]{Spec: spec, Control: c, Inputs: control.Inputs{Shape: c.Net.Shape, Clip: 2}}
		b := NewBatch(s, 704, 64, 1<<16, par.NewPool(workers), Target[float32](wavy[float32]{}))
		if err := b.Simulate(w, rng.Key{1, 2}, 3, 1); err != nil {
			t.Fatal(err)
		}
		coef := make([]float32, 704)
		LogVariance(coef, b.LogW)
		b.Back(w, func(int) []float32 { return coef })
		if first == nil {
			first = slices.Clone(b.Grad)
		}
		if !slices.Equal(first, b.Grad) {
			t.Fatalf("%d workers give another gradient than 1", workers)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	spec := Langevin(2, Uniform(4), []float64{.1, .1, .1, .1}, Uniform(4), 1, Own)
	c, w := random[float32](shape(spec, true), "mlp", .1)
	b := batch(spec, c, 128, Target[float32](wavy[float32]{}))
	coef := make([]float32, 128)
	whole := func(int) []float32 { return coef }
	step := func() {
		if err := b.Simulate(w, rng.Key{1, 2}, 3, 1); err != nil {
			t.Fatal(err)
		}
		LogVariance(coef, b.LogW)
		b.Back(w, whole)
	}
	if n := testing.AllocsPerRun(3, step); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
}
