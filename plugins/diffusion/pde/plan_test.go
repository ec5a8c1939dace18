package pde

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn/learntest"
	"github.com/sampan-mc/sampan/plugins/diffusion/pilot"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// TestLearns: two wells in a rotation that nobody tells of are learned in a few seconds, by each net, and served either way;
// a coordinate that is normal is left alone.
func TestLearns(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long, and TestResume runs the same goroutines")
	}
	for _, c := range []struct {
		name   string
		wells  int
		change func(*Options)
		ess    float64
	}{
		{LogCE, 2, func(o *Options) {}, .98},
		{LogCE, 1, func(o *Options) { o.Net = Ridge }, .98},
		{LogCE, 2, func(o *Options) { o.Net, o.Frame, o.Width = MLP, White, 32 }, .9},
		{LogCE, 2, func(o *Options) { o.Interpolation, o.Reference, o.Shape = circular, 1.2, 4 }, .95},
		{LogCE, 2, func(o *Options) { o.Points, o.Symmetry = "cone+flow", even }, .95},
		{LogCE, 1, func(o *Options) { o.Points = "pilot+box" }, .9},
		{LogFP, 1, func(o *Options) { o.Steps = 64 }, .8},
		{LogFP, 1, func(o *Options) { o.Serve, o.Steps = Split, 32 }, .95},
		{OT, 1, func(o *Options) {}, .97},
		{SB, 1, func(o *Options) { o.Steps = 32 }, .9},
		{Score, 1, func(o *Options) { o.Steps = 64 }, .8},
		{NETS, 1, func(o *Options) { o.Steps = 32 }, .9},
		{LogCE, 1, func(o *Options) { o.Optimiser, o.Divergence, o.TrainSteps = adam, hutchinson, 1200 }, .5},
	} {
		d := wells(t, c.wells)
		l := learn.New(small(c.name, func(o *Options) { o.TrainSteps = 100; c.change(o) }), problem(d, 2))
		var last map[string]float64
		done := learntest.Train(t, l, smc.Training{Pilot: pilotOf(t, d), Report: func(r smc.TrainReport) { last = r.Metrics }})
		if len(done.Warnings) > 0 || !(last["ess"] > c.ess) {
			t.Errorf("%s, %d wells: effective sample size %.3f, wanted %g; warnings %q", c.name, c.wells, last["ess"], c.ess, done.Warnings)
		}
	}
}

// TestPlain: the equation with noise, as it stands, is learned too.
func TestPlain(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long, and TestResume runs the same goroutines")
	}
	d := wells(t, 1)
	l := learn.New(small(LogFP, func(o *Options) { o.Train, o.TrainSteps, o.Steps = plain, 100, 64 }), problem(d, 2))
	var last map[string]float64
	learntest.Train(t, l, smc.Training{Pilot: pilotOf(t, d), Report: func(r smc.TrainReport) { last = r.Metrics }})
	if !(last["ess"] > .7) {
		t.Errorf("effective sample size %.3f", last["ess"])
	}
}

// TestResume: a training that stops after any step and goes on elsewhere with other workers ends in the same bytes, and so
// does one of other workers from the start: the points are the same.
func TestResume(t *testing.T) {
	d := wells(t, 2)
	pilot := pilotOf(t, d)
	begun := small(LogCE, func(o *Options) { o.Begin, o.TrainSteps = matched, 3 })
	begun.Match = 3
	for _, p := range []*Plan{
		begun,
		small(LogCE, nil), small(LogFP, func(o *Options) { o.Net, o.Train, o.TrainSteps = MLP, plain, 3 }), small(SB, func(o *Options) { o.TrainSteps, o.Steps = 3, 16 }),
		small(NETS, func(o *Options) { o.TrainSteps, o.Steps = 3, 16 }),
		small(LogCE, func(o *Options) { o.Optimiser, o.Divergence = adam, hutchinson }),
	} {
		whole := learn.New(p, problem(d, 1))
		if done := learntest.Train(t, whole, smc.Training{Pilot: pilot}); done.Steps != p.Match+p.Train {
			t.Fatalf("%+v", done)
		}
		want := learntest.Artefact(t, whole)
		for _, stop := range []int{0, 1, 4} {
			if testing.Short() && stop != 1 {
				continue
			}
			var state []byte
			asked := 0
			learntest.Train(t, learn.New(p, problem(d, 2)), smc.Training{
				Pilot:      pilot,
				Ask:        func() (bool, bool) { asked++; return asked == stop+1, asked == stop+1 },
				Checkpoint: func(s []byte) error { state = bytes.Clone(s); return nil },
			})
			if state == nil {
				continue // it was done by then
			}
			second := learn.New(p, problem(d, 3))
			learntest.Train(t, second, smc.Training{Resume: state})
			if !bytes.Equal(learntest.Artefact(t, second), want) {
				t.Errorf("%s: resumed after %d steps it learns something else", p.Method, stop)
			}
		}
		loaded := learn.New(p, problem(d, 1))
		files, err := whole.Save()
		if err == nil {
			err = loaded.Load(files)
		}
		if err != nil || fmt.Sprint(loaded.Info()) != fmt.Sprint(whole.Info()) {
			t.Errorf("%s: %v", p.Method, err)
		}
	}
}

