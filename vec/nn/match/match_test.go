package match

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

// gaussian is a pilot of m draws of N(0, I), with scores.
func gaussian[T vec.Float](d, m int) Pool[T] {
	x := make([]float64, d*m)
	rng.NewKey(1, "pilot", 0).Normals(x, 0, 0, 0)
	p := Pool[T]{make([]T, len(x)), make([]T, len(x))}
	for i, v := range x {
		p.X[i], p.Score[i] = T(v), T(-v)
	}
	return p
}

// TestGaussianTarget: for a Gaussian target the closed forms are the answer, so that what is left for the heads to fit has
// mean zero at every time and is not correlated with x.
func TestGaussianTarget(t *testing.T) {
	const d, p, n = 2, 64, 1 << 16
	c := &Config{Dim: d, Reference: 1.7, Sigma: 0.8, Base: true}
	var a tile.Arena[float64]
	b := newBridge(c, gaussian[float64](d, 1<<16).joined(d), []float64{0.4, 3}, p, &a) // any κ will do
	type moments struct{ r, r2, rx, rx2 float64 }                                      // of a tile's sums: its samples share their points
	const bins = 8
	var m [2][bins]moments
	for first := 0; first < n; first += p {
		b.draw(rng.NewKey(2, "draw", 0), 3, first, n)
		for i := range p {
			if at := (float64(first+i) + 0.5) / n; math.Abs(b.t[i]-at) > 0.5/n {
				t.Fatalf("sample %d has time %g", first+i, b.t[i])
			}
		}
		for head, y := range []tile.Tile[float64]{b.a, b.s} {
			s := &m[head][int(b.t[0]*bins)]
			r, rx := vec.Sum(y.Flat()), vec.Dot(y.Flat(), b.x.Flat())
			s.r += r
			s.r2 += r * r
			s.rx += rx
			s.rx2 += rx * rx
		}
	}
	for head := range m {
		for bin, s := range m[head] {
			for _, z := range []float64{s.r / math.Sqrt(s.r2), s.rx / math.Sqrt(s.rx2)} {
				if !(math.Abs(z) < 5) {
					t.Errorf("head %d, times from %d/%d: z = %g", head, bin, bins, z)
				}
			}
		}
	}
}

// TestNoVarianceInAMode: in a Gaussian mode of precision κ, what the heads are fitted to does not depend on the draw.
func TestNoVarianceInAMode(t *testing.T) {
	const d, p, kappa, at = 1, 64, 9.0, 0.7
	c := &Config{Dim: d, Reference: 1.2, Sigma: 1.3, Spread: true}
	pool := gaussian[float64](d, 4096)
	for i, v := range pool.X {
		pool.X[i], pool.Score[i] = at+v/3, -kappa*(v/3)
	}
	var a tile.Arena[float64]
	b := newBridge(c, pool.joined(1), []float64{kappa}, p, &a)
	b.draw(rng.NewKey(2, "draw", 0), 0, 0, p)
	for i, s := range b.t {
		w := (1-s)*(1-s)*1.44 + 1.69*s*(1-s)
		v := w + s*s/kappa
		x := b.x.Data[i]
		score := -(x - s*at) / v
		mean := (x + w*score) / s
		want := mean + (1-s)*1.44*score
		if math.Abs(b.s.Data[i]-score) > 1e-10 || math.Abs(b.a.Data[i]-want) > 1e-10 || math.Abs(b.hat.Data[i]-mean) > 1e-10 {
			t.Fatalf("t = %g: s is %g and not %g, a %g and not %g", s, b.s.Data[i], score, b.a.Data[i], want)
		}
		if left := w / (s*s + kappa*w); math.Abs(b.left.Data[i]-left) > 1e-12 || math.Abs(b.weight.Data[i]-1/v) > 1e-10 {
			t.Fatalf("t = %g: variance %g and weight %g", s, b.left.Data[i], b.weight.Data[i])
		}
	}
}

