package smc

import (
	"bytes"
	"context"
	"math"
	"strings"
	"testing"

	"github.com/sampan-mc/sampan/smc/mcmc"
	"github.com/sampan-mc/sampan/targets"
)

// onCuts gives all cuts below the last the kinds of a list, in turn.
func onCuts(kinds ...CutKind) func(int) CutKind {
	return func(k int) CutKind { return kinds[k%len(kinds)] }
}

// TestTransportIsUnbiased: the mean of Ẑ is Z for the Langevin bridge, whatever is known at its cuts and whether or not
// the engine resamples and moves there. The same with a wrong log ratio, with weights taken after a move, and with a
// target term left out, are told from it.
func TestTransportIsUnbiased(t *testing.T) {
	path := gaussPath{0, 1, 2, 1}
	logZ := 0.5 * math.Log(2*math.Pi)
	z := func(mend func(*langevin, *Config), wrong func(*run)) float64 {
		ref, target := newNormal(t, 1, path.m0, path.s0), bell(1, path.m1, path.s1)
		l := newLangevin(ref, target)
		cfg := plain(50, repeats(400, 2000), nil)
		cfg.Schedule.Betas, cfg.AsIs, cfg.Transport = Power(1, 1), true, l
		cfg.Move = Move{Kernel: mcmc.Kernel{Kind: mcmc.HMC, Leapfrogs: 2}, Steps: 1, Step: 0.8}
		mend(l, &cfg)
		r := must[*run](t)(newRun(ref, target, cfg))
		if wrong != nil {
			wrong(r)
		}
		pilots := must[[]*population](t)(r.prepare(context.Background()))
		return bias(t, r, &pilots[0].plan, logZ)
	}
	for name, mend := range map[string]func(*langevin, *Config){
		"β at the cuts, resampled below half": func(l *langevin, c *Config) {},
		"resampled always":                    func(l *langevin, c *Config) { c.Threshold = 1 },
		"multinomial":                         func(l *langevin, c *Config) { c.Threshold, c.Resampler = 1, Multinomial },
		"never resampled":                     func(l *langevin, c *Config) { c.Threshold = 0 },
		"one segment, no moves":               func(l *langevin, c *Config) { l.cuts, c.Move.Steps = 1, 0 },
		"its own γ at the cuts":               func(l *langevin, c *Config) { l.kinds, c.Threshold = onCuts(CutOwn), 1 },
		"own, none and β":                     func(l *langevin, c *Config) { l.kinds, c.Threshold = onCuts(CutOwn, CutNone, CutBeta), 1 },
		"random walk": func(l *langevin, c *Config) {
			l.kinds, c.Move.Kernel = onCuts(CutOwn, CutBeta), mcmc.Kernel{Kind: mcmc.RWM}
		},
	} {
		if z := z(mend, nil); math.Abs(z) > zAlarm {
			t.Errorf("%s: mean of Ẑ is off by z = %.1f", name, z)
		}
	}
	for name, mend := range map[string]func(*langevin, *Config){
		"log ratio of the wrong sign": func(l *langevin, c *Config) { l.sign = -1 },
		"half of the log ratio":       func(l *langevin, c *Config) { l.sign = 0.5 },
		"weights after the move": func(l *langevin, c *Config) {
			l.after = func(x, beta, z float64) float64 {
				mean, sd := path.at(beta)
				return mean + 0.5*(x-mean) + math.Sqrt(0.75)*sd*z
			}
		},
	} {
		if z := z(mend, nil); math.Abs(z) < zAlarm {
			t.Errorf("%s passes: z = %.1f", name, z)
		}
	}
	always := func(l *langevin, c *Config) { c.Threshold = 1 }
	if z := z(always, func(r *run) { r.reset = func([]float64) {} }); math.Abs(z) < zAlarm {
		t.Errorf("a resampler that forgets to reset the weights passes: z = %.1f", z)
	}
}

