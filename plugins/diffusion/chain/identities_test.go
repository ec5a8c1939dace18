package chain

import (
	"math"
	"slices"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// affine is a one-dimensional control a(k)·score + b(k)·x.
func affine(spec *Spec, a, b func(k int) float64) (*Sampler[float64], *nn.Params[float64]) {
	c, w := constant[float64](control.Shape{Dim: 1, Gates: true})
	c.Start = make([]float64, len(c.Start))
	g := c.Net.Body.Cond()
	c.Start[g], c.Start[g+1] = 1, 1
	return &Sampler[float64]{Spec: spec, Control: c, Inputs: control.Inputs{Shape: c.Net.Shape}, Factor: func(k, gate int) float64 {
		return []func(int) float64{a, b}[gate](k)
	}}, w
}

// TestFoellmer: with the drift of Föllmer's process, exact in continuous time, log weights of PIS scatter by what was worked
// out for each K, about K^−½, and their mean weight is Z.
func TestFoellmer(t *testing.T) {
	const m, s = 1.5, .5
	for k, want := range map[int]struct {
		std, bound float64
		paths      int
	}{10: {.372, -.0627, 1 << 16}, 100: {.107, -.0068, 1 << 15}, 1000: {.0335, -.0003, 1 << 13}} {
		// (m + g(x − qm) − x)/(1 − q), g = qs²/(q²s² + q(1−q)), with m and x by way of the score −(x − m)/s²
		gain := func(k int, n float64) (one, x float64) {
			q := float64(k) / n
			g := s * s / (q*s*s + 1 - q)
			return m * (1 - g*q) / (1 - q), (g - 1) / (1 - q)
		}
		byScore := func(i int) float64 { one, _ := gain(i, float64(k)); return one * s * s / m }
		sampler, w := affine(Brownian(1, Uniform(k), 1), byScore, func(i int) float64 {
			_, x := gain(i, float64(k))
			return x + byScore(i)/(s*s)
		})
		b := NewBatch(sampler, want.paths, 64, 0, par.NewPool(1), Target[float64](gauss[float64]{m, s, 0}))
		simulate(t, b, w, 1)
		mean, std := moments(b.LogW)
		if math.Abs(std/want.std-1) > .03 {
			t.Errorf("K = %d: log weights scatter by %.4g, wanted %.4g", k, std, want.std)
		}
		if math.Abs(mean-want.bound) > 4*std/math.Sqrt(float64(want.paths))+1e-4 { // the number is rounded
			t.Errorf("K = %d: mean log weight %.5f, wanted %.4f", k, mean, want.bound)
		}
		if z := zScore(b.LogW, 0); math.Abs(z) > 4 { // false alarms: 6e-5 each
			t.Errorf("K = %d: the mean weight is %.1f standard errors off 1", k, z)
		}
	}
}

// TestGradientsOfKL: of the control c_0 + c_1 x three estimates of the divergence's gradient agree with what was worked out
// for it: through the simulation, half that of the log variance, and by the log-derivative trick, which is the same.
func TestGradientsOfKL(t *testing.T) {
	const n = 1 << 16
	sampler, w := affine(Brownian(1, Uniform(10), 1), func(int) float64 { return 0 }, func(int) float64 { return 1 })
	c := sampler.Control
	c.Start[c.Net.Body.Cond()+1] = -.3
	find := func(name string) nn.Tensor {
		return w.Tensors[slices.IndexFunc(w.Tensors, func(t nn.Tensor) bool { return t.Name == name })]
	}
	zero, one := find("mlp.1.bias").Off, find("gates.1.bias").Off+1
	w.Theta[zero] = .7
	w.Refresh()
	b := NewBatch(sampler, n, 64, 0, par.NewPool(1), Target[float64](gauss[float64]{1.5, .5, 0}))
	simulate(t, b, w, 1)
	coef, other := make([]float64, n), make([]float64, n)
	all := func(int) []float64 { return coef }
	more := math.Sqrt(4e5 / n) // the tolerances are standard errors at 4e5 paths
	for _, e := range []struct {
		name     string
		gradient func()
		scale    float64
		err      [2]float64
	}{
		{"through the simulation", func() { KL(coef, b.LogW); b.Tilt(w, coef, false) }, 1, [2]float64{.004, .003}},
		{"log variance", func() { LogVariance(coef, b.LogW); b.Back(w, all) }, .5, [2]float64{.009, .006}},
		{"log derivative", func() {
			LogDerivative(coef, other, b.LogW)
			b.BackEach(w, all, func(int) []float64 { return other })
		}, 1, [2]float64{.009, .006}},
	} {
		e.gradient()
		for i, want := range []float64{-3.102, -.115} {
			if got := e.scale * b.Grad[[]int{zero, one}[i]]; math.Abs(got-want) > 5*more*e.err[i] {
				t.Errorf("%s: derivative by c_%d is %.4f, wanted %.3f", e.name, i, got, want)
			}
		}
	}
}

// holed is a normal whose log density cannot be had beyond 1, and is −Inf below −1; its score is NaN there.
type holed struct{ gauss[float64] }

func (h holed) Eval(id int, logp []float64, score, x tile.Tile[float64]) {
	h.gauss.Eval(id, logp, score, x)
	for j, v := range x.Row(0) {
		if v >= -1 && v <= 1 {
			continue
		}
		logp[j] = math.NaN()
		if v < -1 {
			logp[j] = math.Inf(-1)
		}
		if !score.IsZero() {
			score.Row(0)[j] = math.NaN()
		}
	}
}

// TestPathsGivenUp: paths that end where the target is not have no weight and count as paths; losses count them, and no
// gradient sees them, nor the NaN that they met.
func TestPathsGivenUp(t *testing.T) {
	const n = 1 << 14
	shape := control.Shape{Dim: 1, Score: true, Gates: true}
	c, w := random[float64](shape, "mlp", .1)
	b := batch(Reversal(1, Refined(4), Noise{5, .5}, 1), c, n, Target[float64](holed{gauss[float64]{0, 1, 0}}))
	simulate(t, b, w, 1)
	bad := 0
	for _, l := range b.LogW {
		if math.IsInf(l, -1) {
			bad++
		} else if math.IsNaN(l) {
			t.Fatal("a log weight is NaN")
		}
	}
	coef, kl := make([]float64, n), make([]float64, n)
	_, counted := LogVariance(coef, b.LogW)
	if bad == 0 || bad == n || counted != bad {
		t.Fatalf("%d paths without a weight, %d counted", bad, counted)
	}
	if z := zScore(b.LogW, math.Log(math.Erf(1/math.Sqrt2))); math.Abs(z) > 4 { // false alarms: 6e-5
		t.Errorf("the mean weight is %.1f standard errors off the mass that is left", z)
	}
	if g := b.Back(w, func(int) []float64 { return coef }); !(g > 0) || math.IsInf(g, 0) {
		t.Errorf("gradient of norm %v", g)
	}
	KL(kl, b.LogW)
	if g := b.Tilt(w, kl, false); !(g > 0) || math.IsInf(g, 0) {
		t.Errorf("gradient through the simulation of norm %v", g)
	}
	was := slices.Clone(b.LogW)
	b.Replay(w)
	for i, l := range b.LogW {
		if math.IsInf(l, -1) != math.IsInf(was[i], -1) {
			t.Fatalf("path %d has log weight %v, and %v when replayed", i, was[i], l)
		}
	}
}

// TestPathsHome: over exact draws of the target, paths drawn the way back have weights whose inverse is 1/Z in the mean, and
// replaying them gives the same weights.
func TestPathsHome(t *testing.T) {
	const n = 1 << 14
	for name, spec := range specs(1) {
		if spec.Continuous {
			continue
		}
		s := shape(spec, true)
		s.Active = 1
		c, w := random[float64](s, "mlp", .05)
		b := batch(spec, c, n, Target[float64](gauss[float64]{.4, .8, 1.5}))
		for t := range n / 64 {
			x := b.State(t, spec.K())
			rng.NewKey(8, "draws", t).Normals(x.Data, 0, 0, 0)
			for j, v := range x.Data {
				x.Data[j] = .4 + .8*v
			}
		}
		if err := b.SimulateHome(w, rng.NewKey(1, "paths", 0), 0, 1, n/64); err != nil {
			t.Fatal(err)
		}
		inverse := make([]float64, n)
		for i, l := range b.LogW {
			inverse[i] = -l
		}
		if z := zScore(inverse, -1.5); math.Abs(z) > 4.5 { // false alarms: 7e-6 each, were they normal
			t.Errorf("%s: the mean inverse weight is %.1f standard errors off 1/Z", name, z)
		}
		was := slices.Clone(b.LogW)
		b.Replay(w)
		for i, l := range b.LogW {
			if math.Abs(l-was[i]) > 1e-10 {
				t.Errorf("%s: path %d has log weight %v, and %v when replayed", name, i, was[i], l)
				break
			}
		}
	}
}

// TestAlong: what the blocks between any cuts add to the log weight is the whole of it.
func TestAlong(t *testing.T) {
	b, w := trial(t, "cmcd", true)
	for range b.K() + 1 {
		b.Along = append(b.Along, make([]float64, b.Paths))
	}
	simulate(t, b, w, 1)
	for i, l := range b.LogW {
		for _, cuts := range [][]int{{0, 3}, {0, 1, 3}, {0, 1, 2, 3}} {
			sum := 0.0
			for j := range len(cuts) - 1 {
				from, to := cuts[j], cuts[j+1]
				sum += b.LogGamma(to, i) - b.LogGamma(from, i)
				for _, d := range b.Delta[from:to] {
					sum += d[i]
				}
			}
			if math.Abs(sum-l) > 1e-10 {
				t.Fatalf("path %d, cuts %v: blocks add %v, the path weighs %v", i, cuts, sum, l)
			}
		}
	}
}

// TestWorkersDoNotMatterToAdjoints: nor to the gradient through the simulation, with everything free.
func TestWorkersDoNotMatterToAdjoints(t *testing.T) {
	var first []float32
	for _, workers := range []int{1, 2, 5} {
		spec := Langevin(2, Uniform(4), []float64{.1, .1, .1, .1}, Uniform(4), 1, Own)
		c, err := control.Build[float32](shape(spec, true), control.Arch{Kind: "mlp", Width: 8, Depth: 2, Act: nn.Tanh}, control.Gates{Score: .1})
		if err != nil {
			t.Fatal(err)
		}
		s := &Sampler[float32]{Spec: spec, Control: c, Inputs: control.Inputs{Shape: c.Net.Shape, Clip: 2}, Free: NewFree(&c.Layout, spec, true, true, true)}
		w := nn.NewParams[float32](&c.Layout)
		w.Init(rng.NewKey(1, "init", 0))
		b := NewBatch(s, 704, 64, 1<<16, par.NewPool(workers), Target[float32](wavy[float32]{}))
		if err := b.Simulate(w, rng.Key{1, 2}, 3, 1); err != nil {
			t.Fatal(err)
		}
		coef := make([]float32, 704)
		KL(coef, b.LogW)
		b.Tilt(w, coef, false)
		both := slices.Clone(b.Grad)
		LogVariance(coef, b.LogW)
		b.Back(w, func(int) []float32 { return coef })
		both = append(both, b.Grad...)
		if first == nil {
			first = both
		}
		if !slices.Equal(first, both) {
			t.Fatalf("%d workers give another gradient than 1", workers)
		}
	}
}

// TestGeometric: steps in relation to what is left fall off as said, and the same for the noise of a reversal.
func TestGeometric(t *testing.T) {
	const k, least = 50, .01
	noise := Noise{10, .1}
	for name, left := range map[string]func(i int) float64{
		"time":  func(i int) float64 { return 1 - Geometric(k, least)[i] },
		"noise": func(i int) float64 { return -math.Expm1(-noise.Integral(Noised(k, noise, least)[i], 1)) },
		"level": func(i int) float64 { n := Noise{3, 3}; return -math.Expm1(-n.Integral(Noised(k, n, least)[i], 1)) },
	} {
		want := (left(1) + least) / (left(0) + least)
		for i := range k {
			if got := (left(i+1) + least) / (left(i) + least); math.Abs(got-want) > 1e-9 {
				t.Fatalf("%s: factor %v at step %d, %v at the first", name, got, i, want)
			}
		}
		if left(k) > 1e-12 || left(0) < .9 {
			t.Errorf("%s: from %v to %v", name, left(0), left(k))
		}
	}
}
