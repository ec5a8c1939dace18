package jet

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/gram"
	"github.com/sampan-mc/sampan/vec/tile"
)

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
				if norm < 1e-6*math.Sqrt(vec.Dot(g.G, g.G)) {
					continue // the other net's, or the last bias of an odd one
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
