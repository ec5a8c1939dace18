package scld

import (
	"math"
	"slices"
	"testing"

	"github.com/sampan-mc/sampan/vec/rng"
)

// TestDraw: of places with weights 1, 2, 3, 4 and nothing, two different ones are drawn, never nothing, always the same by
// the same key, and the first of two in proportion to the weights: χ² of 3 degrees of freedom, beyond 21.1 once in 10⁴.
func TestDraw(t *testing.T) {
	f := newBuffer(5, 1)
	for i := range 4 {
		f.logW[i] = float32(math.Log(float64(i + 1)))
	}
	key := rng.NewKey(1, "draw", 0)
	count := func(n int, pairs bool) (seen [5]float64) {
		for s := range n {
			if pairs {
				got := slices.Clone(f.draw(2, key, uint32(s), 0))
				if len(got) != 2 || got[0] == got[1] || !slices.Equal(got, f.draw(2, key, uint32(s), 0)) {
					t.Fatalf("drawn: %v", got)
				}
			}
			seen[f.draw(1, key, uint32(s), 0)[0]]++
		}
		return seen
	}
	const n = 20_000
	chi := func(seen [5]float64, want [4]float64) (x float64) {
		for i, w := range want {
			x += (seen[i] - n*w) * (seen[i] - n*w) / (n * w)
		}
		return x
	}
	seen := count(n, true)
	if seen[4] > 0 {
		t.Error("a place with nothing in it was drawn")
	}
	if x := chi(seen, [4]float64{.1, .2, .3, .4}); x > 21.1 {
		t.Errorf("χ² %.1f: %v", x, seen)
	}
	// The wrong twin: weights forgotten.
	for i := range 4 {
		f.logW[i] = 0
	}
	if x := chi(count(n, false), [4]float64{.1, .2, .3, .4}); x < 1000 {
		t.Errorf("χ² %.1f without the weights", x)
	}
	if got := f.draw(9, key, 0, 0); len(got) != 4 {
		t.Errorf("%d of 4 paths drawn", len(got))
	}
}

// TestKeptPaths: a path that was kept comes back with the same bits and the same gain; one whose gain is not finite leaves
// its place as it was.
func TestKeptPaths(t *testing.T) {
	tr := ready(t, small(t, nil), wells(t))
	if err := tr.system.simulate(tr.params, 0); err != nil {
		t.Fatal(err)
	}
	b := tr.system.blocks[1]
	f := newBuffer(192, pathWidth(b.K(), b.Dim))
	b.gain[3] = math.NaN()
	f.push(b, 100)
	if !math.IsInf(float64(f.logW[103]), -1) || math.IsInf(float64(f.logW[(100+127)%192]), -1) {
		t.Fatal("places kept")
	}
	gain := slices.Clone(b.gain)
	was := slices.Clone(b.State(1, 2).Row(1))
	for i := range 64 { // the other way round, into the other tile
		f.load(int32((100+i)%192), b, 127-i)
		f.load(int32((164+i)%192), b, 63-i)
	}
	now := b.State(0, 2).Row(1)
	for j := range was {
		if now[63-j] != was[j] {
			t.Fatal("a state changed")
		}
	}
	b.Replay(tr.params)
	b.weigh()
	for i, g := range b.gain {
		if i != 124 && math.Abs(g-gain[127-i]) > 1e-3 {
			t.Fatalf("path %d gains %v, replayed %v", 127-i, gain[127-i], g)
		}
	}
}
