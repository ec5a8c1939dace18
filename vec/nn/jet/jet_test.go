package jet

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/gram"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// plain evaluates a net at points one at a time.
type plain struct {
	Features
	w    *nn.Params[float64]
	in   tile.Tile[float64]
	pass nn.Pass[float64]
}

func newPlain(net nn.Net[float64], w *nn.Params[float64], f Features) *plain {
	var a tile.Arena[float64]
	p := &plain{Features: f, w: w, in: a.Input(net.In(), 1)}
	p.pass = net.NewPass(&a, p.in, nil)
	return p
}

func (p *plain) at(x []float64, t float64) []float64 {
	for i, v := range x {
		p.in.Row(i)[0] = p.Scale * v
	}
	nn.Fill(p.Time, p.in.Slice(p.Dim, p.Width()), []float64{t})
	return p.pass.Forward(p.w, nil).Flat()
}

type points[T vec.Float] struct {
	x tile.Tile[T]
	t []T
}

func draw[T vec.Float](d, p int, seed uint64) points[T] {
	r := rand.New(rand.NewPCG(seed, 1))
	q := points[T]{tile.New[T](d, p), make([]T, p)}
	for i := range q.x.Data {
		q.x.Data[i] = T(1.5 * r.NormFloat64())
	}
	for i := range q.t {
		q.t[i] = T(r.Float64())
	}
	return q
}

func (q points[T]) at(p int) (x []float64, t float64) {
	for i := range q.x.Rows {
		x = append(x, float64(q.x.Row(i)[p]))
	}
	return x, float64(q.t[p])
}

// diff is the central difference of f by coordinate i of (x, t), and the second difference.
func diff(f func(x []float64, t float64) float64, x []float64, t float64, i int) (first, second float64) {
	const e = 1e-3
	at := func(e float64) float64 {
		y, s := append([]float64(nil), x...), t
		if i < len(x) {
			y[i] += e
		} else {
			s += e
		}
		return f(y, s)
	}
	a, b, c, d := at(-2*e), at(-e), at(e), at(2*e)
	return (a - 8*b + 8*c - d) / (12 * e), (-a + 16*b - 30*at(0) + 16*c - d) / (12 * e * e)
}

type config struct {
	Features
	act              nn.Activation
	hidden           []int
	p                int
	residual         bool
	time             []int // hidden layers of a net of time that conditions
	times            int   // features that it sees
	directions       int   // of ridge nets
	alone            bool  // ridge nets alone
	directionsHidden []int
	embed            int
}

var cases = []config{
	{Features: Features{Dim: 1, Scale: 1}, act: nn.Tanh, hidden: []int{8}, p: 8},
	{Features: Features{Dim: 2, Scale: 0.5, Time: nn.Sinusoid{Harmonics: 2}}, act: nn.Tanh, hidden: []int{20, 12, 16}, p: 32},
	{Features: Features{Dim: 3, Scale: 1.2}, act: nn.SiLU, hidden: []int{9, 16, 5}, p: 16},
	// Two hidden layers, whose divergence is a bilinear form: told of in terms, and as a whole.
	{Features: Features{Dim: 2, Scale: 0.8, Time: nn.Sinusoid{Harmonics: 1}}, act: nn.GELU, hidden: []int{24, 30}, p: 17},
	{Features: Features{Dim: 6, Scale: 0.8, Time: nn.Sinusoid{Harmonics: 1}}, act: nn.Tanh, hidden: []int{12, 9}, p: 16},
	{Features: Features{Dim: 3, Scale: 0.6}, act: nn.SiLU, hidden: []int{8, 8}, p: 8, time: []int{7}, times: 1},
	// Residual, and conditioned by time.
	{Features: Features{Dim: 3, Scale: 0.9, Time: nn.Sinusoid{Harmonics: 1}}, act: nn.GELU, hidden: []int{10, 10, 10}, p: 16, residual: true},
	{Features: Features{Dim: 2, Scale: 1, Time: nn.Sinusoid{Harmonics: 2}}, act: nn.Tanh, hidden: []int{12, 12, 8, 8}, p: 9, residual: true, time: []int{8, 6}, times: 5},
	{Features: Features{Dim: 1, Scale: 1, Time: nn.Sinusoid{Harmonics: 1}}, act: nn.SiLU, hidden: []int{9}, p: 8, time: []int{7}, times: 2},
	// Ridge nets, alone and with perceptrons; more directions than one group holds.
	{Features: Features{Dim: 3, Scale: 0.7, Time: nn.Sinusoid{Harmonics: 1}}, act: nn.Tanh, p: 16, directions: 5, alone: true, directionsHidden: []int{8, 8}, embed: 3},
	{Features: Features{Dim: 4, Scale: 0.7, Time: nn.Sinusoid{Harmonics: 2}}, act: nn.Tanh, hidden: []int{10, 8}, p: 64, directions: 6, directionsHidden: []int{9, 7}, embed: 2},
	{Features: Features{Dim: 2, Scale: 1}, act: nn.SiLU, hidden: []int{8, 6, 7}, p: 8, directions: 2, directionsHidden: []int{6}},
}

