package mcmc

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/sampan-mc/sampan/targets"
)

// halfLine is a standard normal on x > −1, of which points in (1, 1.5) cannot be evaluated, with a gradient that is bad
// in (0.5, 0.6).
func halfLine() targets.Density {
	return targets.Func("half-line", targets.Reals("x", 1), func(x, g []float64) float64 {
		if g != nil {
			g[0] = -x[0]
			if x[0] > 0.5 && x[0] < 0.6 {
				g[0] = math.NaN()
			}
		}
		switch {
		case x[0] <= -1:
			return math.Inf(-1)
		case x[0] > 1 && x[0] < 1.5:
			return math.NaN()
		}
		return -x[0] * x[0] / 2
	})
}

// TestBadPoints: −Inf proposals are rejected, NaN ones are rejected, counted and located, dead rows stay where they are,
// and no row ever ends at a bad point.
func TestBadPoints(t *testing.T) {
	for _, k := range []Kernel{{Kind: RWM}, {Kind: MALA}, {Kind: HMC, Leapfrogs: 5}} {
		f := Plain(halfLine())
		x := make([]float64, 400)
		for i := range x {
			x[i] = -0.9 + float64(i%4)*0.4
		}
		x[7], x[8] = -3, 1.2 // dead: outside, and not a number
		s := start(t, f, x, false, k.Kind.NeedsGradient())
		tally := &Tally{}
		m := NewMover(k, len(x), 1, false, tally)
		tn := Tuning{Step: 0.7, Scale: []float64{1}}
		st := NewStreams(1, "test", 0)
		tried := 0
		for i := range 20 {
			stats, err := m.Move(context.Background(), f, 1, &tn, s, &st, uint32(i), 0)
			if err != nil {
				t.Fatal(err)
			}
			tried = stats.Tried
		}
		if tried != len(x)-2 {
			t.Errorf("%v: %d rows tried, want %d", k.Kind, tried, len(x)-2)
		}
		if s.X[7] != -3 || s.X[8] != 1.2 {
			t.Errorf("%v: dead rows moved to %v and %v", k.Kind, s.X[7], s.X[8])
		}
		moved := 0
		for i, v := range s.X {
			if i == 7 || i == 8 {
				continue
			}
			if v <= -1 || (v > 1 && v < 1.5) || (k.Kind != RWM && v > 0.5 && v < 0.6) {
				t.Errorf("%v: row %d ended at the bad point %v", k.Kind, i, v)
			}
			if v != x[i] {
				moved++
			}
		}
		if moved < 350 {
			t.Errorf("%v: only %d of 398 rows moved", k.Kind, moved)
		}
		if tally.Numerical == 0 || len(tally.FirstBad) != 1 {
			t.Errorf("%v: %d bad points counted, first %v", k.Kind, tally.Numerical, tally.FirstBad)
		}
		if k.Kind != RWM && tally.GradBad == 0 {
			t.Errorf("%v: no bad gradient was counted", k.Kind)
		}
		text := ""
		for _, f := range tally.Findings() {
			text += f.Code + " "
		}
		if !strings.Contains(text, "numerical") {
			t.Errorf("%v: findings %q do not tell of it", k.Kind, text)
		}
	}
}

// TestLogAtTheEnds: an end with no part in γ_β is not looked at.
func TestLogAtTheEnds(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct{ beta, ref, target, want float64 }{
		{0, -2, -inf, -2}, {0, -2, nan, -2}, {1, -inf, -3, -3}, {1, nan, -3, -3},
		{0.5, -inf, -3, -inf}, {0.5, -2, -inf, -inf}, {0.5, -inf, -inf, -inf}, {0.25, -2, -6, -3},
	} {
		if got := Log(c.beta, c.ref, c.target); got != c.want {
			t.Errorf("Log(%v, %v, %v) = %v, want %v", c.beta, c.ref, c.target, got, c.want)
		}
	}
}

// TestMoveDoesNotAllocate covers every kernel, with and without a reference.
func TestMoveDoesNotAllocate(t *testing.T) {
	for _, k := range []Kernel{{Kind: RWM}, {Kind: MALA}, {Kind: HMC, Leapfrogs: 4, Jitter: 0.5}} {
		for _, ref := range []bool{false, true} {
			const n, d = 64, 2
			beta, factor := 1.0, []float64{1, 0.5, 1}
			if ref {
				beta, factor = 0.5, nil
			}
			m, s := NewMover(k, n, d, ref, &Tally{}), NewState(n, d, ref, k.Kind.NeedsGradient())
			tn, st := FirstTuning(k.Kind, d), NewStreams(1, "test", 0)
			tn.Factor = factor
			var f Density = flat{d}
			stage := uint32(0)
			allocs := testing.AllocsPerRun(20, func() {
				if _, err := m.Move(context.Background(), f, beta, &tn, s, &st, stage, 0); err != nil {
					t.Fatal(err)
				}
				stage++
			})
			if allocs != 0 {
				t.Errorf("%v, reference %v: %v allocations a move", k.Kind, ref, allocs)
			}
		}
	}
}

func TestKernelNames(t *testing.T) {
	for _, k := range []Kind{RWM, MALA, HMC} {
		if got, err := ParseKind(k.String()); err != nil || got != k {
			t.Errorf("ParseKind(%q) = %v, %v", k.String(), got, err)
		}
	}
	if _, err := ParseKind("nutz"); err == nil || !strings.Contains(err.Error(), "rwm, mala, hmc") {
		t.Errorf("ParseKind of a wrong name: %v", err)
	}
}

func TestJitterCoversItsRange(t *testing.T) {
	k := Kernel{Kind: HMC, Leapfrogs: 8, Jitter: 0.5}
	st := NewStreams(1, "test", 0)
	seen := map[int]int{}
	for i := range 9000 {
		seen[k.steps(st.Length, 0, uint32(i), 0)]++
	}
	for l := 4; l <= 12; l++ {
		// 1000 expected, standard deviation 30
		if seen[l] < 850 || seen[l] > 1150 {
			t.Errorf("%d steps %d times of 9000, 1000 expected", l, seen[l])
		}
	}
	if len(seen) != 9 {
		t.Errorf("lengths %v, want 4 to 12", seen)
	}
}
