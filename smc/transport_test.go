package smc

import (
	"bytes"
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/sampan-mc/sampan/smc/diag"
	"github.com/sampan-mc/sampan/smc/mcmc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
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

// transported is a small run that uses everything: cuts of all kinds, finer cuts, replaced segments.
func transported(t *testing.T) (Reference, targets.Density, Config) {
	ref, target := newNormal(t, 2, 0, 1), logGamma(2)
	l := newLangevin(ref, target)
	l.steps, l.cuts, l.e = 32, 2, 0.1
	l.spoil = func(k, slot int, x, ratio []float64) {
		if (k == l.cuts || k == 2) && slot%8 != 0 {
			ratio[0] = math.Inf(-1)
		}
	}
	l.kinds = func(k int) CutKind {
		if k%2 == 1 {
			return CutOwn
		}
		return CutBeta
	}
	cfg := Defaults()
	cfg.Seed, cfg.Particles, cfg.Islands, cfg.Transport = 9, 128, 3, &settable{l}
	cfg.Move.Steps = 1
	return ref, target, cfg
}

// abandoned is one that gives up its transport, which has lost a mode.
func abandoned(t *testing.T) (Reference, targets.Density, Config) {
	ref, target := newNormal(t, 1, 0, 2), wells(0.5)
	cfg := Defaults()
	cfg.Seed, cfg.Particles, cfg.Islands = 2, 128, 2
	cfg.Tempered = must[*Tempered](t)(Pilot(context.Background(), ref, target, cfg, 0, Hooks{}))
	cfg.Transport = &oneMode{langevin: langevin{ref: newNormal(t, 1, 3, 0.5), own: true, target: target, steps: 8, cuts: 1, e: 0.02}}
	return ref, target, cfg
}

// TestTransportResumesAnywhere kills a run with a transport at every save, goes on from what was saved, and finds the
// same bytes; so does every stage that is run again.
func TestTransportResumesAnywhere(t *testing.T) {
	for name, problem := range map[string]func(*testing.T) (Reference, targets.Density, Config){"transported": transported, "abandoned": abandoned} {
		t.Run(name, func(t *testing.T) {
			ref, target, cfg := problem(t)
			whole := &sparse{snaps: map[string]map[int][]byte{}}
			want := must[*Result](t)(Run(context.Background(), ref, target, cfg, Hooks{Save: whole.save}))
			switch v := verdicts(want); {
			case name == "abandoned" && v != "replaced", name == "transported" && (want.Plan.Cuts == 0 || !strings.Contains(v, "replaced") || !strings.Contains(v, "kept")):
				t.Fatalf("not the run it should be: %d cuts, %v", want.Plan.Cuts, want.Plan.Decisions)
			}
			every := 1
			if testing.Short() {
				every = 5
			}
			for stop := 1; stop <= whole.saves; stop += every {
				part := &sparse{snaps: map[string]map[int][]byte{}, stop: stop}
				_, _, cfg := problem(t)
				if _, err := Run(context.Background(), ref, target, cfg, Hooks{Save: part.save, Workers: stop%3 + 1}); !errors.Is(err, errKilled) {
					t.Fatalf("killed at save %d: %v", stop, err)
				}
				part.stop = 0
				_, _, cfg = problem(t)
				got := must[*Result](t)(Run(context.Background(), ref, target, cfg, Hooks{Save: part.save, Load: part.load}))
				if diff := sameResult(got, want); diff != "" {
					t.Fatalf("killed at save %d of %d: %s", stop, whole.saves, diff)
				}
				for stream, snaps := range whole.snaps {
					for i, snap := range snaps {
						if !bytes.Equal(part.snaps[stream][i], snap) {
							t.Fatalf("killed at save %d: %s, snapshot %d differs", stop, stream, i)
						}
					}
				}
			}
			for stream, snaps := range whole.snaps {
				for i, snap := range snaps {
					next, ok := snaps[i+1]
					if !ok {
						continue
					}
					_, _, cfg := problem(t)
					got := must[[]byte](t)(Rerun(context.Background(), ref, target, cfg, stream, snap))
					if !bytes.Equal(got, next) {
						t.Errorf("%s: stage %d run again differs", stream, i+1)
					}
				}
			}
		})
	}
}

// sparse keeps snapshots of a pilot that may skip stages.
type sparse struct {
	mu    sync.Mutex
	snaps map[string]map[int][]byte
	saves int
	stop  int
}

func (s *sparse) save(stream string, index int, snap []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.saves++; s.saves == s.stop {
		return errKilled
	}
	if s.snaps[stream] == nil {
		s.snaps[stream] = map[int][]byte{}
	}
	s.snaps[stream][index] = snap
	return nil
}

func (s *sparse) load(stream string) (int, []byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := -1
	for i := range s.snaps[stream] {
		last = max(last, i)
	}
	return last, s.snaps[stream][last], last >= 0
}

// TestTransportWithAnyWorkers gives the same bytes.
func TestTransportWithAnyWorkers(t *testing.T) {
	var want *Result
	for _, workers := range []int{1, 2, 3, 7} {
		ref, target, cfg := transported(t)
		got := must[*Result](t)(Run(context.Background(), ref, target, cfg, Hooks{Workers: workers}))
		if want == nil {
			want = got
		}
		if diff := sameResult(got, want); diff != "" {
			t.Errorf("%d workers: %s", workers, diff)
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
