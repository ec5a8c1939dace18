package bridge

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn/learntest"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/vec/rng"
)

// TestLearns: a short training on exact draws of a two-mode target makes a path of equal weights, nearly, and one without
// draws of one mode does not find it.
func TestLearns(t *testing.T) {
	well := learntest.Target(t, "many-well", map[string]any{"dim": 2, "delta": 2.0, "wells": 1})
	pilot := learntest.Levels(learntest.Exact(t, well, 4000), 2)
	for _, c := range []struct {
		serve, frame string
		ess          float64
	}{{SDE, White, .7}, {ODE, Product, .85}, {ODE, Scale, .85}} {
		o := Defaults
		o.Serve, o.Frame, o.Width, o.Depth, o.TrainSteps, o.Batch, o.Steps, o.Refresh = c.serve, c.frame, 32, 2, 1200, 512, 30, 0
		l := learn.New(o.Plan(2), learn.Problem{Target: well, Dim: 2, Workers: 2})
		var last map[string]float64
		done := learntest.Train(t, l, smc.Training{Pilot: pilot, Report: func(r smc.TrainReport) { last = r.Metrics }})
		if len(done.Warnings) > 0 || !(last["ess"] > c.ess) {
			t.Errorf("%s, frame %s: effective sample size %.3f, warnings %q", c.serve, c.frame, last["ess"], done.Warnings)
		}
		if info := l.Info(); info.Exact != (c.serve == SDE) || info.Name != "match" {
			t.Errorf("%+v", info)
		}
	}
}

// TestCoarse: a flow in two steps is warned of.
func TestCoarse(t *testing.T) {
	well := learntest.Target(t, "many-well", map[string]any{"dim": 1, "delta": 2.0})
	o := Defaults
	o.Serve, o.Steps, o.TrainSteps, o.Batch, o.Refresh = ODE, 2, 200, 256, 0
	l := learn.New(o.Plan(1), learn.Problem{Target: well, Dim: 1, Workers: 1})
	if done := learntest.Train(t, l, smc.Training{Pilot: learntest.Levels(learntest.Exact(t, well, 1000), 1)}); len(done.Warnings) != 1 {
		t.Errorf("warnings %q", done.Warnings)
	}
}

// TestResume: a training that stops after any step, of any round, and goes on elsewhere with other workers ends in the same
// bytes.
func TestResume(t *testing.T) {
	g := learntest.Target(t, "many-well", map[string]any{"dim": 2, "delta": 1.0, "wells": 1})
	pilot := learntest.Levels(learntest.Exact(t, g, 500), 2)
	for _, o := range []Options{
		{Serve: SDE, Std: learned, Frame: White, Sigma: 1, Reference: 1.5},
		{Serve: ODE, Frame: Scale, Sigma: 1, Reference: 1},
	} {
		o.Steps, o.Width, o.Depth, o.TrainSteps, o.Batch, o.Refresh = 4, 8, 2, 9, 128, 2
		create := func(workers int) *learn.Learner {
			p := o.Plan(2)
			p.Own = 4096
			return learn.New(p, learn.Problem{Target: g, Dim: 2, Workers: workers})
		}
		whole := create(1)
		if done := learntest.Train(t, whole, smc.Training{Pilot: pilot}); done.Steps != 9 {
			t.Fatalf("%+v", done)
		}
		want := learntest.Artefact(t, whole)
		for _, stop := range []int{0, 2, 3, 4, 7} {
			var state []byte
			asked := 0
			learntest.Train(t, create(2), smc.Training{
				Pilot:      pilot,
				Ask:        func() (bool, bool) { asked++; return asked == stop+1, asked == stop+1 },
				Checkpoint: func(s []byte) error { state = bytes.Clone(s); return nil },
			})
			second := create(3)
			learntest.Train(t, second, smc.Training{Resume: state})
			if !bytes.Equal(learntest.Artefact(t, second), want) {
				t.Errorf("%s: resumed after %d steps it learns something else", o.Serve, stop)
			}
		}
		loaded := create(1)
		files, err := whole.Save()
		if err == nil {
			err = loaded.Load(files)
		}
		if err != nil || fmt.Sprint(loaded.Info()) != fmt.Sprint(whole.Info()) {
			t.Errorf("%s: %v", o.Serve, err)
		}
	}
}

// TestRefresh: a pilot that has one mode of two at a quarter of its weight gets beside it draws of the model, weighed, that
// put this right. They are more than 1000, of which half by then are on the left: standard deviation .016, below a third of
// what is allowed.
func TestRefresh(t *testing.T) {
	well := learntest.Target(t, "many-well", map[string]any{"dim": 1, "delta": 2.0})
	all := learntest.Exact(t, well, 2000)
	var x []float64
	for i, v := range all {
		if v > 0 || i%4 == 0 {
			x = append(x, v)
		}
	}
	o := Defaults
	o.Width, o.Depth, o.TrainSteps, o.Batch, o.Refresh = 16, 2, 400, 512, 1
	p := o.Plan(1)
	p.Own = 8192
	problem := learn.Problem{Target: well, Dim: 1, Workers: 1, Key: rng.NewKey(1, "train", 0)}
	s, err := p.Prepare(context.Background(), &problem, learntest.Levels(x, 1))
	if err != nil {
		t.Fatal(err)
	}
	program, err := p.Build(&problem, s)
	if err != nil {
		t.Fatal(err)
	}
	for i := range program.Phases[0].Steps {
		if _, err := program.Phases[0].Step(context.Background(), i); err != nil {
			t.Fatal(err)
		}
	}
	if err := program.Phases[1].Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	left := func(pool []float32) float64 {
		n := 0
		for _, y := range pool {
			if s.Frame.Mean[0]+s.Frame.B[0]*float64(y) < 0 {
				n++
			}
		}
		return float64(n) / float64(len(pool))
	}
	pool := s.Facts[factX]
	own := pool[:len(pool)-len(x)]
	if before, after := left(s.Facts[factPilot]), left(own); before > .25 || math.Abs(after-.5) > .05 || len(own) < fewest {
		t.Errorf("of the pilot %.3f are on the left, of %d draws of the model's own %.3f, wanted .5", before, len(own), after)
	}
}

// TestOptions: what does not fit is said.
func TestOptions(t *testing.T) {
	bad := Options{Serve: "pde", Std: "none", Frame: "sheared", Steps: -1, Sigma: 0, Reference: -1, Batch: 100, Refresh: 17, Depth: 20, Width: -1, TrainSteps: -1}
	err := bad.check()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, key := range []string{"serve", "std", "frame", "steps", "sigma", "start_std", "batch", "refresh", "depth", "width", "train_steps"} {
		if !bytes.Contains([]byte(err.Error()), []byte(key)) {
			t.Errorf("no word of %s: %v", key, err)
		}
	}
	if err := Defaults.check(); err != nil {
		t.Error(err)
	}
	well := learntest.Target(t, "many-well", map[string]any{"dim": 1, "delta": 2.0})
	if _, err := learn.New(Defaults.Plan(1), learn.Problem{Target: well, Dim: 1, Workers: 1}).Train(context.Background(), &smc.Training{}); err == nil {
		t.Error("a training without a pilot")
	}
}
