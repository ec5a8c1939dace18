package pde

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn/learntest"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/vec/nn"
)

// TestSharedOut: every kind gets tiles by its share, as long as there are any.
func TestSharedOut(t *testing.T) {
	for _, c := range []struct {
		points string
		tiles  int
		ends   []int
	}{
		{"pilot+between+flow", 8, []int{3, 5, 8}}, {"pilot+between+flow", 2, []int{1, 2, 2}}, {"flow", 8, []int{8}}, {"cone+box", 8, []int{4, 8}},
	} {
		var ends []int
		for _, k := range sharedOut(strings.Split(c.points, "+"), c.tiles) {
			ends = append(ends, k.end)
		}
		if fmt.Sprint(ends) != fmt.Sprint(c.ends) {
			t.Errorf("%s in %d tiles: they end at %v, wanted %v", c.points, c.tiles, ends, c.ends)
		}
	}
}

// begun is a training on points of some kinds that has yet to make a step, with its warnings.
func begun(t *testing.T, kinds string, name string, config map[string]any) (*points, *training, []string) {
	t.Helper()
	d := learntest.Target(t, name, config)
	p, l := small(LogCE, func(o *Options) { o.Points, o.Frame = kinds, Scale }), problem(d, 1)
	s, err := p.Prepare(t.Context(), &l, pilotOf(t, d))
	if err != nil {
		t.Fatal(err)
	}
	m := p.newModel(l.Dim, s.Frame.Dim-s.Frame.Active, len(s.Facts[factDirections])/l.Dim)
	w := nn.NewParams[float32](&m.layout)
	m.start(w, l.Stream("init"), s.Facts[factDirections], s.Facts[factNorm])
	tr := newTraining(p, &l, s, m, w)
	warnings, err := tr.points.warnings(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	return tr.points, tr, warnings
}

// lopsided has a tenth of its mass in a mode far from the rest.
var lopsided = map[string]any{"means": []any{[]any{0.0, 0.0}, []any{9.0, 0.0}}, "weights": []any{.9, .1}, "variance": []any{.2, .2}}

// TestWarning: a training on points of the flow alone, which begins about the mean, says that it sees nothing of a mode far
// off; one with the pilot's among them, or with a box around them, has nothing to say.
func TestWarning(t *testing.T) {
	for kinds, want := range map[string]int{"flow": 1, usual: 0, "flow+box": 0, "cone": 0, "pilot": 0, "between": 0} {
		_, _, got := begun(t, kinds, "mixture", lopsided)
		if len(got) != want {
			t.Errorf("%s: warnings %q, wanted %d", kinds, got, want)
		}
	}
	d := learntest.Target(t, "mixture", lopsided)
	l := learn.New(small(LogCE, func(o *Options) { o.Points, o.Frame, o.TrainSteps = "flow", Scale, 1 }), problem(d, 1))
	if done := learntest.Train(t, l, smc.Training{Pilot: pilotOf(t, d)}); len(done.Warnings) == 0 || !strings.Contains(fmt.Sprint(done.Warnings), "no training points") {
		t.Errorf("warnings of the training %q", done.Warnings)
	}
}

// TestBox: points of a box are between its sides at all times, those of a cone between sides that move from the start's to the
// target's; both fill them.
func TestBox(t *testing.T) {
	for _, kinds := range []string{ofBox, ofCone} {
		c, tr, _ := begun(t, kinds, "mixture", lopsided)
		batch, err := c.draw(t.Context(), tr.params, 0)
		if err != nil {
			t.Fatal(err)
		}
		b, widest := c.box, 0.0
		for _, q := range batch.Tiles {
			for j, at := range q.Time {
				for i := range c.model.dim {
					lo, hi := min(b.startLow[i], b.low[i]), max(b.startHigh[i], b.high[i])
					if kinds == ofCone {
						lo, hi = (1-at)*b.startLow[i]+at*b.low[i], (1-at)*b.startHigh[i]+at*b.high[i]
					}
					u := float64((q.X.Row(i)[j] - lo) / (hi - lo))
					if !(u > -1e-5 && u < 1+1e-5) {
						t.Fatalf("%s: coordinate %d at time %g is %g, outside %g to %g", kinds, i, at, q.X.Row(i)[j], lo, hi)
					}
					widest = max(widest, math.Abs(u-.5))
				}
			}
		}
		if widest < .49 {
			t.Errorf("%s: no point is near a side", kinds)
		}
	}
}

// TestPopulations: the norm of normals along a path, as populations have it, is that known in closed form, whatever the shares.
// Five hundredths are some five standard errors.
func TestPopulations(t *testing.T) {
	d := learntest.Target(t, "gaussian", map[string]any{"mean": []any{.5, .5}, "sd": []any{.6, .6}, "log_z": 0.3})
	l := problem(d, 1)
	for _, b := range []base{{dim: 2, power: 2}, {dim: 2, power: 2, circular: true}} {
		found, err := settle(t.Context(), b, space.Scaled([]float64{0, 0}, 1.3), &l, pilotOf(t, d))
		if err != nil {
			t.Fatal(err)
		}
		g := gauss{1.3, .5, .6, .15, 2, b.circular}
		for _, k := range []int{4, 8, 12, levels} {
			_, v, z, _, _, _ := g.moments(float64(k) / levels)
			near(t, fmt.Sprintf("circular %v, level %d: log norm", b.circular, k), found.norm[k], 2*z, .05)
			mean, two := 0.0, 0.0
			for _, y := range found.y[k*particles*2 : (k+1)*particles*2] {
				mean += float64(y) / (2 * particles)
				two += float64(y) * float64(y) / (2 * particles)
			}
			near(t, fmt.Sprintf("circular %v, level %d: variance", b.circular, k), (two-mean*mean)/v, 1, .2)
		}
	}
}

// TestPathOptions: interpolations, starts and points that do not fit are said.
func TestPathOptions(t *testing.T) {
	for key, change := range map[string]func(o *Options){
		"interpolation": func(o *Options) { o.Interpolation = "spline" }, "start_std": func(o *Options) { o.Reference = 0 }, "symmetry": func(o *Options) { o.Symmetry = "odd" }, "start_shape": func(o *Options) { o.Shape = 1 }, "points": func(o *Options) { o.Points = "flow+grid" },
	} {
		o := Defaults(LogCE)
		change(&o)
		if err := o.check(LogCE); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
	for _, c := range []struct {
		name   string
		change func(o *Options)
	}{
		{Score, func(o *Options) { o.Interpolation = circular }}, {Score, func(o *Options) { o.Reference = 2 }}, {Score, func(o *Options) { o.Shape = 4 }},
		{OT, func(o *Options) { o.Begin = matched }}, {LogCE, func(o *Options) { o.Begin, o.Optimiser = matched, adam }},
		{LogCE, func(o *Options) { o.Points = "flow+flow" }}, {LogCE, func(o *Options) { o.Points = "" }},
	} {
		o := Defaults(c.name)
		if c.change(&o); o.check(c.name) == nil {
			t.Errorf("%s: %+v was accepted", c.name, o)
		}
	}
}
