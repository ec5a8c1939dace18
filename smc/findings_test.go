package smc

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/sampan-mc/sampan/smc/mcmc"
)

// TestFewParticles: a population of two is told that it says nothing; one of hundreds is not.
func TestFewParticles(t *testing.T) {
	for _, n := range []int{2, 19, 200} {
		cfg := Defaults()
		cfg.Seed, cfg.Particles, cfg.Islands = 1, n, 2
		res := must[*Result](t)(Run(context.Background(), newNormal(t, 1, 0, 1), bell(1, 1, 1), cfg, Hooks{}))
		at := slices.IndexFunc(res.Findings, func(f mcmc.Finding) bool { return f.Code == "few-particles" })
		if (at >= 0) != (n < 20) || at >= 0 && !strings.Contains(res.Findings[at].Text, "too few to say anything") {
			t.Errorf("%d particles: findings %v", n, res.Findings)
		}
	}
}
