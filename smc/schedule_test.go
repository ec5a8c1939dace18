package smc

import (
	"context"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/sampan-mc/sampan/smc/diag"
	"github.com/sampan-mc/sampan/smc/mcmc"
	"github.com/sampan-mc/sampan/targets"
)

type number float64

func (n *number) UnmarshalJSON(b []byte) error {
	switch s := strings.Trim(string(b), `"`); s {
	case "-Infinity":
		*n = number(math.Inf(-1))
		return nil
	case "Infinity":
		*n = number(math.Inf(1))
		return nil
	}
	var f float64
	err := json.Unmarshal(b, &f)
	*n = number(f)
	return err
}

func numbers(v []number) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	return out
}

// TestBisection asks for the conditional effective sample size that the reference values give for a step, and must find
// that step.
func TestBisection(t *testing.T) {
	var file struct {
		Cases []struct {
			LogWeight []number `json:"log_weight"`
			LogRatio  []number `json:"log_ratio"`
			Delta     float64
			CESS      float64
		}
	}
	loadJSON(t, "weights.json.gz", &file)
	checked := 0
	for i, c := range file.Cases {
		logW, ratio := numbers(c.LogWeight), numbers(c.LogRatio)
		n := float64(len(logW))
		lost := false
		for j := range ratio { // a step of half the size has β = ½ in reach
			lost = lost || math.IsInf(ratio[j], -1)
			ratio[j] *= 2
		}
		if lost || c.CESS/n > 0.9999999 {
			continue // the fraction is of the survivors; or there is next to nothing to bisect on
		}
		checked++
		s := Schedule{CESS: c.CESS / n, MaxStages: 1}
		got, err := s.next(0, 1, logW, ratio, make([]float64, len(logW)), diag.CESS)
		if err != nil {
			t.Errorf("case %d: %v", i, err)
			continue
		}
		// The CESS pins the step down to its own rounding error over its slope.
		back := diag.CESS(logW, ratio, got)
		if want := c.Delta / 2; math.Abs(got-want) > 1e-6*want && math.Abs(back-c.CESS) > 1e-9*n {
			t.Errorf("case %d: step %v with CESS %v, want %v with %v", i, got, back, want, c.CESS)
		}
	}
	if checked < 6 {
		t.Errorf("only %d cases checked", checked)
	}
}

// worstCESS is the largest distance of the stages' conditional effective sample sizes from the one aimed at, but for the
// last stage, which may keep more.
func worstCESS(t *testing.T, wrong cessFunc) float64 {
	t.Helper()
	cfg := Defaults()
	cfg.Seed, cfg.Particles, cfg.OnTheFly, cfg.Islands = 2, 512, true, 1
	r := must[*run](t)(newRun(newNormal(t, 3, 0, 3), logGamma(3), cfg))
	if wrong != nil {
		r.cess = wrong
	}
	pops := must[[]*population](t)(r.islands(context.Background(), nil))
	worst := 0.0
	reports := pops[0].reports
	for _, rep := range reports[:len(reports)-1] {
		worst = max(worst, math.Abs(rep.CESS-cfg.Schedule.CESS))
	}
	if last := reports[len(reports)-1]; last.Beta != 1 {
		t.Errorf("the last β is %v", last.Beta)
	}
	return worst
}

// TestScheduleKeepsTheCESS, and a CESS that takes the step in the wrong direction does not: the target is skewed, so the
// sign matters.
func TestScheduleKeepsTheCESS(t *testing.T) {
	if off := worstCESS(t, nil); off > 1e-6 {
		t.Errorf("CESS off by %v", off)
	}
	wrong := func(logW, logRatio []float64, delta float64) float64 { return diag.CESS(logW, logRatio, -delta) }
	if off := worstCESS(t, wrong); off < 1e-3 {
		t.Errorf("a CESS of the wrong sign passes: off by %v", off)
	}
}

func TestScheduleSurvivesDeadParticles(t *testing.T) {
	inf := math.Inf(-1)
	logW := []float64{0, 0, inf, 0, 0, 0}
	ratio := []float64{inf, 1, 5, 2, inf, 4}
	s := Schedule{CESS: 0.9, MaxStages: 1}
	got, err := s.next(0, 1, logW, ratio, make([]float64, 6), diag.CESS)
	if err != nil || !(got > 0 && got < 1) {
		t.Fatalf("next = %v, %v", got, err)
	}
	alone := Schedule{CESS: 0.99, MaxStages: 1}
	if got, err := alone.next(0.5, 1, []float64{0, 0}, []float64{inf, 3}, make([]float64, 2), diag.CESS); got != 1 || err != nil {
		t.Errorf("one survivor: next = %v, %v, want 1", got, err)
	}
}

// TestStuckScheduleSaysWhy: a target so far from the reference that no step is small enough.
func TestStuckScheduleSaysWhy(t *testing.T) {
	cliff := targets.Func("cliff", targets.Reals("x", 1), func(x, g []float64) float64 {
		clear(g)
		return -1e15 * math.Abs(x[0])
	})
	cfg := Defaults()
	cfg.Particles = 100
	_, err := Run(context.Background(), newNormal(t, 1, 0, 1), cliff, cfg, Hooks{})
	for _, want := range []string{"pilot, stage 0", "stuck at β = 0", "choose a reference nearer"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
	nowhere := targets.Func("nowhere", targets.Reals("x", 1), func(x, g []float64) float64 { clear(g); return math.Inf(-1) })
	if _, err := Run(context.Background(), newNormal(t, 1, 0, 1), nowhere, cfg, Hooks{}); err == nil || !strings.Contains(err.Error(), "no particle is left") {
		t.Errorf("a target without support: %v", err)
	}
	cfg.Schedule.MaxStages = 2
	if _, err := Run(context.Background(), newNormal(t, 5, 0, 1), bell(5, 9, 0.1), cfg, Hooks{}); err == nil || !strings.Contains(err.Error(), "after 2 stages") {
		t.Errorf("too few stages: %v", err)
	}
}

func TestConfigFaultsComeTogether(t *testing.T) {
	c := Config{Threshold: 2, Resampler: 9, Schedule: Schedule{Betas: []float64{0.5, 0.4, 1}}}
	err := c.Validate()
	for _, want := range []string{"particles: 0", "islands: 0", "threshold: 2", "resampling: resampler 9", "betas: 0.4 after 0.5", "move steps: 0"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("faults %q do not mention %q", err, want)
		}
	}
	for _, k := range []mcmc.Kind{mcmc.RWM, mcmc.MALA, mcmc.HMC} {
		for _, c := range []Config{Defaults(), AISDefaults()} {
			c.Move = DefaultMove(k)
			if err := c.Validate(); err != nil {
				t.Errorf("defaults with %v: %v", k, err)
			}
		}
	}
	noGrad := targets.FuncNoGrad("plain", targets.Reals("x", 1), func(x []float64) float64 { return -x[0] * x[0] })
	if _, err := Run(context.Background(), newNormal(t, 1, 0, 1), noGrad, Defaults(), Hooks{}); err == nil || !strings.Contains(err.Error(), "use rwm") {
		t.Errorf("hmc without a gradient: %v", err)
	}
	if _, err := Run(context.Background(), newNormal(t, 2, 0, 1), noGrad, plain(10, 1, nil), Hooks{}); err == nil || !strings.Contains(err.Error(), "dimension 2") {
		t.Errorf("a reference of another dimension: %v", err)
	}
}
