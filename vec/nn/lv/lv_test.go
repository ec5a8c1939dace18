package lv

import (
	"math"
	"slices"
	"testing"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// grid is k steps to time 1, shorter towards the end.
func grid(k int) []float64 {
	t := make([]float64, k+1)
	for i := range t {
		t[i] = math.Sin(math.Pi / 2 * float64(i) / float64(k))
	}
	return t
}

func noise(k int, sigma float64) []float64 {
	s := make([]float64, k)
	for i := range s {
		s[i] = sigma * (1 + 0.3*float64(i)/float64(k))
	}
	return s
}

// wells is a target with two modes and correlated coordinates.
func wells[T vec.Float](_ int, logp []float64, x tile.Tile[T]) {
	for p := range logp {
		logp[p] = 0
		for i := range x.Rows {
			v := float64(x.Row(i)[p])
			logp[p] -= (v*v - 1) * (v*v - 1) / 2
			if i > 0 {
				logp[p] += 0.3 * v * float64(x.Row(i - 1)[p])
			}
		}
	}
}

func setUp[T vec.Float](c Config, d, workers int, target Target[T]) (*Step[T], *nn.Params[T], nn.Net[T], nn.Net[T]) {
	var layout nn.Layout
	net := nn.NewMLP[T](&layout, "u", nn.MLPConfig{In: d, Out: d, Hidden: []int{12, 12}, Act: nn.GELU, Cond: true, Head: 1})
	clock := nn.NewMLP[T](&layout, "clock", nn.MLPConfig{In: 1, Out: 12, Hidden: []int{8}, Head: 1})
	w := nn.NewParams[T](&layout)
	w.Init(rng.NewKey(3, "test", 0))
	return New(c, net, clock, &layout, par.NewPool(workers), target), w, net, clock
}

func config(cap int) Config {
	return Config{Times: grid(9), Sigma: noise(9, 1.5), Paths: 96, P: 16, Cap: cap}
}

// TestExactControl: for a Gaussian target of the reference's width the best control is known, and every path has weight Z.
func TestExactControl(t *testing.T) {
	const d, k, logZ = 2, 10, 1.234
	sigma := make([]float64, k)
	for i := range sigma {
		sigma[i] = 0.7
	}
	times := make([]float64, k+1)
	for i := range times {
		times[i] = 2 * float64(i) / k
	}
	variance, mean := 0.7*0.7*2, 3.0
	target := func(_ int, logp []float64, x tile.Tile[float64]) {
		for p := range logp {
			logp[p] = logZ - d/2*math.Log(2*math.Pi*variance)
			for i := range x.Rows {
				r := x.Row(i)[p] - mean
				logp[p] -= r * r / (2 * variance)
			}
		}
	}
	var layout nn.Layout
	net := nn.NewMLP[float64](&layout, "u", nn.MLPConfig{In: d, Out: d, Hidden: []int{4}, HeadBias: mean / (0.7 * 2)})
	w := nn.NewParams[float64](&layout)
	w.Init(rng.NewKey(3, "test", 0))
	s := New(Config{Times: times, Sigma: sigma, Paths: 64, P: 16}, net, nil, &layout, par.NewPool(1), target)
	loss, norm := s.Gradient(w, rng.NewKey(4, "test", 0), 1)
	for i, l := range s.LogW {
		if !(math.Abs(l-logZ) < 1e-10) {
			t.Fatalf("path %d has log weight %g", i, l)
		}
	}
	if !(loss < 1e-20 && norm < 1e-9) {
		t.Fatalf("loss %g, gradient %g", loss, norm)
	}
}

// replay is the log weights of the paths of s, up to constants, under the control with parameters w, where ur is the
// control that drew them: Σ −(u·(u_R − u/2) h + √h u·ξ).
func replay(s *Step[float64], w *nn.Params[float64], net, clock nn.Net[float64], ur [][]float64) (lw []float64, us [][]float64) {
	lw = slices.Clone(s.LogW)
	var a tile.Arena[float64]
	in, t := a.Input(s.dim, s.P), a.Input(1, 1)
	var c nn.Cond[float64]
	pass, time := net.NewPass(&a, in, &c), clock.NewPass(&a, t, nil)
	for i := range s.Paths / s.P {
		for k, h := range s.h {
			t.Row(0)[0] = s.Times[k]
			c.Row = time.Forward(w, nil).Flat()
			copy(in.Data, s.at(s.xs, i, k))
			u := slices.Clone(pass.Forward(w, nil).Flat())
			us = append(us, u)
			for j, v := range u {
				r := v
				if ur != nil {
					r = ur[len(us)-1][j]
				}
				xi := s.at(s.xi, i, k)[j]
				lw[i*s.P+j%s.P] -= v*(r-v/2)*h + s.root[k]*v*xi - (r*r/2*h + s.root[k]*r*xi)
			}
		}
	}
	return lw, us
}

func variance(x []float64) float64 {
	m, s := 0.0, 0.0
	for _, v := range x {
		m += v / float64(len(x))
	}
	for _, v := range x {
		s += (v - m) * (v - m)
	}
	return s / float64(len(x)-1)
}

func testGradient[T vec.Float](t *testing.T, bound float64) {
	const d = 3
	s, w, _, _ := setUp[T](config(0), d, 1, wells[T])
	key := rng.NewKey(4, "test", 0)
	s.Gradient(w, key, 1)
	grad := s.Grad

	// The loss on these very paths, in float64.
	s64, w64, net, clock := setUp[float64](config(0), d, 1, wells[float64])
	vec.Widen(w64.Theta, w.Theta)
	w64.Refresh()
	s64.Gradient(w64, key, 1)
	for i := range s.xs {
		s64.xs[i], s64.xi[i] = float64(s.xs[i]), float64(s.xi[i])
	}
	copy(s64.LogW, s.LogW)
	_, ur := replay(s64, w64, net, clock, nil)
	theta := slices.Clone(w64.Theta)
	for _, tensor := range w.Tensors {
		part := grad[tensor.Off : tensor.Off+tensor.Size()]
		norm := math.Sqrt(vec.Dot(part, part))
		at := func(e float64) float64 {
			for i, g := range part {
				w64.Theta[tensor.Off+i] = theta[tensor.Off+i] + e*float64(g)/norm
			}
			w64.Refresh()
			lw, _ := replay(s64, w64, net, clock, ur)
			return variance(lw)
		}
		const e = 1e-4
		got := (8*(at(e)-at(-e)) - (at(2*e) - at(-2*e))) / (12 * e)
		at(0)
		if r := got/norm - 1; !(math.Abs(r) < bound) {
			t.Errorf("the derivative along the gradient of %s is off by %g of itself", tensor.Name, r)
		}
	}
}

func TestGradient(t *testing.T) {
	t.Run("float32", func(t *testing.T) { testGradient[float32](t, 1e-3) })
	t.Run("float64", func(t *testing.T) { testGradient[float64](t, 1e-7) })
}

// TestSameBits: neither the number of workers nor the memory for pre-activations changes a bit.
func TestSameBits(t *testing.T) {
	var first []float32
	for _, c := range []struct{ workers, cap int }{{1, 0}, {2, 0}, {3, 0}, {7, 0}, {1, 1 << 30}, {3, 1 << 30}, {2, 20 * 16 * 24 * 4}} {
		s, w, _, _ := setUp[float32](config(c.cap), 2, c.workers, wells[float32])
		loss, norm := s.Gradient(w, rng.NewKey(4, "test", 0), 1)
		all := append(slices.Clone(s.Grad), float32(loss), float32(norm))
		if first == nil {
			first = all
		}
		if !slices.Equal(first, all) {
			t.Fatalf("%d workers with %d bytes give other bits", c.workers, c.cap)
		}
	}
}

func TestLostPaths(t *testing.T) {
	target := func(worker int, logp []float64, x tile.Tile[float64]) {
		wells(worker, logp, x)
		logp[3], logp[5] = math.Inf(-1), math.NaN()
	}
	s, w, _, _ := setUp(config(0), 2, 1, target)
	loss, norm := s.Gradient(w, rng.NewKey(4, "test", 0), 1)
	if s.Bad != 2*s.Paths/s.P || !finite(loss) || !finite(norm) {
		t.Fatalf("%d paths lost, loss %g, gradient %g", s.Bad, loss, norm)
	}
}

func TestNoAllocation(t *testing.T) {
	for _, cap := range []int{0, 1 << 30} {
		s, w, _, _ := setUp[float32](config(cap), 2, 1, wells[float32])
		if a := testing.AllocsPerRun(3, func() { s.Gradient(w, rng.Key{1, 2}, 1) }); a != 0 {
			t.Errorf("%v allocations", a)
		}
	}
}
