package pinn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/gram"
	"github.com/sampan-mc/sampan/vec/nn/jet"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// configs have all equations, with and without known parts of V.
var configs = []Config{
	{Equation: LogCE, Features: jet.Features{Dim: 2, Scale: 0.5, Time: nn.Sinusoid{Harmonics: 2}}, Hidden: []int{12, 16, 12}, Act: nn.Tanh, Head: 1},
	{Equation: LogCE, Features: jet.Features{Dim: 3, Scale: 1, Time: nn.Sinusoid{Harmonics: 1}}, Hidden: []int{10, 8}, Act: nn.GELU, Head: 1, Known: true, Norms: 3},
	{Equation: LogFP, Features: jet.Features{Dim: 2, Scale: 1}, Hidden: []int{8, 8, 8}, Act: nn.Tanh, Head: 1},
	{
		Equation: LogCE, Features: jet.Features{Dim: 3, Scale: 0.6, Time: nn.Sinusoid{Harmonics: 2}}, Hidden: []int{12, 10}, Act: nn.Tanh, Head: 1, Known: true, Norms: 1,
		Ridge: &Ridge{Directions: 5, Hidden: []int{8, 8}, Embed: 3, Act: nn.Tanh, Head: 1},
	},
	{
		Equation: LogCE, Features: jet.Features{Dim: 4, Scale: 1, Time: nn.Sinusoid{Harmonics: 1}}, Act: nn.Tanh,
		Ridge: &Ridge{Directions: 4, Hidden: []int{8, 6}, Act: nn.Tanh, Head: 1, Alone: true},
	},
	{
		Equation: LogFP, Features: jet.Features{Dim: 2, Scale: 0.8}, Hidden: []int{9, 9}, Act: nn.SiLU, Residual: true, Head: 1, Known: true,
		Ridge: &Ridge{Directions: 3, Hidden: []int{7, 7}, Embed: 2, Act: nn.Tanh, Head: 1},
	},
	{Equation: OT, Features: jet.Features{Dim: 3, Scale: 0.7, Time: nn.Sinusoid{Harmonics: 1}}, Hidden: []int{10, 8}, Act: nn.Tanh, Head: 1, Known: true, Norms: 2},
	{
		Equation: SB, Features: jet.Features{Dim: 2, Scale: 0.8, Time: nn.Sinusoid{Harmonics: 1}}, Hidden: []int{9, 9}, Act: nn.Tanh, Head: 1, Known: true, Norms: 1,
		Ridge: &Ridge{Directions: 3, Hidden: []int{7, 7}, Embed: 2, Act: nn.Tanh, Head: 1},
	},
	{Equation: SB, Features: jet.Features{Dim: 2, Scale: 1}, Hidden: []int{8, 8}, Act: nn.Tanh, Head: 1},
	{
		Equation: Score, Features: jet.Features{Dim: 3, Scale: 0.8, Time: nn.Sinusoid{Harmonics: 1}}, Hidden: []int{9, 9}, Act: nn.Tanh, Head: 1, Known: true, Norms: 1,
		Ridge: &Ridge{Directions: 3, Hidden: []int{7, 7}, Embed: 2, Act: nn.Tanh, Head: 1},
	},
	{Equation: Score, Features: jet.Features{Dim: 2, Scale: 1}, Hidden: []int{8, 8}, Act: nn.Tanh, Head: 1},
	{Equation: LogFP, Features: jet.Features{Dim: 5, Scale: 0.7, Time: nn.Sinusoid{Harmonics: 1}}, Hidden: []int{10, 8}, Act: nn.SiLU, Head: 1, Known: true, Norms: 2},
	{
		Equation: LogCE, Features: jet.Features{Dim: 3, Scale: 0.6, Time: nn.Sinusoid{Harmonics: 1}}, Hidden: []int{10, 8}, Act: nn.Tanh, Head: 1, Known: true, Norms: 1,
		Ridge: &Ridge{Directions: 4, Hidden: []int{8, 8}, Embed: 2, Act: nn.Tanh, Head: 1}, Even: true,
	},
	{Equation: SB, Features: jet.Features{Dim: 2, Scale: 0.8}, Hidden: []int{8, 8}, Act: nn.Tanh, Head: 1, Even: true},
}