// TestSpread: the estimate of the variance of x₁ given X_t has no bias, whatever κ is: here, of a normal target, the third
// head's derivative is zero on average where ℓ is the truth, 0, and is not where it is not. 5 standard errors.
func TestSpread(t *testing.T) {
	const d, p, n = 2, 64, 1 << 16
	c := &Config{Dim: d, Reference: 1.7, Sigma: 0.8, Base: true, Spread: true}
	for _, l := range []float64{0, 0.2} {
		var a tile.Arena[float64]
		k := &worker[float64]{bridge: newBridge(c, gaussian[float64](d, 1<<16).joined(d), []float64{0.4, 3}, p, &a), dy: a.Tile(3*d, p)}
		y := tile.New[float64](3*d, p)
		y.Slice(2*d, 3*d).Fill(l)
		var one, two float64
		for first := 0; first < n; first += p {
			k.draw(rng.NewKey(2, "draw", 0), 3, first, n)
			k.residual(y, 1)
			for _, g := range k.dy.Slice(2*d, 3*d).Flat() {
				one += g
				two += g * g
			}
		}
		if z := one / math.Sqrt(two); (math.Abs(z) < 5) != (l == 0) {
			t.Errorf("ℓ = %g: z = %g", l, z)
		}
	}
}

func setUp[T vec.Float](c Config, workers, n, p int) (*Step[T], *nn.Params[T]) {
	var layout nn.Layout
	net := nn.NewMLP[T](&layout, "match", nn.MLPConfig{In: c.Inputs(), Out: c.Outputs(), Hidden: []int{16, 16}, Residual: true, Head: 1})
	w := nn.NewParams[T](&layout)
	w.Init(rng.NewKey(1, "test", 0))
	s := NewStep(c, net, &layout, par.NewPool(workers), gaussian[T](c.Dim, 100), n, p)
	s.Extra = func(_ int, dst, x tile.Tile[T]) { vec.Tanh(dst.Flat(), x.Slice(0, dst.Rows).Flat()) }
	return s, w
}

var small = Config{Dim: 3, Reference: 1.5, Sigma: 1, Base: true, Spread: true, Time: nn.Sinusoid{Harmonics: 2}, Extra: 2}

func testGradient[T vec.Float](t *testing.T, c Config, step, bound float64) {
	s, w := setUp[T](c, 1, 64, 16)
	key := rng.NewKey(5, "draw", 0)
	s.Gradient(w, key, 7)
	grad, theta := slices.Clone(s.Grad), slices.Clone(w.Theta)
	for i, tensor := range w.Tensors {
		part := grad[tensor.Off : tensor.Off+tensor.Size()]
		if s.Spread && i < len(w.Tensors)-2 {
			continue
		}
		if s.Spread { // of the other heads it is not the derivative of all of the loss: they are as given to the third
			for k := range part {
				if k%s.Outputs() < 2*s.Dim {
					part[k] = 0
				}
			}
		}
		norm := math.Sqrt(vec.Dot(part, part))
		at := func(e float64) float64 {
			for i, d := range part {
				w.Theta[tensor.Off+i] = T(float64(theta[tensor.Off+i]) + e*float64(d)/norm)
			}
			w.Refresh()
			loss, _ := s.Gradient(w, key, 7)
			return loss
		}
		got := (8*(at(step)-at(-step)) - (at(2*step) - at(-2*step))) / (12 * step)
		at(0)
		if r := got/norm - 1; !(math.Abs(r) < bound) {
			t.Errorf("the derivative along the gradient of %s is off by %g of itself", tensor.Name, r)
		}
	}
}

func TestGradient(t *testing.T) {
	for _, c := range []Config{small, {Dim: 3, Reference: 1.5, Sigma: 1, Base: true, Time: nn.Sinusoid{Harmonics: 2}, Extra: 2}} {
		t.Run("float32", func(t *testing.T) { testGradient[float32](t, c, 0.05, 1e-3) })
		t.Run("float64", func(t *testing.T) { testGradient[float64](t, c, 1e-3, 1e-7) })
	}
}

func TestWorkersDoNotMatter(t *testing.T) {
	var first []float32
	for _, workers := range []int{1, 2, 3, 7} {
		s, w := setUp[float32](small, workers, 192, 16)
		loss, norm := s.Gradient(w, rng.NewKey(5, "draw", 0), 7)
		all := append(slices.Clone(s.Grad), float32(loss), float32(norm))
		if first == nil {
			first = all
		}
		if !slices.Equal(first, all) {
			t.Fatalf("%d workers give other bits than 1", workers)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	s, w := setUp[float32](small, 1, 64, 16)
	if a := testing.AllocsPerRun(3, func() { s.Gradient(w, rng.Key{1, 2}, 7) }); a != 0 {
		t.Fatalf("%v allocations", a)
	}
}
