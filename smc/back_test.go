package smc

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/sampan-mc/sampan/smc/diag"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// wells has its mass about ±3, the part left of it at −3.
func wells(left float64) targets.Density {
	return targets.Func("wells", targets.Reals("x", 1), func(x, g []float64) float64 {
		a, b := math.Log(1-left)-(x[0]-3)*(x[0]-3)*2, math.Log(left)-(x[0]+3)*(x[0]+3)*2
		m := math.Max(a, b)
		p, q := math.Exp(a-m), math.Exp(b-m)
		if g != nil {
			g[0] = -4 * ((x[0]-3)*p + (x[0]+3)*q) / (p + q)
		}
		return m + math.Log(p+q)
	})
}

// wellsLogZ is the log of its integral.
var wellsLogZ = 0.5 * math.Log(math.Pi/2)

// TestLostModeIsNoticed: weights that look perfect while half of the target is missing are told from what tempering
// found.
func TestLostModeIsNoticed(t *testing.T) {
	ref, target, logZ := newNormal(t, 1, 0, 2), wells(0.5), wellsLogZ
	l := &oneMode{langevin: langevin{ref: newNormal(t, 1, 3, 0.5), own: true, target: target, steps: 8, cuts: 1, e: 0.02}}
	cfg := Defaults()
	cfg.Seed, cfg.Particles = 2, 1024
	tempered := must[*Tempered](t)(Pilot(context.Background(), ref, target, cfg, 0, Hooks{}))
	if math.Abs(tempered.LogZ-logZ) > zAlarm*tempered.LogZErr {
		t.Errorf("pilot: log Z %v ± %v, want %v", tempered.LogZ, tempered.LogZErr, logZ)
	}
	blind := decided(t, ref, target, l, nil)
	if verdicts(blind) != "kept" || blind.ParetoK > 0.5 {
		t.Errorf("without the pilot: %v, k %v", blind.Plan.Decisions, blind.ParetoK)
	}
	if off := blind.LogZ - logZ; math.Abs(off+math.Log(2)) > 0.02 {
		t.Errorf("without the pilot log Z is off by %v, want half the mass", off)
	}
	res := decided(t, ref, target, l, func(c *Config) { c.Tempered = tempered })
	if verdicts(res) != "replaced" || !strings.Contains(res.Plan.Decisions[0].Why, "the transport has lost") {
		t.Errorf("with the pilot: %v", res.Plan.Decisions)
	}
	if math.Abs(res.LogZ-logZ) > zAlarm*res.Headline.Value {
		t.Errorf("with the pilot: log Z %v ± %v, want %v", res.LogZ, res.Headline.Value, logZ)
	}
}

// TestSmallLostModeIsNoticed where log Z is too noisy to show it, if the transport can be run back.
func TestSmallLostModeIsNoticed(t *testing.T) {
	ref, target := newNormal(t, 1, 0, 2), wells(0.08)
	l := &langevin{ref: newNormal(t, 1, 3, 0.5), own: true, target: target, steps: 8, cuts: 1, e: 0.02}
	cfg := Defaults()
	cfg.Seed, cfg.Particles = 2, 4096
	tempered := must[*Tempered](t)(Pilot(context.Background(), ref, target, cfg, 0, Hooks{}))
	with := func(c *Config) { c.Tempered = tempered }
	if res := decided(t, ref, target, l, with); verdicts(res) != "kept" {
		t.Errorf("one way: %v", res.Plan.Decisions)
	}
	res := decided(t, ref, target, &reversible{l}, with)
	if verdicts(res) != "replaced" || !strings.Contains(res.Plan.Decisions[0].Why, "hardly ever comes") {
		t.Errorf("both ways: %v", res.Plan.Decisions)
	}
	if math.Abs(res.LogZ-wellsLogZ) > zAlarm*res.Headline.Value {
		t.Errorf("log Z %v ± %v, want %v", res.LogZ, res.Headline.Value, wellsLogZ)
	}
	// A good one passes.
	good := &reversible{&langevin{ref: ref, target: target, steps: 200, cuts: 1, e: 0.06}}
	if res := decided(t, ref, target, good, with); verdicts(res) == "replaced" {
		t.Errorf("a good one: %v", res.Plan.Decisions)
	}
}

// TestSendBack: exact draws sent back give 1/Z on average of their inverse weights, and an upper bound of log Z; with
// the wrong sign of the log ratio they do not.
func TestSendBack(t *testing.T) {
	const n = 20000
	ref := newNormal(t, 2, 0, 1)
	target := bell(2, 1.2, 0.8) // log Z is 2 log(0.8 √2π)
	want := 2 * math.Log(0.8*math.Sqrt(2*math.Pi))
	exact := newNormal(t, 2, 1.2, 0.8)
	b := targets.NewBatch(n, 2, targets.LogP)
	if err := errors.Join(exact.Sample(context.Background(), 0, n, rng.NewKey(3, "exact", 0), b.X), target.Eval(context.Background(), b)); err != nil {
		t.Fatal(err)
	}
	for cuts, sign := range map[int]float64{1: 0, 4: 0, 2: -1} {
		l := &reversible{&langevin{ref: ref, target: target, steps: 16, cuts: cuts, e: 0.12, kinds: onCuts(CutOwn, CutNone), sign: sign}}
		logW, _, err := SendBack(context.Background(), l, ref, n, b.X, b.LogP, 1)
		if err != nil {
			t.Fatal(err)
		}
		inverse := make([]float64, n)
		for i, w := range logW {
			inverse[i] = math.Exp(want - w)
		}
		mean, sd := diag.Mean([][]float64{inverse}), diag.SD([][]float64{inverse})
		z := (mean - 1) / sd * math.Sqrt(n)
		if sign != 0 {
			if math.Abs(z) < zAlarm && sd < 5 {
				t.Errorf("a log ratio of the wrong sign passes: z = %.1f", z)
			}
			continue
		}
		if math.Abs(z) > zAlarm || sd > 5 {
			t.Errorf("%d cuts: mean of Z/w is %v ± %v, off by z = %.1f", cuts, mean, sd, z)
		}
		if bound := diag.UpperBound(logW); bound < want {
			t.Errorf("%d cuts: upper bound %v below log Z %v", cuts, bound, want)
		}
	}
}

// oneMode starts at a reference of its own about one mode.
type oneMode struct{ langevin }