// TestCutsDoNotChangeWeights: without resampling and moves a path has the same weights however it is cut.
func TestCutsDoNotChangeWeights(t *testing.T) {
	ref, target := newNormal(t, 2, 0, 1), logGamma(2)
	weights := func(cuts int, kinds ...CutKind) []float64 {
		l := newLangevin(ref, target)
		l.fixed, l.cuts = true, cuts
		if kinds != nil {
			l.kinds = onCuts(kinds...)
		}
		cfg := plain(200, 1, nil)
		cfg.Schedule.Betas, cfg.Threshold, cfg.Move.Steps = Power(1, 1), 0, 0
		cfg.AsIs, cfg.Transport, cfg.OnTheFly = true, l, true
		cfg.Threshold = 0
		res := must[*Result](t)(Run(context.Background(), ref, target, cfg, Hooks{}))
		return res.Islands[0].Particles.LogW
	}
	want := weights(1)
	for _, kinds := range [][]CutKind{{CutBeta}, {CutOwn}, {CutNone}, {CutBeta, CutOwn, CutNone}} {
		for _, cuts := range []int{2, 4, 8} {
			for i, w := range weights(cuts, kinds...) {
				if math.Abs(w-want[i]) > 1e-10 {
					t.Fatalf("%d cuts of kinds %v: log weight %d is %v, uncut %v", cuts, kinds, i, w, want[i])
				}
			}
		}
	}
}

// TestOwnOfTargetIsCounted: where a transport's own densities are made of the target's, moves in them are evaluations of the
// target, and not where they are not.
func TestOwnOfTargetIsCounted(t *testing.T) {
	ref, target := newNormal(t, 2, 0, 1), logGamma(2)
	run := func(aloof bool) *Result {
		l := newLangevin(ref, target)
		l.kinds, l.cuts, l.aloof = onCuts(CutOwn), 2, aloof
		cfg := plain(50, 1, nil)
		cfg.AsIs, cfg.Transport, cfg.OnTheFly, cfg.Move = true, l, true, Move{Kernel: mcmc.Kernel{Kind: mcmc.MALA}, Steps: 3, Step: .3}
		return must[*Result](t)(Run(context.Background(), ref, target, cfg, Hooks{}))
	}
	all, fewer := run(false), run(true)
	if d := all.Tally.Gradient - fewer.Tally.Gradient; d != 4*50 { // its points first, then three moves
		t.Errorf("%d more gradients are counted, want 200", d)
	}
	if all.LogZ != fewer.LogZ {
		t.Errorf("log Z %v and %v: not the same run", all.LogZ, fewer.LogZ)
	}
}

// decided runs with transport l and returns the result.
func decided(t *testing.T, ref Reference, target targets.Density, l Transport, mend func(*Config)) *Result {
	t.Helper()
	cfg := Defaults()
	cfg.Seed, cfg.Particles, cfg.Islands, cfg.Transport = 4, 512, 4, l
	if mend != nil {
		mend(&cfg)
	}
	res := must[*Result](t)(Run(context.Background(), ref, target, cfg, Hooks{Workers: 2}))
	codes := map[string]bool{}
	for _, f := range res.Findings {
		codes[f.Code] = true
	}
	if replaced := strings.Contains(verdicts(res), "replaced"); codes["transport-replaced"] != replaced {
		t.Errorf("decisions %s, findings %v", verdicts(res), res.Findings)
	}
	return res
}

func verdicts(res *Result) string {
	var all []string
	for _, d := range res.Plan.Decisions {
		all = append(all, d.Verdict.String())
	}
	return strings.Join(all, " ")
}

