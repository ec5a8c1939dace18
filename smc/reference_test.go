package smc

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/sampan-mc/sampan/smc/mcmc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

func evalOne(t *testing.T, d targets.Density, x ...float64) (float64, []float64, targets.Status) {
	t.Helper()
	b := targets.NewBatch(1, len(x), targets.LogP|targets.Grad)
	copy(b.X, x)
	if err := d.Eval(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	return b.LogP[0], b.Grad, b.Status[0]
}

// TestReferences checks in one dimension that each density integrates to one, that its gradient is that of its log
// density, and that its draws follow it (Kolmogorov–Smirnov, false alarm 1e-6).
func TestReferences(t *testing.T) {
	for name, ref := range map[string]Reference{
		"normal":      newNormal(t, 1, 0.5, 1.5),
		"student 3":   must[Reference](t)(NewStudent(1, 3, []float64{0.5}, []float64{1.5})),
		"student 0.8": must[Reference](t)(NewStudent(1, 0.8, []float64{0}, []float64{1})),
		"uniform":     must[Reference](t)(NewUniform(1, []float64{-1}, []float64{3})),
	} {
		// Integrate over x = sinh(u), so that heavy tails are covered.
		const steps, most = 40000, 40.0
		cdf := make([]float64, steps+1)
		at := func(i int) float64 { return math.Sinh(-most + 2*most*float64(i)/steps) }
		for i := range steps {
			u := -most + 2*most*(float64(i)+0.5)/steps
			lp, _, _ := evalOne(t, ref, math.Sinh(u))
			cdf[i+1] = cdf[i] + math.Exp(lp)*math.Cosh(u)*2*most/steps
		}
		if math.Abs(cdf[steps]-1) > 2e-3 {
			t.Errorf("%s integrates to %v", name, cdf[steps])
		}
		for _, x := range []float64{-0.9, 0.3, 2.2} {
			const h = 1e-5
			up, _, _ := evalOne(t, ref, x+h)
			down, _, _ := evalOne(t, ref, x-h)
			if _, g, _ := evalOne(t, ref, x); math.Abs(g[0]-(up-down)/(2*h)) > 1e-8 {
				t.Errorf("%s: gradient %v at %v, want %v", name, g[0], x, (up-down)/(2*h))
			}
		}
		const n = 20000
		draws := make([]float64, n)
		if err := ref.Sample(context.Background(), 0, n, rng.NewKey(1, "test", 0), draws); err != nil {
			t.Fatal(err)
		}
		tail := make([]float64, 10)
		if err := ref.Sample(context.Background(), n-10, 10, rng.NewKey(1, "test", 0), tail); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(tail, draws[n-10:]) {
			t.Errorf("%s: the draw of a slot depends on where the call began", name)
		}
		slices.Sort(draws)
		worst := 0.0
		for i, x := range draws {
			k := int((math.Asinh(x) + most) / (2 * most) * steps)
			k = min(max(k, 0), steps-1)
			p := cdf[k] + (cdf[k+1]-cdf[k])*(x-at(k))/(at(k+1)-at(k))
			worst = max(worst, math.Abs(p-(float64(i)+0.5)/n))
		}
		if limit := math.Sqrt(math.Log(2e6)/2)/math.Sqrt(n) + 2e-3; worst > limit {
			t.Errorf("%s: draws are %.4f from the density, limit %.4f", name, worst, limit)
		}
	}
	box := must[Reference](t)(NewUniform(2, []float64{0, -1}, []float64{2, 1}))
	if lp, _, status := evalOne(t, box, 1, 0.5); lp != -math.Log(4) || status != targets.OK {
		t.Errorf("inside the box: %v, %v", lp, status)
	}
	if lp, _, status := evalOne(t, box, 1, 1.5); !math.IsInf(lp, -1) || status != targets.OutOfSupport {
		t.Errorf("outside the box: %v, %v", lp, status)
	}
}

func TestReferenceFaults(t *testing.T) {
	for want, make := range map[string]func() (Reference, error){
		"scale -1 of coordinate 0": func() (Reference, error) { return NewNormal(2, []float64{0}, []float64{-1}) },
		"accepted: 1 or 3":         func() (Reference, error) { return NewNormal(3, []float64{0, 0}, []float64{1}) },
		"dimension 0":              func() (Reference, error) { return NewNormal(0, []float64{0}, []float64{1}) },
		"NaN of coordinate 0":      func() (Reference, error) { return NewNormal(1, []float64{math.NaN()}, []float64{1}) },
		"0 degrees":                func() (Reference, error) { return NewStudent(1, 0, []float64{0}, []float64{1}) },
		"from 1 to 1":              func() (Reference, error) { return NewUniform(1, []float64{1}, []float64{1}) },
		"prior and likelihood":     func() (Reference, error) { return NewPrior(bell(1, 0, 1)) },
	} {
		if _, err := make(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}

// TestPriorCostsOneEvaluation: with the target's own prior as reference every point is evaluated once, and log Z is the
// known one.
func TestPriorCostsOneEvaluation(t *testing.T) {
	inner := must[targets.Density](t)(targets.New("conjugate_regression", nil, ""))
	calls := &counting{Density: inner}
	target := struct {
		targets.Density
		targets.PriorSampler
	}{calls, inner.(targets.PriorSampler)}
	ref := must[*Prior](t)(NewPrior(target))
	cfg := Defaults()
	cfg.Seed, cfg.Particles = 4, 512
	res := must[*Result](t)(Run(context.Background(), ref, target, cfg, Hooks{}))
	known := inner.Info().Known.LogZ
	if math.Abs(res.LogZ-known) > zAlarm*res.Headline.Value {
		t.Errorf("log Z %v ± %v, want %v", res.LogZ, res.Headline.Value, known)
	}
	if got := res.Tally.Density + res.Tally.Gradient; got != calls.points {
		t.Errorf("%d evaluations counted, %d made", got, calls.points)
	}
	if res.Tally.Density != 0 {
		t.Errorf("%d evaluations without gradient", res.Tally.Density)
	}
	// The same through two densities evaluated apart.
	sd := must[*Result](t)(Run(context.Background(), apart{ref}, target, cfg, Hooks{}))
	if math.Abs(sd.LogZ-res.LogZ) > 1e-6 {
		t.Errorf("evaluated apart log Z is %v, together %v", sd.LogZ, res.LogZ)
	}
	if _, err := Run(context.Background(), ref, bell(4, 0, 1), cfg, Hooks{}); err == nil || !strings.Contains(err.Error(), "prior of") {
		t.Errorf("the prior of another target: %v", err)
	}
}

// counting counts the points it evaluates; one island at a time.
type counting struct {
	targets.Density
	points int64
}

func (c *counting) Eval(ctx context.Context, b *targets.Batch) error {
	c.points += int64(b.N)
	return c.Density.Eval(ctx, b)
}

// apart hides that a reference is a prior.
type apart struct{ Reference }

// TestBoxReferenceOfAWiderTarget: at β < 1 nothing leaves the box; at β = 1 the moves may.
func TestBoxReferenceOfAWiderTarget(t *testing.T) {
	cfg := Defaults()
	cfg.Seed, cfg.Move = 6, DefaultMove(mcmc.RWM)
	ref := must[Reference](t)(NewUniform(1, []float64{-3}, []float64{3}))
	res := must[*Result](t)(Run(context.Background(), ref, bell(1, 0, 2), cfg, Hooks{}))
	// Ẑ estimates the integral over the box, for that is all the reference reaches.
	want := math.Log(2*math.Sqrt(2*math.Pi)) + math.Log(math.Erf(1.5/math.Sqrt2))
	if math.Abs(res.LogZ-want) > zAlarm*res.Headline.Value {
		t.Errorf("log Z %v ± %v, want %v", res.LogZ, res.Headline.Value, want)
	}
	outside := 0
	for _, x := range res.Islands[0].Draws {
		if math.Abs(x) > 3 {
			outside++
		}
	}
	if outside == 0 {
		t.Error("no draw left the box at β = 1, where only the target counts")
	}
}