func each(t *testing.T, test func(t *testing.T, c Config)) {
	for i, c := range configs {
		t.Run(fmt.Sprintf("%d/%v/d=%d", i, c.Equation, c.Dim), func(t *testing.T) { test(t, c) })
	}
}

func setUp[T vec.Float](c Config, workers, p int) (*Loss[T], *nn.Params[T]) {
	var layout nn.Layout
	l := New[T](&layout, "test", c)
	w := nn.NewParams[T](&layout)
	w.Init(rng.NewKey(1, "test", 0))
	if c.Norms > 0 {
		for i := range w.Of(l.Norm()) {
			w.Of(l.Norm())[i] = T(0.3 * float64(i+1))
		}
	}
	l.Start(par.NewPool(workers), &layout, p)
	return l, w
}

// anneal is V = (1−t) log N(0,1) + t log N(1,¼) but for a constant, with gain t(1−t) and ψ_k = t^k.
func anneal(x []float64, t float64) float64 {
	s := 0.0
	for _, v := range x {
		s -= (1-t)*v*v/2 + t*2*(v-1)*(v-1)
	}
	return s
}

func draw[T vec.Float](c Config, n, p int, seed uint64) *Batch[T] {
	r := rand.New(rand.NewPCG(seed, 1))
	b := NewBatch[T](c.Dim, n, p, c.Known, c.Norms)
	for _, q := range b.Tiles {
		for i := range p {
			t := r.Float64()
			q.Time[i], q.Sigma2[i], q.Second[i] = T(t), T(1+t), T(r.NormFloat64())
			for k := range c.Dim {
				q.X.Row(k)[i] = T(1.3 * r.NormFloat64())
			}
			if q.Known == nil {
				continue
			}
			q.Known.Gain[i], q.Known.GainRate[i] = T(t*(1-t)), T(1-2*t)
			q.Known.Rate[i], q.Known.Lap[i] = 0, T(float64(c.Dim)*(-(1-t)-4*t))
			for k := range c.Dim {
				x := float64(q.X.Row(k)[i])
				q.Known.Rate[i] += T(x*x/2 - 2*(x-1)*(x-1))
				q.Known.Grad.Row(k)[i] = T(-(1-t)*x - 4*t*(x-1))
			}
			for k := range c.Norms {
				q.Known.Norm.Row(k)[i] = T(float64(k+1) * math.Pow(t, float64(k)))
			}
		}
	}
	return b
}

// plain returns what evaluates a net at one point.
func plain(net nn.Net[float64], w *nn.Params[float64], f jet.Features) func(x []float64, t float64) []float64 {
	var a tile.Arena[float64]
	in := a.Input(net.In(), 1)
	pass := net.NewPass(&a, in, nil)
	return func(x []float64, t float64) []float64 {
		for i, v := range x {
			in.Row(i)[0] = f.Scale * v
		}
		nn.Fill(f.Time, in.Slice(f.Dim, f.Width()), []float64{t})
		return slices.Clone(pass.Forward(w, nil).Flat())
	}
}

