package regress

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// wavy is exp(−x²/2 + ½cos 2x) in each coordinate.
type wavy[T vec.Float] struct{}

func (wavy[T]) Eval(_ int, logp []float64, score, x tile.Tile[T]) {
	for j := range logp {
		logp[j] = 0
		for i := range x.Rows {
			v := float64(x.Row(i)[j])
			logp[j] += -v*v/2 + math.Cos(2*v)/2
			score.Row(i)[j] = T(-v - math.Sin(2*v))
		}
	}
}

func (wavy[T]) HVP(int, tile.Tile[T], tile.Tile[T], tile.Tile[T]) { panic("no products wanted") }
func (wavy[T]) Err() error                                        { return nil }

// made is a step on a control with all parameters drawn, and a pilot of random points with scores at them.
func made[T vec.Float](t *testing.T, spec *chain.Spec, shape control.Shape, kind string, axes bool, n, workers int) (*Step[T], *nn.Params[T]) {
	t.Helper()
	shape.Dim = spec.Dim
	arch := control.Arch{Kind: kind, Width: 8, Depth: 2, Small: 6, Act: nn.Tanh}
	m, err := control.Build[T](shape, arch, control.Gates{Score: .1, State: -.2})
	if err != nil {
		t.Fatal(err)
	}
	w := nn.NewParams[T](&m.Layout)
	z := make([]float64, len(w.Theta))
	rng.NewKey(3, "control", 0).Normals(z, 0, 0, 0)
	for _, tensor := range w.Tensors {
		for i := tensor.Off; i < tensor.Off+tensor.Size(); i++ {
			w.Theta[i] = T(.2 * z[i])
		}
	}
	w.Refresh()
	s := &chain.Sampler[T]{Spec: spec, Control: m, Inputs: control.Inputs{Shape: m.Net.Shape, Clip: 2}}
	x := make([]float64, 50*spec.Dim)
	rng.NewKey(4, "pilot", 0).Normals(x, 0, 0, 0)
	p := Pilot[T]{X: make([]T, len(x)), Score: make([]T, len(x))}
	for i, v := range x {
		p.X[i], p.Score[i] = T(v), T(-v-math.Sin(2*v))
	}
	for i := range spec.Dim {
		p.Precision = append(p.Precision, 1.5+float64(i))
	}
	if axes { // of the scores, which are then large along two of them
		for i := range p.Score {
			p.Score[i] += p.Score[i/spec.Dim*spec.Dim]
		}
		if p, err = NewPilot(p.X, p.Score, spec.Dim); err != nil || p.Axes == nil {
			t.Fatalf("a pilot without axes (%v)", err)
		}
	}
	st, err := New(s, p, n, 64, par.NewPool(workers), wavy[T]{})
	if err != nil {
		t.Fatal(err)
	}
	return st, w
}

// kernel is mean and variance of one sample's coordinate.
type kernel struct{ mean, variance float64 }

// byFormula is the loss of the package comment, in a loop of its own, at parameters w, with means and variances that are
// taken as given in bars; nil: those at w, which come back as well.
func byFormula[T vec.Float](s *Step[T], w *nn.Params[T], bars []kernel) (loss float64, at []kernel) {
	known, _ := nodes(s.Spec)
	k, net, d := s.workers[0], s.Control.Net, s.Dim
	axes := mat.NewDense(d, d, nil)
	for i := range d {
		axes.Set(i, i, 1)
	}
	if s.axes != nil {
		for i, v := range s.axes {
			axes.Set(i/d, i%d, float64(v))
		}
	}
	s.clock.Record(w)
	for first := 0; first < s.n; first += s.p {
		s.draw(k.sample, first)
		s.target.Eval(0, k.logp, k.q, k.x)
		s.fill(k)
		out := k.pass.Forward(w, nil)
		for j, time := range k.at {
			v, f := known[time], s.Steps[time].Forward
			var x, y, g, gap, pull mat.VecDense
			x.CloneFromVec(column(k.x, j))
			y.MulVec(axes, column(k.y, j))
			g.MulVec(axes, column(k.s, j))
			// α + rM, M = UΛUᵀ
			var m, den mat.Dense
			m.Mul(axes, mat.NewDiagDense(d, s.pilot.Precision))
			den.Mul(&m, axes.T())
			den.Scale(v.ratio, &den)
			for i := range d {
				den.Set(i, i, den.At(i, i)+v.alpha)
			}
			m.Inverse(&den)
			pull.AddScaledVec(&x, -v.alpha, &y)
			pull.AddScaledVec(&pull, v.ratio, &g)
			gap.MulVec(&m, &pull)
			for i := range d {
				to := kernel{f.Keep*x.AtVec(i) + f.Push*float64(net.A(out).Row(i)[j]), f.Var}
				if net.Std {
					to.variance *= math.Exp(2 * float64(net.LogStd(out).Row(i)[j]))
				}
				bar := to
				if bars != nil {
					bar = bars[len(at)]
				}
				at = append(at, to)
				u := v.c1*x.AtVec(i) + v.c2*y.AtVec(i)
				hat := u + v.c2*gap.AtVec(i)
				l := (hat - to.mean) * (hat - to.mean) / bar.variance / 2
				if net.Std {
					wide := (hat-bar.mean)*(u-bar.mean) + v.w + v.c2*v.c2*v.ratio*m.At(i, i)
					wide = min(max(wide, -far*bar.variance), far*bar.variance)
					l += wide/to.variance/2 + math.Log(to.variance/f.Var)/2
				}
				loss += l / float64(s.n*d) * float64(s.K())
			}
		}
	}
	return loss, at
}