// TestPilotDecides: good segments are kept; bad ones are cut finer where that helps and replaced where it does not; and
// log Z is right in every case.
func TestPilotDecides(t *testing.T) {
	ref, target := newNormal(t, 2, 0, 1), logGamma(2)
	right := func(name string, res *Result) {
		t.Helper()
		if math.Abs(res.LogZ) > zAlarm*res.Headline.Value || res.Headline.Value > 0.1 {
			t.Errorf("%s: log Z %v ± %v, want 0", name, res.LogZ, res.Headline.Value)
		}
	}
	good := newLangevin(ref, target)
	good.steps, good.cuts, good.e = 32, 2, 0.1
	res := decided(t, ref, target, good, nil)
	if verdicts(res) != "kept kept" || len(res.Plan.Stages) != 2 {
		t.Errorf("good: %v", res.Plan.Decisions)
	}
	right("good", res)

	// The second half goes wrong.
	half := newLangevin(ref, target)
	half.steps, half.cuts, half.e = 32, 2, 0.1
	half.spoil = func(k, slot int, x, ratio []float64) {
		if k == 2 && slot%8 != 0 {
			ratio[0] = math.Inf(-1)
		}
	}
	res = decided(t, ref, target, half, nil)
	if verdicts(res) != "kept replaced" || res.Plan.Stages[0].Segment != 1 || res.Plan.Stages[1].Segment != 0 || res.Plan.Stages[1].Beta <= 0.5 {
		t.Errorf("half bad: %v, stages %+v", res.Plan.Decisions, res.Plan.Stages)
	}
	right("half bad", res)

	// Hopeless from the start, and nobody survives.
	dead := newLangevin(ref, target)
	dead.spoil = func(k, slot int, x, ratio []float64) { ratio[0] = math.NaN() }
	res = decided(t, ref, target, dead, nil)
	if res.Plan.uses() || !strings.Contains(res.Plan.Decisions[0].Why, "left no particle") {
		t.Errorf("dead: %v", res.Plan.Decisions)
	}
	right("dead", res)
	// The same where finer cuts are tried first.
	dead.steps = 32
	res = decided(t, ref, target, &settable{dead}, nil)
	if res.Plan.uses() {
		t.Errorf("dead, cuttable: %v", res.Plan.Decisions)
	}
	right("dead, cuttable", res)

	// Steps too coarse for one segment: cuts with moves between them mend it.
	coarse := newLangevin(newNormal(t, 2, -2, 1), target)
	coarse.own, coarse.steps, coarse.cuts, coarse.e = true, 32, 1, 0.05
	res = decided(t, ref, target, &settable{coarse}, nil)
	if res.Plan.Cuts == 0 || !res.Plan.uses() {
		t.Errorf("coarse: %d cuts, %v", res.Plan.Cuts, res.Plan.Decisions)
	}
	if coarse.cuts != 1 {
		t.Errorf("coarse: left with %d cuts", coarse.cuts)
	}
	right("coarse", res)
	// Without being able to set them it is replaced, from its own reference.
	res = decided(t, ref, target, coarse, nil)
	if res.Plan.uses() {
		t.Errorf("coarse, uncuttable: %v", res.Plan.Decisions)
	}
	right("coarse, uncuttable", res)
	// On the fly each island decides for itself.
	res = decided(t, ref, target, coarse, func(c *Config) { c.OnTheFly = true })
	if res.Plan.uses() || res.Frozen {
		t.Errorf("on the fly: %v", res.Plan.Decisions)
	}
	right("on the fly", res)
}

// TestTransportLosesParticles: those without a usable log ratio are dead, counted and located; the estimate is that of
// a kernel that kills them.
func TestTransportLosesParticles(t *testing.T) {
	ref, target := newNormal(t, 2, 0, 1), logGamma(2)
	for name, bad := range map[string]float64{"NaN": math.NaN(), "+Inf": math.Inf(1)} {
		l := newLangevin(ref, target)
		l.steps, l.e = 32, 0.1
		l.spoil = func(k, slot int, x, ratio []float64) {
			if k == 2 && slot >= 500 {
				ratio[0], x[0] = bad, bad
			}
		}
		res := decided(t, ref, target, l, func(c *Config) { c.Threshold = 0 })
		found := ""
		for _, f := range res.Findings {
			if f.Code == "transport-lost" {
				found = f.Text
			}
		}
		if !strings.Contains(found, "12 of 512 particles") || !strings.Contains(found, "segment 2") || !strings.Contains(found, "slot 500") {
			t.Errorf("%s: finding %q", name, found)
		}
		for _, is := range res.Islands {
			for i, w := range is.Particles.LogW {
				if dead := math.IsInf(w, -1); dead != (i >= 500) {
					t.Fatalf("%s: particle %d has log weight %v", name, i, w)
				}
			}
		}
	}
}