// TestNothingAllocated: a step of training allocates nothing that grows with it.
func TestNothingAllocated(t *testing.T) {
	d := wells(t, 2)
	p, l := small(LogCE, nil), problem(d, 1)
	s, err := p.Prepare(t.Context(), &l, pilotOf(t, d))
	if err != nil {
		t.Fatal(err)
	}
	program, err := p.Build(&l, s)
	if err != nil {
		t.Fatal(err)
	}
	step, i := program.Phases[0].Step, 0
	if n := testing.AllocsPerRun(3, func() {
		if _, err := step(t.Context(), i); err != nil {
			t.Fatal(err)
		}
		i++
	}); n > 0 {
		t.Errorf("%v allocations a step", n)
	}
}

// TestOptions: what does not fit is said.
func TestOptions(t *testing.T) {
	bad := Options{Serve: "pde", Train: "adam", Path: "straight", Frame: "sheared", Net: "cnn", Sigma: -1, Steps: -1, Power: .5, Directions: -1, TrainSteps: -1, Batch: 100, Optimiser: "newton", Divergence: "none", Volume: "none"}
	err := bad.check(LogCE)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, key := range []string{"serve", "train", "path", "frame", "net", "sigma", "steps", "power", "width", "directions", "train_steps", "batch", "optimiser", "divergence", "volume", "begin"} {
		if !strings.Contains(err.Error(), key) {
			t.Errorf("no word of %s: %v", key, err)
		}
	}
	for _, m := range Methods() {
		if err := Defaults(m.Name).check(m.Name); err != nil {
			t.Error(err)
		}
	}
	for _, c := range []struct {
		name, key string
		change    func(o *Options)
	}{
		{LogCE, "train", func(o *Options) { o.Train = plain }},
		{OT, "path", func(o *Options) { o.Path = geometric }},
		{NETS, "path", func(o *Options) { o.Path = learned }},
		{LogFP, "divergence", func(o *Options) { o.Divergence = hutchinson }},
		{LogCE, "sigma", func(o *Options) { o.Sigma = 1 }},
		{LogCE, "power", func(o *Options) { o.Interpolation, o.Power = circular, 2 }},
		{Score, "sigma", func(o *Options) { o.Sigma = 1 }},
		{Score, "power", func(o *Options) { o.Power = 2 }},
		{Score, "start_std", func(o *Options) { o.Reference = 2 }},
	} {
		o := Defaults(c.name)
		if c.change(&o); o.check(c.name) == nil || !strings.HasPrefix(o.check(c.name).Error(), c.key+":") {
			t.Errorf("%s, %s: %v", c.name, c.key, o.check(c.name))
		}
	}
	if _, err := learn.New(small(LogCE, nil), problem(wells(t, 1), 1)).Train(context.Background(), &smc.Training{}); err == nil {
		t.Error("a training without a pilot")
	}
}

// TestDirections: in many coordinates nets over directions start along the axes of a product that Hessians show, whatever the
// frame is; random ones come nowhere near them.
func TestDirections(t *testing.T) {
	d := learntest.Target(t, "many-well", map[string]any{"dim": 20, "wells": 2, "delta": 4.0})
	x := make([]float64, 1000*20)
	if err := d.(targets.Sampler).Sample(t.Context(), 0, 1000, rng.NewKey(1, "draws", 0), x); err != nil {
		t.Fatal(err)
	}
	l := problem(d, 1)
	p := small(LogCE, func(o *Options) { o.Frame = Scale })
	a, err := p.directions(t.Context(), pilot.Isotropic(x, 20), pilot.White, x, &l)
	if err != nil {
		t.Fatal(err)
	}
	if len(a) != 20*20 {
		t.Fatalf("%d directions", len(a)/20)
	}
	for well := range 2 {
		if c := closest(a, 20, well); c < .99 {
			t.Errorf("no direction is closer to well %d than by a cosine of %.3f", well, c)
		}
		if c := closest(orthogonal(20, 20, l.Stream("directions")), 20, well); c > .9 {
			t.Errorf("a random direction is as close to well %d as by a cosine of %.3f", well, c)
		}
	}
}

// closest is the largest cosine between directions a in d dimensions and an axis.
func closest(a []float32, d, axis int) (best float64) {
	for ; len(a) > 0; a = a[d:] {
		square := 0.0
		for _, v := range a[:d] {
			square += float64(v) * float64(v)
		}
		best = max(best, math.Abs(float64(a[axis]))/math.Sqrt(square))
	}
	return best
}