func column[T vec.Float](t tile.Tile[T], j int) *mat.VecDense {
	v := mat.NewVecDense(t.Rows, nil)
	for i := range t.Rows {
		v.SetVec(i, float64(t.Row(i)[j]))
	}
	return v
}

func testGradient[T vec.Float](t *testing.T, tolerance, h float64) {
	shapes := map[string]control.Shape{
		"all":      {Score: true, Gates: true, Std: true, Active: 2},
		"no std":   {Score: true, Gates: true},
		"no gates": {Std: true},
	}
	for name, spec := range specs(3) {
		for what, shape := range shapes {
			for _, kind := range control.Kinds {
				s, w := made[T](t, spec, shape, kind, what == "all", 64, 1)
				key := rng.NewKey(1, "draws", 0)
				if _, _, err := s.Gradient(w, key, 7); err != nil {
					t.Fatal(err)
				}
				_, bars := byFormula(s, w, nil)
				z, at := make([]float64, len(w.Theta)), append([]T(nil), w.Theta...)
				rng.NewKey(6, "direction", 0).Normals(z, 0, 0, 0)
				side := func(sign float64) float64 {
					for _, tensor := range w.Tensors {
						for i := tensor.Off; i < tensor.Off+tensor.Size(); i++ {
							w.Theta[i] = at[i] + T(sign*h*z[i])
						}
					}
					w.Refresh()
					loss, _ := byFormula(s, w, bars)
					return loss
				}
				want, got := (8*(side(1)-side(-1))-side(2)+side(-2))/(12*h), 0.0
				for _, tensor := range w.Tensors {
					for i := tensor.Off; i < tensor.Off+tensor.Size(); i++ {
						got += float64(s.Grad[i]) * z[i]
					}
				}
				if math.Abs(got-want) > tolerance*max(1, math.Abs(want)) {
					t.Errorf("%s, %s, %s: derivative %.10g, wanted %.10g", name, what, kind, got, want)
				}
			}
		}
	}
}

// TestGradient: the gradient agrees with differences of the loss as it is written down.
func TestGradient(t *testing.T) {
	t.Run("float64", func(t *testing.T) { testGradient[float64](t, 1e-7, 1e-4) })
	t.Run("float32", func(t *testing.T) { testGradient[float32](t, 1e-3, 3e-3) })
}

// TestWorkersDoNotMatter: loss and gradient have the same bits for any number of workers.
func TestWorkersDoNotMatter(t *testing.T) {
	spec, shape := specs(3)["dis"], control.Shape{Score: true, Gates: true, Std: true}
	var first *Step[float32]
	var want, norm float64
	for _, workers := range []int{1, 2, 3, 7} {
		s, w := made[float32](t, spec, shape, "perdim+mlp", true, 64*11, workers)
		loss, n, err := s.Gradient(w, rng.NewKey(1, "draws", 0), 7)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first, want, norm = s, loss, n
		}
		if loss != want || n != norm {
			t.Fatalf("%d workers: loss %v and norm %v, wanted %v and %v", workers, loss, n, want, norm)
		}
		for i, g := range s.Grad {
			if g != first.Grad[i] {
				t.Fatalf("%d workers: entry %d of the gradient is %v, wanted %v", workers, i, g, first.Grad[i])
			}
		}
	}
}

func TestGradientAllocatesNothing(t *testing.T) {
	s, w := made[float32](t, specs(3)["pis"], control.Shape{Score: true, Gates: true, Std: true}, "perdim+mlp", true, 256, 2)
	iter := uint32(0)
	if n := testing.AllocsPerRun(20, func() { s.Gradient(w, rng.NewKey(1, "draws", 0), iter); iter++ }); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
}

// TestScoresThatAreNotFinite: a target without a score somewhere leaves no NaN behind.
func TestScoresThatAreNotFinite(t *testing.T) {
	q := tile.New[float32](2, 64)
	q.Row(0)[3], q.Row(1)[5], q.Row(1)[6] = float32(math.NaN()), float32(math.Inf(1)), 2
	tame(q)
	if q.Row(0)[3] != 0 || q.Row(1)[5] != 0 || q.Row(1)[6] != 2 {
		t.Errorf("scores %v", q.Data)
	}
}

// together is wavy where it is better asked about 256 points at a time; it counts how often it is.
type together struct {
	wavy[float32]
	asked *int
}

func (together) Width() int { return 256 }

func (t together) Eval(id int, logp []float64, score, x tile.Tile[float32]) {
	*t.asked++
	t.wavy.Eval(id, logp, score, x)
}

// TestTilesTogether: a target that is asked about several tiles at a time makes no difference, but to how often it is asked.
func TestTilesTogether(t *testing.T) {
	const n = 64 * 24 // three tiles a slot
	one, w := made[float32](t, specs(3)["pis"], control.Shape{Score: true, Gates: true, Std: true}, "perdim+mlp", true, n, 1)
	asked := 0
	all, err := New(one.Sampler, one.pilot, n, 64, par.NewPool(1), together{asked: &asked})
	if err != nil {
		t.Fatal(err)
	}
	key := rng.NewKey(1, "draws", 0)
	for iter := range uint32(2) {
		a, _, err1 := one.Gradient(w, key, iter)
		b, _, err2 := all.Gradient(w, key, iter)
		if err1 != nil || err2 != nil || a != b || !slices.Equal(one.Grad, all.Grad) {
			t.Fatalf("losses %v and %v, errors %v and %v", a, b, err1, err2)
		}
	}
	if asked != 2*8 {
		t.Errorf("asked %d times in two steps, wanted 8 times each", asked)
	}
}