func each(t *testing.T, test func(t *testing.T, i int)) {
	for i, c := range cases {
		t.Run(fmt.Sprintf("%d/d=%d", i, c.Dim), func(t *testing.T) { test(t, i) })
	}
}

// build is the net of a case, of that many outputs, with directions a if they are there already.
func build[T vec.Float](l *nn.Layout, name string, c config, out int, a *nn.Dense) nn.Net[T] {
	var sum []nn.Net[T]
	if c.directions > 0 {
		rc := nn.RidgeConfig{
			Dim: c.Dim, Directions: c.directions, Shared: c.Time.Rows(), EmbedDim: c.embed, Scale: 1.3, Potential: a.Out > 0,
			MLP: nn.MLPConfig{Hidden: c.directionsHidden, Act: c.act, Head: 1},
		}
		if a.Out == 0 {
			*a = nn.NewLinear(l, "directions", c.Dim, c.directions, nn.LeCun(c.Dim, 1))
		}
		sum = append(sum, nn.NewRidgeAlong[T](l, name+".ridge", rc, *a))
	}
	if c.alone {
		return sum[0]
	}
	m := nn.NewMLP[T](l, name, nn.MLPConfig{In: c.Width(), Out: out, Hidden: c.hidden, Act: c.act, Residual: c.residual, Cond: c.times > 0, Head: 1})
	if c.times > 0 {
		time := nn.NewMLP[T](l, name+".time", nn.MLPConfig{In: c.times, Out: c.hidden[0], Hidden: c.time, Act: c.act, Head: 1})
		return nn.NewConditioned[T](m, time)
	}
	if sum == nil {
		return m
	}
	return nn.NewSum(append(sum, m)...)
}

// nets are a potential's net, a field's, and a set of parameters for both, large enough that the curvature shows.
func nets[T vec.Float](i int) (phi, mu nn.Net[T], w *nn.Params[T]) {
	var l nn.Layout
	var a nn.Dense
	mu = build[T](&l, "mu", cases[i], cases[i].Dim, &a)
	phi = build[T](&l, "phi", cases[i], 1, &a)
	w = nn.NewParams[T](&l)
	w.Init(rng.NewKey(uint64(i), "test", 0))
	r := rand.New(rand.NewPCG(uint64(i), 7))
	for j := range w.Theta {
		w.Theta[j] += T(0.1 * r.NormFloat64())
	}
	w.Refresh()
	return phi, mu, w
}

func TestDerivativesOfScalars(t *testing.T) { each(t, testScalars) }

func testScalars(t *testing.T, n int) {
	c := cases[n]
	phi, _, w := nets[float64](n)
	var a tile.Arena[float64]
	in := NewInput[float64](c.Features, c.p, &a)
	jets, slope := NewPotential(phi, in, &a), NewSlope(phi, in, true, &a)
	jets.Begin(w)
	slope.Begin(w)
	q := draw[float64](c.Dim, c.p, 3)
	in.Set(q.x, q.t)
	byJets, bySlope := jets.Forward(w), slope.Forward(w)
	near := func(what string, p int, got, want, bound float64) {
		t.Helper()
		if e := math.Abs(got - want); !(e <= bound*(1+math.Abs(want))) {
			t.Fatalf("%s of point %d is %g, want %g", what, p, got, want)
		}
	}
	direct := newPlain(phi, w, c.Features)
	for p := range c.p {
		x, s := q.at(p)
		f := func(x []float64, t float64) float64 { return direct.at(x, t)[0] }
		lap := 0.0
		for i := range c.Dim {
			g, second := diff(f, x, s, i)
			lap += second
			near("gradient by jets", p, byJets.Grad.Row(i)[p], g, 1e-9)
			near("gradient by reverse mode", p, bySlope.Grad.Row(i)[p], g, 1e-9)
		}
		rate, _ := diff(f, x, s, c.Dim)
		near("value by jets", p, byJets.Value.Row(0)[p], f(x, s), 1e-12)
		near("value by reverse mode", p, bySlope.Value.Row(0)[p], f(x, s), 1e-12)
		near("Laplacian", p, byJets.Lap.Row(0)[p], lap, 1e-7)
		near("time derivative by jets", p, byJets.Rate.Row(0)[p], rate, 1e-7)
		near("time derivative by reverse mode", p, bySlope.Rate.Row(0)[p], rate, 1e-7)
	}
}

