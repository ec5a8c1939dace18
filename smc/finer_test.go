package smc

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/sampan-mc/sampan/smc/mcmc"
	"github.com/sampan-mc/sampan/targets"
)

// funnel is Neal's, v ~ N(0, 2²), four more coordinates ~ N(0, eᵛ), with a reference and a configuration.
func funnel(t *testing.T) (Reference, targets.Density, Config) {
	t.Helper()
	cfg := Defaults()
	cfg.Seed, cfg.Particles = 1, 2048
	return newNormal(t, 5, 0, 3), must[targets.Density](t)(targets.New("funnel", map[string]any{"dim": 5, "scale": 2}, "")), cfg
}

// neckOff is by how many standard errors the share of v below its first decile is off among the points x, n×5 with log weights
// lw, or nil. 2048 particles, of which many are relatives, are taken to be worth 1000 draws.
func neckOff(n int, x, lw []float64) float64 {
	const share, decile, worth = 0.1, -1.28155 * 2, 1000
	in, all := 0.0, 0.0
	for i := range n {
		w := 1.0
		if lw != nil {
			w = math.Exp(lw[i])
		}
		all += w
		if x[i*5] < decile {
			in += w
		}
	}
	return (in/all - share) / math.Sqrt(share*(1-share)/worth)
}

// TestFiner: a population that follows its moves by finer ones, where they are hopeless, has the neck of a funnel at its end, to
// 4.9 standard errors, once in 10⁶ by chance; one that does not lacks it.
func TestFiner(t *testing.T) {
	ref, target, cfg := funnel(t)
	end := func(coarse bool) float64 {
		pop := must[*run](t)(newRun(ref, target, cfg)).newPilot(0)
		pop.coarse = coarse
		if err := pop.begin(context.Background()); err != nil {
			t.Fatal(err)
		}
		for !pop.done() {
			if err := pop.advance(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		return neckOff(pop.p.N, pop.p.X, pop.p.LogW)
	}
	if z := end(false); math.Abs(z) > zAlarm {
		t.Errorf("the neck's share is %.1f standard errors off", z)
	}
	if z := end(true); z > -zAlarm {
		t.Errorf("without finer moves the neck's share is only %.1f standard errors off", z)
	}
}

// TestFinerIsPlanned: islands make the finer moves of their plan whatever becomes of their own, and none where every proposal is
// reasonable.
func TestFinerIsPlanned(t *testing.T) {
	ref, target, cfg := funnel(t)
	cfg.Particles, cfg.Islands = 256, 2
	res := must[*Result](t)(Run(context.Background(), ref, target, cfg, Hooks{}))
	moves := int64(0) // in gradients a particle
	for _, s := range res.Plan.Stages {
		for level := range s.Finer + 1 {
			moves += int64(s.Moves) << level
		}
	}
	if !slices.ContainsFunc(res.Findings, func(f mcmc.Finding) bool { return f.Code == "narrow-places" }) {
		t.Errorf("no word of narrow places: %v", res.Findings)
	}
	gradients := moves * int64(cfg.Particles) * int64(cfg.Move.Kernel.Leapfrogs)
	for i := range res.Islands {
		tally := res.Islands[i].Reports[len(res.Islands[i].Reports)-1].Tally
		if got := float64(tally.Gradient) / float64(gradients); math.Abs(got-1) > 0.2 { // their lengths are random by as much
			t.Errorf("island %d made %.2f of the planned steps", i, got)
		}
	}

	cfg.Particles = 1024 // so that a single proposal is no sign of anything
	res = must[*Result](t)(Run(context.Background(), newNormal(t, 20, 0, 3), bell(20, 1, 1), cfg, Hooks{}))
	for k, s := range res.Plan.Stages {
		if s.Finer > 0 {
			t.Errorf("a normal distribution: stage %d has %d levels of finer moves", k+1, s.Finer)
		}
	}
}
