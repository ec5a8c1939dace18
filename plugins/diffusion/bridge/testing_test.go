package bridge

import (
	"bytes"
	"context"
	"math"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/rng"
)

func target(t *testing.T, name string, config map[string]any) targets.Density {
	t.Helper()
	d, err := targets.New(name, config, "")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// exact is n exact draws.
func exact(t *testing.T, target targets.Density, n int) []float64 {
	t.Helper()
	x := make([]float64, n*target.Info().Dim())
	s, ok := target.(targets.Sampler)
	if !ok {
		t.Fatal("the target has no exact draws")
	}
	if err := s.Sample(context.Background(), 0, n, rng.NewKey(1, "draws", 0), x); err != nil {
		t.Fatal(err)
	}
	return x
}

func levels(x []float64, d int) []smc.Level {
	return []smc.Level{{Beta: 1, N: len(x) / d, D: d, X: x}}
}

// untrained is a model with weights that are nought or random, and the parameters.
func untrained(o Options, d int, random float64) (*model, []float32) {
	m := o.Plan(d).newModel(d)
	w := nn.NewParams[float32](&m.layout)
	w.Init(rng.NewKey(3, "test", 0))
	if random > 0 {
		last := m.layout.Tensors[len(m.layout.Tensors)-2]
		z := make([]float64, last.Size())
		rng.NewKey(4, "test", 0).Normals(z, 0, 0, 0)
		for i, v := range z {
			w.Of(last)[i] = float32(random * v)
		}
	}
	return m, w.Theta
}

// weigh sends n particles down a path and returns their log weights and ends.
func weigh(t *testing.T, target targets.Density, f *space.Frame, path learn.Path, n int) (lw, y []float64) {
	t.Helper()
	d := f.Dim
	y, lw = make([]float64, n*d), make([]float64, n)
	start := make([]float64, n)
	rng.NewKey(8, "start", 0).Normals(y, 0, 0, 0)
	for i, z := range y {
		start[i/d] += z*z/2 + math.Log(2*math.Pi)/2 + math.Log(path.Scale())
		y[i] *= path.Scale()
	}
	if err := path.Move(context.Background(), 1, y, lw, rng.NewKey(9, "move", 0), 0); err != nil {
		t.Fatal(err)
	}
	for i, v := range density(t, target, f, y) {
		lw[i] += v + start[i]
	}
	return lw, y
}

// density is log ρ in the frame.
func density(t *testing.T, target targets.Density, f *space.Frame, y []float64) []float64 {
	t.Helper()
	b := targets.NewBatch(len(y)/f.Dim, f.Dim, targets.LogP)
	f.ToX(b.X, y)
	if err := target.Eval(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	for i := range b.LogP {
		b.LogP[i] += f.LogDet
	}
	return b.LogP
}

// score is by how many standard errors the mean of e^l is off 1.
func score(l []float64) float64 {
	n, one, two := float64(len(l)), 0.0, 0.0
	for _, v := range l {
		w := math.Exp(v)
		one += w / n
		two += w * w / n
	}
	return (one - 1) / math.Sqrt((two-one*one)/n)
}

func train(t *testing.T, l *learn.Learner, order smc.Training) *smc.Learned {
	t.Helper()
	order.Key = rng.NewKey(1, "train", 0)
	done, err := l.Train(context.Background(), &order)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func artefact(t *testing.T, l *learn.Learner) []byte {
	t.Helper()
	files, err := l.Save()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, f := range files {
		b.Write(f.Data)
	}
	return b.Bytes()
}
