package bench

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"
)

// machine is a processor whose speed changes: a clock, and work of so many cycles.
type machine struct {
	now   time.Duration
	cycle time.Duration
}

func (c *machine) clock() time.Duration { return c.now }

func (c *machine) take(cycles int) { c.now += time.Duration(cycles) * c.cycle }

// slowing is a yardstick of four operations a cycle on a machine that is slower in every round than in the one before.
func slowing(rounds int) (*machine, *meter, yardstick) {
	c := &machine{cycle: 100}
	m := &meter{ctx: context.Background(), rounds: rounds, budget: time.Hour, shown: func(float64) { c.cycle += 10 }}
	return c, m, yardstick{c.clock, c.clock, func() float64 { c.take(50000); return 200000 }}
}

// TestSpeedOfTheMachineCancels: what a slower clock does to work it does to the loop.
func TestSpeedOfTheMachineCancels(t *testing.T) {
	c, m, y := slowing(9)
	out, rates, err := m.measure(y, work{1, func() { c.take(60000) }}, work{1, func() { c.take(1000) }})
	if err != nil {
		t.Fatal(err)
	}
	for i, cycles := range []float64{60000, 1000} {
		if got := out[i].ops / 4; math.Abs(got/cycles-1) > 1e-9 {
			t.Errorf("work %d took %g cycles, want %g", i, got, cycles)
		}
		if want := cycles * 140; math.Abs(out[i].cpu/want-1) > 1e-9 || out[i].wall != out[i].cpu {
			t.Errorf("work %d took %g ns, %g of wall time; the median of the rounds is %g", i, out[i].cpu, out[i].wall, want)
		}
		if out[i].rounds != 9 || len(out[i].walls) != 9 {
			t.Errorf("work %d was timed %d times, want 9", i, out[i].rounds)
		}
	}
	if len(rates) != 27 {
		t.Errorf("the loop was timed %d times, want once before each round and once after each work", len(rates))
	}
	// The wrong twin: held against the speed at the start, work seems to take more cycles.
	if got := out[0].cpu * rates[0] / 4; got < 60000*1.3 {
		t.Errorf("against the first rate alone the work took %g cycles: the test would not notice", got)
	}
}

// TestBudget: long work is timed less often, but never less than a few times, and a cancelled measurement ends.
func TestBudget(t *testing.T) {
	c, m, y := slowing(15)
	m.budget = time.Second
	for _, want := range []struct{ cycles, rounds int }{{20e6, fewest}, {1.5e6, 6}, {1000, 15}} {
		c.cycle = 100
		out, _, err := m.measure(y, work{1, func() { c.take(want.cycles) }})
		if err != nil || out[0].rounds != want.rounds {
			t.Errorf("work of %d cycles was timed %d times, %v; want %d", want.cycles, out[0].rounds, err, want.rounds)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	m.ctx = ctx
	if _, _, err := m.measure(y, work{1, func() { c.take(100000); cancel() }}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled measurement ended with %v", err)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		x    []float64
		want float64
	}{{[]float64{3}, 3}, {[]float64{4, 1, 9}, 4}, {[]float64{4, 1, 9, 5}, 4.5}} {
		if got := median(c.x); got != c.want {
			t.Errorf("the median of %v is %g, want %g", c.x, got, c.want)
		}
	}
	if !math.IsNaN(median(nil)) {
		t.Error("no numbers have a median")
	}
}