// TestResidual compares with finite differences of V and μ as functions.
func TestResidual(t *testing.T) {
	each(t, func(t *testing.T, c Config) {
		const n, p = 32, 16
		l, w := setUp[float64](c, 1, p)
		b := draw[float64](c, n, p, 2)
		r := make([]float64, n)
		l.Jacobian(r, nil, w, b)
		potential := plain(l.Potential, w, c.Features)
		var drift func(x []float64, t float64) []float64 // or Φ
		if l.Drift != nil {
			drift = plain(l.Drift, w, c.Features)
		}
		v := func(x []float64, t float64) float64 {
			phi := potential(x, t)[0]
			if !c.Known {
				return phi
			}
			s := anneal(x, t) + t*(1-t)*phi
			for k := range c.Norms {
				s -= w.Of(l.Norm())[k] * math.Pow(t, float64(k+1))
			}
			return s
		}
		for i := range n {
			q := b.Tiles[i/p]
			x, s, s2 := make([]float64, c.Dim), q.Time[i%p], q.Sigma2[i%p]
			for k := range x {
				x[k] = q.X.Row(k)[i%p]
			}
			const e = 1e-3
			move := func(k int, h float64) []float64 { y := slices.Clone(x); y[k] += h; return y }
			diff := func(f func(h float64) float64) (float64, float64) {
				a, b, c, d := f(-2*e), f(-e), f(e), f(2*e)
				return (a - 8*b + 8*c - d) / (12 * e), (-a + 16*b - 30*f(0) + 16*c - d) / (12 * e * e)
			}
			want, _ := diff(func(h float64) float64 { return v(x, s+h) })
			second := 0.0
			if c.Equation.Gradient() {
				second, _ = diff(func(h float64) float64 { return drift(x, s+h)[0] })
			}
			for k := range x {
				g, gg := diff(func(h float64) float64 { return v(move(k, h), s) })
				var m, d float64
				switch {
				case c.Equation == Score: // μ = σ²(∇V + ½x)
					m, d = s2*(g+x[k]/2), s2*(gg+.5)
				case c.Equation.Gradient():
					m, d = diff(func(h float64) float64 { return drift(move(k, h), s)[0] })
					if second += m * m / 2; c.Equation == SB {
						second += s2 / 2 * d
					}
				default:
					m = drift(x, s)[k]
					d, _ = diff(func(h float64) float64 { return drift(move(k, h), s)[k] })
				}
				want += d + m*g
				if c.Equation.Noisy() {
					want -= s2 / 2 * (g*g + gg)
				}
			}
			want += second * q.Second[i%p]
			if e := math.Abs(r[i] - want); !(e < 1e-6*(1+math.Abs(want))) {
				t.Fatalf("point %d: residual %g, by differences %g", i, r[i], want)
			}
		}
	})
}

func testGradient[T vec.Float](t *testing.T, step, bound float64) {
	each(t, func(t *testing.T, c Config) {
		const n, p = 48, 16
		l, w := setUp[T](c, 1, p)
		b := draw[T](c, n, p, 2)
		l.Gradient(w, b)
		grad, theta := slices.Clone(l.Grad), slices.Clone(w.Theta)
		for _, tensor := range w.Tensors {
			part := grad[tensor.Off : tensor.Off+tensor.Size()]
			norm := math.Sqrt(vec.Dot(part, part))
			if norm == 0 && (!c.Known || c.Equation.Gradient()) || norm < 1e-5 && c.Even {
				continue // the constant of V = φ, or of Φ, of which no derivative knows; or the last bias of an odd field
			}
			at := func(e float64) float64 {
				for i, d := range part {
					w.Theta[tensor.Off+i] = T(float64(theta[tensor.Off+i]) + e*float64(d)/norm)
				}
				w.Refresh()
				loss, _ := l.Gradient(w, b)
				return loss
			}
			got := (8*(at(step)-at(-step)) - (at(2*step) - at(-2*step))) / (12 * step)
			at(0)
			if r := got/norm - 1; !(math.Abs(r) < bound) {
				t.Errorf("the derivative along the gradient of %s is off by %g of itself", tensor.Name, r)
			}
		}
	})
}

func TestGradient(t *testing.T) {
	t.Run("float32", func(t *testing.T) { testGradient[float32](t, 0.04, 1e-3) })
	t.Run("float64", func(t *testing.T) { testGradient[float64](t, 1e-3, 1e-7) })
}

