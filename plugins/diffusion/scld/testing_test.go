package scld

import (
	"math"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// wells is a density of two wells a coordinate, exp(−(x²−2)²), in two dimensions: log Z is known.
func wells(t *testing.T) targets.Density {
	t.Helper()
	d, err := targets.New("many-well", map[string]any{"dim": 2, "wells": 2, "delta": 2.0}, "")
	if err != nil {
		t.Fatal(err)
	}
	if math.IsNaN(d.Info().Known.LogZ) {
		t.Fatal("log Z is not known")
	}
	return d
}

// small is a plan from scratch that is quick.
func small(t *testing.T, change func(*Options)) *Plan {
	t.Helper()
	o := scld
	o.Start, o.Steps, o.Blocks, o.Width, o.Batch, o.TrainSteps = FromScratch, 16, 4, 16, 128, 40
	if change != nil {
		change(&o)
	}
	p, err := o.Plan("scld")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func problem(target targets.Density, workers int) learn.Problem {
	return learn.Problem{Target: target, Dim: target.Info().Dim(), Workers: workers, Key: rng.NewKey(1, "problem", 0), Mean: []float64{0}, Scale: []float64{1.5}}
}

// trained is a learner that has been through plan.
func trained(t *testing.T, plan *Plan, target targets.Density, workers int) *learn.Learner {
	t.Helper()
	l := learn.New(plan, problem(target, workers))
	if _, err := l.Train(t.Context(), &smc.Training{Key: rng.NewKey(2, "train", 0)}); err != nil {
		t.Fatal(err)
	}
	return l
}

// ready is the training of plan, prepared.
func ready(t *testing.T, plan *Plan, target targets.Density) *training {
	t.Helper()
	p := problem(target, 1)
	s, err := plan.Prepare(t.Context(), &p, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, tr, err := plan.build(&p, s)
	if err != nil {
		t.Fatal(err)
	}
	tr.open()
	tr.target.Use(t.Context())
	return tr
}
