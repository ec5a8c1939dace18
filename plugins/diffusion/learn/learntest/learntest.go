// Package learntest is what the tests of learned samplers share: targets, trainings, and paths that are weighed.
package learntest

import (
	"bytes"
	"math"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// Target is a built-in target.
func Target(t testing.TB, name string, config map[string]any) targets.Density {
	t.Helper()
	d, err := targets.New(name, config, "")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Exact is n exact draws, n×d.
func Exact(t testing.TB, target targets.Density, n int) []float64 {
	t.Helper()
	s, ok := target.(targets.Sampler)
	if !ok {
		t.Fatalf("%s has no exact draws", target.Info().Name)
	}
	x := make([]float64, n*target.Info().Dim())
	if err := s.Sample(t.Context(), 0, n, rng.NewKey(1, "draws", 0), x); err != nil {
		t.Fatal(err)
	}
	return x
}

// Levels is a pilot of nothing but draws of the target, n×d.
func Levels(x []float64, d int) []smc.Level {
	return []smc.Level{{Beta: 1, N: len(x) / d, D: d, X: x}}
}

// Train trains, always with the same key.
func Train(t testing.TB, l *learn.Learner, order smc.Training) *smc.Learned {
	t.Helper()
	order.Key = rng.NewKey(1, "train", 0)
	done, err := l.Train(t.Context(), &order)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// Artefact is all that a learner saves.
func Artefact(t testing.TB, l *learn.Learner) []byte {
	t.Helper()
	files, err := l.Save()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, f := range files {
		b.WriteString(f.Name)
		b.Write(f.Data)
	}
	return b.Bytes()
}

// LogDensity is log ρ in the frame at y, n×d.
func LogDensity(t testing.TB, target targets.Density, f *space.Frame, y []float64) []float64 {
	t.Helper()
	b := targets.NewBatch(len(y)/f.Dim, f.Dim, targets.LogP)
	f.ToX(b.X, y)
	if err := target.Eval(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	for i := range b.LogP {
		b.LogP[i] += f.LogDet
	}
	return b.LogP
}

// Weigh sends n particles down a path, and returns their log weights and where they end, n×d.
func Weigh(t testing.TB, target targets.Density, f *space.Frame, path learn.Path, n int) (lw, y []float64) {
	t.Helper()
	d := f.Dim
	y, lw = make([]float64, n*d), make([]float64, n)
	start := make([]float64, n) // −log p_0
	if !path.Forgets() {
		rng.NewKey(8, "start", 0).Normals(y, 0, 0, 0)
		for i, z := range y {
			start[i/d] += z*z/2 + math.Log(2*math.Pi)/2 + math.Log(path.Scale())
			y[i] *= path.Scale()
		}
	}
	if err := path.Move(t.Context(), 1, y, lw, rng.NewKey(9, "move", 0), 0); err != nil {
		t.Fatal(err)
	}
	for i, v := range LogDensity(t, target, f, y) {
		lw[i] += v + start[i]
	}
	return lw, y
}

// Off is by how many standard errors the mean of e^l is off 1.
func Off(l []float64) float64 {
	n, one, two := float64(len(l)), 0.0, 0.0
	for _, v := range l {
		w := math.Exp(v)
		one += w / n
		two += w * w / n
	}
	return (one - 1) / math.Sqrt((two-one*one)/n)
}