// TestJacobian holds the recorded Jacobian to the gradient, 2/N Jᵀr, and to differences of the residuals.
func TestJacobian(t *testing.T) {
	each(t, func(t *testing.T, c Config) {
		const n, p = 32, 8
		l, w := setUp[float64](c, 2, p)
		b := draw[float64](c, n, p, 2)
		j := l.NewJacobian(w, n)
		r, dir, jd := make([]float64, n), make([]float64, w.Size()), make([]float64, n)
		l.Jacobian(r, j, w, b)
		g := gram.NewWorker(par.NewPool(2), j)
		byJ := make([]float64, w.Size())
		g.MulT(byJ, j, r)
		l.Gradient(w, b)
		for i, g := range l.Grad {
			if e := math.Abs(2*byJ[i]/n - g); !(e < 1e-11*(1+math.Abs(g))) {
				t.Fatalf("2/N Jᵀr and the gradient differ by %g at %d", e, i)
			}
		}
		rnd := rand.New(rand.NewPCG(4, 4))
		for i := range dir {
			dir[i] = rnd.NormFloat64()
		}
		g.Mul(jd, j, dir)
		const e = 1e-6
		hi, lo, theta := make([]float64, n), make([]float64, n), slices.Clone(w.Theta)
		for i, d := range dir {
			w.Theta[i] = theta[i] + e*d
		}
		w.Refresh()
		l.Jacobian(hi, nil, w, b)
		for i, d := range dir {
			w.Theta[i] = theta[i] - e*d
		}
		w.Refresh()
		l.Jacobian(lo, nil, w, b)
		for i := range n {
			if want := (hi[i] - lo[i]) / (2 * e); !(math.Abs(jd[i]-want) < 1e-6*(1+math.Abs(want))) {
				t.Fatalf("(Jv)[%d] is %g, by differences %g", i, jd[i], want)
			}
		}
	})
}

// TestGaussianPath puts the exact solution for p_t = N(2t, 1) into the nets: V = t log N(2,1) + (1−t) log N(0,1) − z ψ with
// ψ = −2t(1−t), z = 1, and μ = 2 or, with noise, 2 + ½σ²(2t−x). Both residuals vanish everywhere.
func TestGaussianPath(t *testing.T) {
	for _, eq := range []Equation{LogCE, LogFP} {
		c := Config{Equation: eq, Features: jet.Features{Dim: 1, Scale: 1}, Hidden: []int{4}, Act: nn.Tanh, Known: true, Norms: 1}
		const n, p, sigma2 = 64, 16, 0.81
		l, w := setUp[float64](c, 1, p)
		clear(w.Theta)
		w.Of(l.Norm())[0] = 1
		layers := l.Drift.(*nn.MLP[float64]).Layers
		in, out := layers[0], layers[1]
		nn.Matrix(out, w.Theta)[out.In] = 2
		bound := 1e-12
		if eq == LogFP { // the affine part by a tanh that hardly bends
			const eps = 1e-4
			m := nn.Matrix(in, w.Theta)
			m[0], m[in.Out], m[2*in.Out] = -eps, eps, eps // −x, 2t−1, 1
			nn.Matrix(out, w.Theta)[0] = sigma2 / 2 / eps
			bound = 1e-6
		}
		w.Refresh()
		b := NewBatch[float64](1, n, p, true, 1)
		rnd := rand.New(rand.NewPCG(9, 9))
		for _, q := range b.Tiles {
			for i := range p {
				x, s := 2*rnd.NormFloat64(), rnd.Float64()
				q.X.Data[i], q.Time[i], q.Sigma2[i] = x, s, sigma2
				q.Known.Rate[i], q.Known.Grad.Data[i], q.Known.Lap[i] = 2*x-2, 2*s-x, -1
				q.Known.Gain[i], q.Known.GainRate[i] = s*(1-s), 1-2*s
				q.Known.Norm.Data[i] = -2 * (1 - 2*s)
			}
		}
		r := make([]float64, n)
		l.Jacobian(r, nil, w, b)
		for i, v := range r {
			if !(math.Abs(v) < bound) {
				t.Errorf("equation %d: residual %d of the exact solution is %g", eq, i, v)
			}
		}
	}
}
