package smc

import (
	"context"
	"math"
	"testing"
)

// TestSettle: a pilot fills the neck of a funnel, to 4.9 standard errors, once in 10⁶ by chance; without settling hardly a
// particle comes to be there.
func TestSettle(t *testing.T) {
	ctx := context.Background()
	ref, target, cfg := funnel(t)
	off := func(l *Level) float64 { return neckOff(l.N, l.X, l.LogW) }
	tempered := must[*Tempered](t)(Pilot(ctx, ref, target, cfg, 0, Hooks{}))
	if tempered.Finer == 0 || tempered.Finer > 2*tempered.Tally.Gradient {
		t.Errorf("finer moves would have taken %d evaluations, the pilot took %d", tempered.Finer, tempered.Tally.Gradient)
	}
	if z := off(&tempered.Levels[len(tempered.Levels)-1]); math.Abs(z) > zAlarm {
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
	if z := off(&wrong.levels[0]); z > -zAlarm {
		t.Errorf("without settling the neck's share is only %.1f standard errors off", z)
	}
}
