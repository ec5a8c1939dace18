package smc

import (
	"context"
	"math"
	"testing"

	"github.com/sampan-mc/sampan/targets"
)

// TestSettle: a pilot fills the neck of Neal's funnel, v ~ N(0, 2²), x ~ N(0, eᵛ), below the first decile of v, where without
// settling hardly a particle comes to be. 2048 particles, of which many are relatives until they settle, are taken to be worth
// 1000 draws: the share is off by more than 4.9 standard errors of these once in 10⁶.
func TestSettle(t *testing.T) {
	const part, decile, worth = 0.1, -1.28155 * 2, 1000
	ctx := context.Background()
	target := must[targets.Density](t)(targets.New("funnel", map[string]any{"dim": 5, "scale": 2}, ""))
	cfg := Defaults()
	cfg.Seed, cfg.Particles = 1, 2048
	off := func(l *Level) float64 {
		in, all := 0.0, 0.0
		for i := range l.N {
			w := 1.0
			if l.LogW != nil {
				w = math.Exp(l.LogW[i])
			}
			all += w
			if l.X[i*l.D] < decile {
				in += w
			}
		}
		return math.Abs(in/all-part) / math.Sqrt(part*(1-part)/worth)
	}
	ref := newNormal(t, 5, 0, 3)
	tempered := must[*Tempered](t)(Pilot(ctx, ref, target, cfg, 0, Hooks{}))
	if z := off(&tempered.Levels[len(tempered.Levels)-1]); z > zAlarm {
		t.Errorf("the neck's share is %.1f standard errors off", z)
	}

	wrong := must[*tempering](t)(newTempering(ref, target, cfg, Hooks{}))
	if err := wrong.begin(ctx); err != nil {
		t.Fatal(err)
	}
	for !wrong.done() {
		if err := wrong.population.advance(ctx); err != nil { // which does not settle
			t.Fatal(err)
		}
	}
	if err := wrong.keep(); err != nil {
		t.Fatal(err)
	}
	if z := off(&wrong.levels[0]); z < zAlarm {
		t.Errorf("without settling the neck's share is only %.1f standard errors off", z)
	}
}
