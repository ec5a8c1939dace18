package polish

import (
	"math"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// wavy is exp(−x²/2 + ½cos 2x) in each coordinate; from beyond on it has no density.
type wavy[T vec.Float] struct{ beyond float64 }

func (g wavy[T]) Eval(_ int, logp []float64, score, x tile.Tile[T]) {
	for j := range logp {
		logp[j] = 0
		for i := range x.Rows {
			v := float64(x.Row(i)[j])
			logp[j] += -v*v/2 + math.Cos(2*v)/2
			if g.beyond > 0 && v > g.beyond {
				logp[j] = math.Inf(-1)
			}
			if !score.IsZero() {
				score.Row(i)[j] = T(-v - math.Sin(2*v))
			}
		}
	}
}

func (wavy[T]) HVP(int, tile.Tile[T], tile.Tile[T], tile.Tile[T]) { panic("no products wanted") }
func (wavy[T]) Err() error                                        { return nil }

func specs(d int) map[string]*chain.Spec {
	return map[string]*chain.Spec{
		"pis": chain.Brownian(d, chain.Refined(6), 1),
		"dis": chain.Reversal(d, chain.Refined(6), chain.Noise{Start: 5, End: .5}, 1.3),
	}
}

func made[T vec.Float](t *testing.T, c Config, spec *chain.Spec, shape control.Shape, kind string, scale float64, workers int, target wavy[T]) (*Step[T], *nn.Params[T]) {
	t.Helper()
	shape.Dim = spec.Dim
	m, err := control.Build[T](shape, control.Arch{Kind: kind, Width: 8, Depth: 2, Small: 6, Act: nn.Tanh}, control.Gates{Score: .1, State: -.2})
	if err != nil {
		t.Fatal(err)
	}
	w := nn.NewParams[T](&m.Layout)
	z := make([]float64, len(w.Theta))
	rng.NewKey(3, "control", 0).Normals(z, 0, 0, 0)
	for _, tensor := range w.Tensors {
		for i := tensor.Off; i < tensor.Off+tensor.Size(); i++ {
			w.Theta[i] = T(scale * z[i])
		}
	}
	w.Refresh()
	s := &chain.Sampler[T]{Spec: spec, Control: m, Inputs: control.Inputs{Shape: m.Net.Shape, Clip: 2}}
	return New(c, s, par.NewPool(workers), target), w
}

// TestRows: J times a direction is the difference of the log weights of the same paths.
func TestRows(t *testing.T) {
	shapes := map[string]control.Shape{
		"all":      {Score: true, Gates: true, Std: true, Active: 2},
		"no std":   {Score: true, Gates: true},
		"no gates": {Std: true},
	}
	c := Default
	c.Paths = 64
	const h = 3e-5
	for name, spec := range specs(3) {
		for what, shape := range shapes {
			for _, kind := range control.Kinds {
				s, w := made(t, c, spec, shape, kind, .3, 1, wavy[float64]{})
				if err := s.batch.Simulate(w, rng.NewKey(1, "paths", 0), 0, 1); err != nil {
					t.Fatal(err)
				}
				s.weigh()
				s.w = w
				s.workers[0].condition(w)
				s.rowsOf(0, 0)
				z, at := make([]float64, len(w.Theta)), append([]float64(nil), w.Theta...)
				rng.NewKey(6, "direction", 0).Normals(z, 0, 0, 0)
				weights := func(sign float64) []float64 {
					for _, tensor := range w.Tensors {
						for i := tensor.Off; i < tensor.Off+tensor.Size(); i++ {
							w.Theta[i] = at[i] + sign*h*z[i]
						}
					}
					w.Refresh()
					s.batch.Replay(w)
					return append([]float64(nil), s.batch.LogW...)
				}
				up, down, up2, down2 := weights(1), weights(-1), weights(2), weights(-2)
				for n := range up {
					got, want := 0.0, (8*(up[n]-down[n])-up2[n]+down2[n])/(12*h)
					for _, tensor := range w.Tensors {
						for i := tensor.Off; i < tensor.Off+tensor.Size(); i++ {
							got += s.j[n*len(z)+i] * z[i]
						}
					}
					if math.Abs(got-want) > 1e-6*max(1, math.Abs(want)) {
						t.Fatalf("%s, %s, %s: path %d has derivative %.9g, wanted %.9g", name, what, kind, n, got, want)
					}
				}
			}
		}
	}
}

// TestPolish: on two wells a coordinate a few steps take the better part of the log variance away, a density that is zero
// in places notwithstanding.
func TestPolish(t *testing.T) {
	for _, target := range []wavy[float32]{{}, {beyond: 3}} {
		c := Default
		c.MaxStep = 2
		s, w := made(t, c, specs(2)["pis"], control.Shape{Score: true, Gates: true, Std: true}, "mlp", .05, 2, target)
		first, last := 0.0, 0.0
		for i := range 20 {
			loss, moved, err := s.Step(w, rng.NewKey(1, "paths", 0), uint32(i), .3)
			if err != nil || !moved {
				t.Fatalf("step %d was not taken (%v)", i, err)
			}
			if i == 0 {
				first = loss
			}
			last = loss
		}
		if last > first/4 {
			t.Errorf("the log variance went from %g to %g", first, last)
		}
	}
}

// TestNothingToWeigh: without a finite log weight there is nothing to do; those that are not finite have no part.
func TestNothingToWeigh(t *testing.T) {
	s, _ := made(t, Default, specs(2)["pis"], control.Shape{Std: true}, "mlp", .05, 1, wavy[float32]{})
	for i := range s.batch.LogW {
		s.batch.LogW[i] = math.Inf(-1)
	}
	if s.weigh() {
		t.Error("weights of nothing but zeros were taken")
	}
	s.batch.LogW[1], s.batch.LogW[2], s.batch.LogW[3] = 1, 3, math.NaN()
	if !s.weigh() || s.p[0] != 0 || s.p[3] != 0 || s.p[1]+s.p[2] != 1 || s.r[0] != 0 || s.r[3] != 0 || s.r[1] >= 0 || s.r[2] <= 0 {
		t.Errorf("residuals %v and weights %v", s.r[:4], s.p[:4])
	}
}

// TestWorkersDoNotMatter: three steps end in the same bits for any number of workers.
func TestWorkersDoNotMatter(t *testing.T) {
	var want []float32
	for _, workers := range []int{1, 2, 3, 7} {
		s, w := made(t, Default, specs(3)["dis"], control.Shape{Score: true, Gates: true, Std: true}, "perdim+mlp", .1, workers, wavy[float32]{})
		for i := range 3 {
			if _, _, err := s.Step(w, rng.NewKey(1, "paths", 0), uint32(i), .1); err != nil {
				t.Fatal(err)
			}
		}
		if want == nil {
			want = w.Theta
		}
		for i, v := range w.Theta {
			if v != want[i] {
				t.Fatalf("%d workers: parameter %d is %v, wanted %v", workers, i, v, want[i])
			}
		}
	}
}

func TestStepAllocatesNothing(t *testing.T) {
	s, w := made(t, Default, specs(3)["pis"], control.Shape{Score: true, Gates: true, Std: true}, "perdim+mlp", .1, 2, wavy[float32]{})
	iter := uint32(0)
	if n := testing.AllocsPerRun(5, func() { s.Step(w, rng.NewKey(1, "paths", 0), iter, .1); iter++ }); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
}