// TestPilotKeepsItsLevels, from reference to target, resumes to the same, and minds its budget.
func TestPilotKeepsItsLevels(t *testing.T) {
	ref, target := newNormal(t, 2, 0, 1.5), logGamma(2)
	cfg := Defaults()
	cfg.Particles = 400
	var snaps [][]byte
	save := func(_ string, _ int, snap []byte) error { snaps = append(snaps, snap); return nil }
	want := must[*Tempered](t)(Pilot(context.Background(), ref, target, cfg, 0, Hooks{Save: save}))
	levels := want.Levels
	if levels[0].Beta != 0 || levels[len(levels)-1].Beta != 1 || len(levels) != len(want.Reports)+1 || len(levels) < 3 {
		t.Fatalf("%d levels, %d reports", len(levels), len(want.Reports))
	}
	for i, l := range levels {
		if i > 0 && l.Beta <= levels[i-1].Beta || len(l.X) != 2*400 {
			t.Errorf("level %d: β = %v, %d numbers", i, l.Beta, len(l.X))
		}
		b := targets.NewBatch(l.N, l.D, targets.LogP)
		b.X = l.X
		if err := target.Eval(context.Background(), b); err != nil {
			t.Fatal(err)
		}
		for j, v := range b.LogP {
			if v != l.LogTarget[j] {
				t.Fatalf("level %d: log density %d is %v, at its point %v", i, j, l.LogTarget[j], v)
			}
		}
	}
	if math.Abs(want.LogZ) > zAlarm*want.LogZErr || want.Tally.Gradient == 0 {
		t.Errorf("log Z %v ± %v", want.LogZ, want.LogZErr)
	}
	for i, snap := range snaps {
		got := must[*Tempered](t)(Pilot(context.Background(), ref, target, cfg, 0, Hooks{Load: func(string) (int, []byte, bool) { return i, snap, true }}))
		if diff := sameTempered(got, want); diff != "" {
			t.Errorf("resumed from %d: %s", i, diff)
		}
	}
	for i := 1; i < len(snaps); i++ {
		if got := must[[]byte](t)(RerunPilot(context.Background(), ref, target, cfg, snaps[i-1])); !bytes.Equal(got, snaps[i]) {
			t.Errorf("stage %d run again differs", i)
		}
	}
	if _, err := Pilot(context.Background(), ref, target, cfg, 1000, Hooks{}); err == nil || !strings.Contains(err.Error(), "the 1000 evaluations that were allowed reach") {
		t.Errorf("too small a budget: %v", err)
	}
}

func TestCutsAreChecked(t *testing.T) {
	for _, test := range []struct {
		cuts []Cut
		want string
	}{
		{nil, "no cuts"},
		{[]Cut{{Beta: 0.5}}, "not the target"},
		{[]Cut{{Kind: CutOwn}}, "not the target"},
		{[]Cut{{Beta: 0.5}, {Beta: 0.4}, {Beta: 1}}, "after 0.5"},
		{[]Cut{{Kind: 7}, {Beta: 1}}, "kind 7"},
	} {
		if err := validateCuts(test.cuts); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: %v, want %q", test.cuts, err, test.want)
		}
	}
	if err := validateCuts([]Cut{{Beta: 0.5}, {Kind: CutNone}, {Kind: CutOwn}, {Beta: 1}}); err != nil {
		t.Error(err)
	}
}
