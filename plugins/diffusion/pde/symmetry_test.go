package pde

import (
	"math"
	"strings"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn/learntest"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/vec/tile"
)

// TestEven: nets that are even give the same V at x and −x, and a drift that is odd with an even divergence, to the bit; random
// ones do not.
func TestEven(t *testing.T) {
	for _, name := range []string{LogCE, OT} {
		for _, symmetry := range []string{even, anyhow} {
			served, f := random(t, small(name, func(o *Options) { o.Steps, o.Symmetry = 8, symmetry }), wells(t, 2))
			p := served.(flowing).path
			if err := p.SetCuts(4); err != nil {
				t.Fatal(err)
			}
			y, _ := starts(learn.Lanes, 2)
			back := make([]float64, len(y))
			for i, v := range y {
				back[i] = -v
			}
			v, v2 := learntest.LogDensity(t, wells(t, 2), f, y), learntest.LogDensity(t, wells(t, 2), f, back)
			for _, err := range []error{p.LogOwn(t.Context(), 2, y, v, nil), p.LogOwn(t.Context(), 2, back, v2, nil)} {
				if err != nil {
					t.Fatal(err)
				}
			}
			drift := newDrift(p)
			at := func(y []float64) (tile.Tile[float32], []float32) {
				x, m, div := tile.New[float32](2, learn.Lanes), tile.New[float32](2, learn.Lanes), make([]float32, learn.Lanes)
				tile.Pack64(x, y)
				drift.At(.4, x, m, div)
				return m, div
			}
			m, div := at(y)
			m2, div2 := at(back)
			same := true
			for j := range learn.Lanes {
				same = same && math.Abs(v[j]-v2[j]) < 1e-9*(1+math.Abs(v[j])) && div[j] == div2[j] && m.Row(0)[j] == -m2.Row(0)[j] && m.Row(1)[j] == -m2.Row(1)[j]
			}
			if same != (symmetry == even) {
				t.Errorf("%s, symmetry %s: even %v", name, symmetry, same)
			}
		}
	}
}

// TestUneven: a target that is not even is told of, by a message that names the key.
func TestUneven(t *testing.T) {
	d := learntest.Target(t, "mixture", lopsided)
	l := learn.New(small(LogCE, func(o *Options) { o.Symmetry = even }), problem(d, 1))
	_, err := l.Train(t.Context(), &smc.Training{Pilot: pilotOf(t, d)})
	if err == nil || !strings.Contains(err.Error(), `symmetry: "even" found`) {
		t.Errorf("got %v", err)
	}
}
