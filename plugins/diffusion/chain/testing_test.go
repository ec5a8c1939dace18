package chain

import (
	"math"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// gauss is e^c N(m, s²) in each coordinate.
type gauss[T vec.Float] struct{ m, s, c float64 }

func (g gauss[T]) Eval(_ int, logp []float64, score, x tile.Tile[T]) {
	for j := range logp {
		logp[j] = g.c
		for i := range x.Rows {
			r := (float64(x.Row(i)[j]) - g.m) / g.s
			logp[j] += -r*r/2 - math.Log(g.s) - math.Log(2*math.Pi)/2
			if !score.IsZero() {
				score.Row(i)[j] = T(-r / g.s)
			}
		}
	}
}

func (g gauss[T]) HVP(_ int, hv, _, v tile.Tile[T]) {
	vec.Scale(hv.Flat(), T(-1/(g.s*g.s)), v.Flat())
}

func (gauss[T]) Err() error { return nil }

// wavy is exp(−x²/2 + ½cos 2x) in each coordinate: two wells.
type wavy[T vec.Float] struct{}

// wavyLogZ is its log Z in one dimension, by the trapezoidal rule.
var wavyLogZ = func() float64 {
	sum := 0.0
	for x := -10.0; x < 10; x += 1. / 64 {
		sum += math.Exp(-x*x/2+math.Cos(2*x)/2) / 64
	}
	return math.Log(sum)
}()

func (wavy[T]) Eval(_ int, logp []float64, score, x tile.Tile[T]) {
	for j := range logp {
		logp[j] = 0
		for i := range x.Rows {
			v := float64(x.Row(i)[j])
			logp[j] += -v*v/2 + math.Cos(2*v)/2
			if !score.IsZero() {
				score.Row(i)[j] = T(-v - math.Sin(2*v))
			}
		}
	}
}

func (wavy[T]) HVP(_ int, hv, x, v tile.Tile[T]) {
	for i := range x.Rows {
		for j, a := range x.Row(i) {
			hv.Row(i)[j] = T(-1-2*math.Cos(2*float64(a))) * v.Row(i)[j]
		}
	}
}

func (wavy[T]) Err() error { return nil }

// constant is a control of nought but for the output biases b.
func constant[T vec.Float](s control.Shape, b ...float64) (*control.Model[T], *nn.Params[T]) {
	m, err := control.Build[T](s, control.Arch{Kind: "mlp", Width: 4, Depth: 1}, control.Gates{})
	if err != nil {
		panic(err)
	}
	w := nn.NewParams[T](&m.Layout)
	head := m.Net.Body.(*nn.MLP[T]).Layers[1]
	for i, v := range b {
		w.Theta[head.Off+head.In*head.Out+i] = T(v)
	}
	w.Refresh()
	return m, w
}

// random is a control with all parameters drawn.
func random[T vec.Float](s control.Shape, kind string, scale float64) (*control.Model[T], *nn.Params[T]) {
	m, err := control.Build[T](s, control.Arch{Kind: kind, Width: 8, Depth: 2, Small: 6, Act: nn.Tanh}, control.Gates{Score: 0.1, State: -0.2})
	if err != nil {
		panic(err)
	}
	w := nn.NewParams[T](&m.Layout)
	z := make([]float64, len(w.Theta))
	rng.NewKey(3, "control", 0).Normals(z, 0, 0, 0)
	for _, t := range w.Tensors {
		for i := t.Off; i < t.Off+t.Size(); i++ {
			w.Theta[i] = T(scale * z[i])
		}
	}
	w.Refresh()
	return m, w
}

func batch[T vec.Float](spec *Spec, m *control.Model[T], n int, target Target[T]) *Batch[T] {
	s := &Sampler[T]{Spec: spec, Control: m, Inputs: control.Inputs{Shape: m.Net.Shape, Clip: 2}}
	return NewBatch(s, n, 64, 1<<24, par.NewPool(1), target)
}

func simulate[T vec.Float](t *testing.T, b *Batch[T], w *nn.Params[T], noise float64) {
	t.Helper()
	if err := b.Simulate(w, rng.NewKey(1, "paths", 0), 0, noise); err != nil {
		t.Fatal(err)
	}
}

func moments(lw []float64) (mean, std float64) {
	for _, l := range lw {
		mean += l / float64(len(lw))
	}
	for _, l := range lw {
		std += (l - mean) * (l - mean) / float64(len(lw)-1)
	}
	return mean, math.Sqrt(std)
}

// zScore tells how many standard errors the mean of e^lw is from e^logZ.
func zScore(lw []float64, logZ float64) float64 {
	w := make([]float64, len(lw))
	for i, l := range lw {
		w[i] = math.Exp(l - logZ)
	}
	mean, std := moments(w)
	return (mean - 1) / (std / math.Sqrt(float64(len(w))))
}