func TestDerivativesOfFields(t *testing.T) {
	each(t, func(t *testing.T, n int) {
		c := cases[n]
		_, mu, w := nets[float64](n)
		var a tile.Arena[float64]
		in := NewInput[float64](c.Features, c.p, &a)
		f := NewField(mu, in, &a)
		f.Begin(w)
		q := draw[float64](c.Dim, c.p, 3)
		in.Set(q.x, q.t)
		m, div := f.Forward(w)
		direct := newPlain(mu, w, c.Features)
		for p := range c.p {
			x, s := q.at(p)
			want, trace := slices.Clone(direct.at(x, s)), 0.0
			for i := range c.Dim {
				if e := math.Abs(m.Row(i)[p] - want[i]); !(e < 1e-12*(1+math.Abs(want[i]))) {
					t.Fatalf("output %d of point %d is off by %g", i, p, e)
				}
				g, _ := diff(func(x []float64, t float64) float64 { return direct.at(x, t)[i] }, x, s, i)
				trace += g
			}
			if e := math.Abs(div.Row(0)[p] - trace); !(e < 1e-9*(1+math.Abs(trace))) {
				t.Fatalf("the divergence of point %d is off by %g", p, e)
			}
		}
	})
}

// weigh returns Σ c∘x with random coefficients c and writes them over x: they are its cotangents. With only ≥ 0 those of
// all other points are zero.
func weigh[T vec.Float](r *rand.Rand, x tile.Tile[T], only int) float64 {
	s := 0.0
	for i := range x.Rows {
		for p, v := range x.Row(i) {
			c := T(r.NormFloat64())
			if only >= 0 && p != only {
				c = 0
			}
			s += float64(v) * float64(c)
			x.Row(i)[p] = c
		}
	}
	return s
}

// loss is linear in everything that a net puts out. It returns its value and tells the sink, if there is one.
type loss[T vec.Float] func(s nn.Sink[T], only int) float64

func losses[T vec.Float](n int) (*nn.Params[T], map[string]loss[T]) {
	c := cases[n]
	phi, mu, w := nets[T](n)
	var a tile.Arena[T]
	in := NewInput[T](c.Features, c.p, &a)
	q := draw[T](c.Dim, c.p, 5)
	in.Set(q.x, q.t)
	jets, field := NewPotential(phi, in, &a), NewField(mu, in, &a)
	list := map[string]loss[T]{
		"jets": func(s nn.Sink[T], only int) float64 {
			r := rand.New(rand.NewPCG(1, 1))
			jets.Begin(w)
			v := jets.Forward(w)
			out := weigh(r, v.Value, only) + weigh(r, v.Grad, only) + weigh(r, v.Lap, only) + weigh(r, v.Rate, only)
			if s != nil {
				jets.Backward(w, s)
				jets.End(w, s)
			}
			return out
		},
		"field": func(s nn.Sink[T], only int) float64 {
			r := rand.New(rand.NewPCG(2, 1))
			field.Begin(w)
			m, div := field.Forward(w)
			out := weigh(r, m, only) + weigh(r, div, only)
			if s != nil {
				field.Backward(w, m, div, s)
				field.End(w, s)
			}
			return out
		},
	}
	for name, value := range map[string]bool{"slope": false, "slope with value": true} {
		slope := NewSlope(phi, in, value, &a)
		list[name] = func(s nn.Sink[T], only int) float64 {
			r := rand.New(rand.NewPCG(3, 1))
			slope.Begin(w)
			v := slope.Forward(w)
			out := weigh(r, v.Grad, only) + weigh(r, v.Rate, only)
			if value {
				out += weigh(r, v.Value, only)
			}
			if s != nil {
				slope.Backward(w, s)
				slope.End(w, s)
			}
			return out
		}
	}
	return w, list
}

