package pde

import (
	"math"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn/learntest"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// wells is two wells in each of two coordinates, or one of them.
func wells(t testing.TB, n int) targets.Density {
	return learntest.Target(t, "many-well", map[string]any{"dim": 2, "wells": n, "delta": 2.0, "rotation": 5})
}

// tempered is a short pilot.
func pilotOf(t testing.TB, d targets.Density) []smc.Level {
	t.Helper()
	ref, err := smc.NewNormal(d.Info().Dim(), []float64{0}, []float64{2})
	if err != nil {
		t.Fatal(err)
	}
	c := smc.Defaults()
	c.Seed, c.Particles, c.Move.Steps = 3, 2048, 2
	p, err := smc.Pilot(t.Context(), ref, d, c, 0, smc.Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	return p.Levels
}

// small is a quick training.
func small(name string, change func(*Options)) *Plan {
	o := Defaults(name)
	o.Width, o.TrainSteps, o.Batch = 16, 7, 256
	if o.Serve == SDE {
		o.Steps = 16
	}
	if change != nil {
		change(&o)
	}
	return o.Plan(name)
}

func problem(d targets.Density, workers int) learn.Problem {
	return learn.Problem{Target: d, Dim: d.Info().Dim(), Workers: workers, Key: rng.NewKey(1, "train", 0)}
}

// random is a path of nets whose weights are random, in a frame that fits the wells roughly.
func random(t *testing.T, p *Plan, d targets.Density) (learn.Path, *space.Frame) {
	t.Helper()
	dim := d.Info().Dim()
	f := space.Scaled(make([]float64, dim), 1.3)
	a := orthogonal(3, dim, rng.NewKey(4, "directions", 0))
	l := problem(d, 1)
	program, err := p.Build(&l, &learn.State{Frame: f, Facts: map[string][]float32{
		factPopulations: make([]float32, (levels+1)*particles*dim), factNorm: make([]float32, norms), factDirections: a,
	}})
	if err != nil {
		t.Fatal(err)
	}
	theta := append([]float32(nil), program.Params.Theta...)
	z := make([]float64, len(theta))
	rng.NewKey(5, "test", 0).Normals(z, 0, 0, 0)
	for _, tensor := range program.Layout.Tensors {
		for i := range tensor.Size() {
			theta[tensor.Off+i] += float32(.15 * z[tensor.Off+i])
		}
	}
	path, err := program.Serve(theta)
	if err != nil {
		t.Fatal(err)
	}
	return path, f
}

// starts are n draws of N(0, I) with their log densities.
func starts(n, d int) (y, start []float64) {
	y, start = make([]float64, n*d), make([]float64, n)
	rng.NewKey(8, "start", 0).Normals(y, 0, 0, 0)
	for i, v := range y {
		start[i/d] -= v*v/2 + math.Log(2*math.Pi)/2
	}
	return y, start
}