func testAdjoint[T vec.Float](t *testing.T, step, bound float64) {
	each(t, func(t *testing.T, n int) {
		w, list := losses[T](n)
		for name, loss := range list {
			g := nn.NewGradient[T](w.Layout)
			g.G = make([]T, w.Size())
			loss(g, -1)
			theta := append([]T(nil), w.Theta...)
			for _, tensor := range w.Tensors {
				part := g.G[tensor.Off : tensor.Off+tensor.Size()]
				norm := math.Sqrt(vec.Dot(part, part))
				if norm == 0 {
					continue // the other net's
				}
				at := func(e float64) float64 {
					for i, d := range part {
						w.Theta[tensor.Off+i] = T(float64(theta[tensor.Off+i]) + e*float64(d)/norm)
					}
					w.Refresh()
					return loss(nil, -1)
				}
				e := step * math.Max(1, math.Sqrt(float64(len(part)))/8)
				got := (8*(at(e)-at(-e)) - (at(2*e) - at(-2*e))) / (12 * e)
				at(0)
				if r := got/norm - 1; !(math.Abs(r) < bound) {
					t.Errorf("%s: the derivative along the gradient of %s is off by %g of itself", name, tensor.Name, r)
				}
			}
		}
	})
}

func TestAdjoint(t *testing.T) {
	t.Run("float32", func(t *testing.T) { testAdjoint[float32](t, 0.02, 1e-3) })
	t.Run("float64", func(t *testing.T) { testAdjoint[float64](t, 1e-3, 1e-7) })
}

// TestPerSample compares the recorded rows of J with gradients of one point at a time.
func TestPerSample(t *testing.T) {
	each(t, func(t *testing.T, n int) {
		w, list := losses[float64](n)
		p := cases[n].p
		for name, loss := range list {
			shape := &gram.Shape[float64]{P: p}
			loss(shape, -1)
			j := gram.NewJacobian[float64](p, p, w.Size(), shape.Blocks)
			rec := gram.NewRecorder(j)
			rec.Begin(0)
			loss(rec, -1)
			rec.End()
			for only := range p {
				g := nn.NewGradient[float64](w.Layout)
				g.G = make([]float64, w.Size())
				loss(g, only)
				row := make([]float64, w.Size())
				for f, b := range j.Blocks {
					for c := only; c < b.Terms*p; c += p {
						for i := range b.Rows {
							for o := range b.Cols {
								v := j.Tiles[0][f].A.Row(i)[c]
								if !b.Vector {
									v *= j.Tiles[0][f].B.Row(o)[c]
								}
								row[b.Off+i*b.Cols+o] += v
							}
						}
					}
				}
				for i := range row {
					if e := math.Abs(row[i] - g.G[i]); !(e < 1e-11*(1+math.Abs(row[i]))) {
						t.Fatalf("%s: sample %d, parameter %d: recorded %g, gradient %g", name, only, i, row[i], g.G[i])
					}
				}
			}
		}
	})
}

func TestNoAllocation(t *testing.T) {
	each(t, func(t *testing.T, n int) {
		phi, mu, w := nets[float32](n)
		g := nn.NewGradient[float32](w.Layout)
		g.G = make([]float32, w.Size())
		c := cases[n]
		var a tile.Arena[float32]
		in := NewInput[float32](c.Features, c.p, &a)
		jets, slope, field := NewPotential(phi, in, &a), NewSlope(phi, in, true, &a), NewField(mu, in, &a)
		q, shape := draw[float32](c.Dim, c.p, 1), &gram.Shape[float32]{P: c.p}
		if n := testing.AllocsPerRun(3, func() {
			in.Set(q.x, q.t)
			for _, s := range []nn.Sink[float32]{g, shape} {
				for _, f := range []Potential[float32]{jets, slope} {
					f.Begin(w)
					f.Forward(w)
					f.Backward(w, s)
					f.End(w, s)
				}
				field.Begin(w)
				m, div := field.Forward(w)
				field.Backward(w, m, div, s)
				field.End(w, s)
			}
		}); n != 0 {
			t.Fatalf("%v allocations", n)
		}
	})
}
