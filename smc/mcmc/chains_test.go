package mcmc

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sampan-mc/sampan/targets"
)

func TestWindowsAreStans(t *testing.T) {
	for _, c := range []struct {
		warmup, start int
		ends          []int
	}{
		{1000, 75, []int{99, 149, 249, 449, 949}},
		{500, 75, []int{99, 149, 249, 449}},
		{100, 15, []int{89}},
		{20, 3, []int{17}},
		{19, 19, nil},
		{0, 0, nil},
	} {
		start, ends := windows(c.warmup)
		if start != c.start || !slices.Equal(ends, c.ends) {
			t.Errorf("windows(%d) = %d, %v, want %d, %v", c.warmup, start, ends, c.start, c.ends)
		}
	}
}

// TestDualAveragingFindsTheStep uses a noiseless acceptance 1/(1+ε²), which is 0.8 at ε = ½.
func TestDualAveragingFindsTheStep(t *testing.T) {
	a := DualAveraging{Target: 0.8}
	a.Restart(10)
	for range 500 {
		e := a.Step()
		a.Update(1 / (1 + e*e))
	}
	if got := a.Averaged(); math.Abs(got-0.5) > 0.02 {
		t.Errorf("step %v, want 0.5", got)
	}
}

func smallChains(k Kind) Config {
	c := Defaults(k)
	c.Seed, c.Chains, c.Warmup, c.Draws, c.Thin, c.Block = 11, 8, 150, 60, 2, 25
	return c
}

// TestChainsSampleTheTarget: long chains on a badly scaled skewed target have the right mean and the acceptance aimed
// at. The mean's standard error is taken from the scatter of 32 independent chains, so its t statistic has 31 degrees
// of freedom; 6.1 is the two-sided quantile of the false-alarm rate.
func TestChainsSampleTheTarget(t *testing.T) {
	const scale = 20.0
	inner := gumbel(2)
	f := targets.Func("scaled", targets.Reals("x", 2), func(x, g []float64) float64 {
		y := []float64{x[0], x[1] / scale}
		b := targets.NewBatch(1, 2, targets.LogP|targets.Grad)
		copy(b.X, y)
		if err := inner.Eval(context.Background(), b); err != nil {
			t.Error(err)
		}
		if g != nil {
			g[0], g[1] = b.Grad[0], b.Grad[1]/scale
		}
		return b.LogP[0]
	})
	const mean = 0.4227843350984671 // digamma(2)
	for _, k := range []Kind{RWM, MALA, HMC} {
		cfg := Defaults(k)
		cfg.Seed, cfg.Chains, cfg.Warmup, cfg.Draws = 5, 32, 400, 200
		res, err := Run(context.Background(), f, cfg, Hooks{})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := res.Acceptance, k.TargetAccept(); math.Abs(got-want) > 0.08 {
			t.Errorf("%v: acceptance %.3f, aimed at %.3f", k, got, want)
		}
		if r := res.Tuning.Scale[1] / res.Tuning.Scale[0]; r < 14 || r > 28 {
			t.Errorf("%v: scales %v, want a ratio of about %v", k, res.Tuning.Scale, scale)
		}
		for j, want := range []float64{mean, mean * scale} {
			var m, sq float64
			for c := range cfg.Chains {
				s := 0.0
				for i := range cfg.Draws {
					s += res.X[(i*cfg.Chains+c)*2+j]
				}
				s /= float64(cfg.Draws)
				m += s
				sq += s * s
			}
			n := float64(cfg.Chains)
			m /= n
			se := math.Sqrt((sq/n - m*m) / (n - 1))
			if z := (m - want) / se; math.Abs(z) > 6.1 {
				t.Errorf("%v: mean of coordinate %d is %v ± %v, want %v (t = %.1f)", k, j, m, se, want, z)
			}
		}
	}
}

var errStopped = errors.New("stopped")

// TestChainsResume stops a run after every block and takes it up again: the result and all snapshots are the same bytes.
func TestChainsResume(t *testing.T) {
	for _, k := range []Kind{RWM, MALA, HMC} {
		f := gumbel(3)
		cfg := smallChains(k)
		var snaps [][]byte
		var blocks []*Block
		want, err := Run(context.Background(), f, cfg, Hooks{Save: func(s []byte, b *Block) error {
			snaps, blocks = append(snaps, s), append(blocks, b)
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		if len(snaps) < 10 {
			t.Fatalf("%d snapshots", len(snaps))
		}
		for stop := range snaps {
			at := stop
			got, err := Run(context.Background(), f, cfg, Hooks{
				Load: func() ([]byte, []*Block, bool) { return snaps[stop], blocks[:stop+1], true },
				Save: func(s []byte, b *Block) error {
					at++
					if !slices.Equal(s, snaps[at]) || !reflect.DeepEqual(b, blocks[at]) {
						t.Errorf("%v: resumed after block %d, block %d differs", k, stop, at)
					}
					return nil
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%v: resumed after block %d, the result differs", k, stop)
			}
		}
		_, err = Run(context.Background(), f, cfg, Hooks{Save: func([]byte, *Block) error { return errStopped }})
		if !errors.Is(err, errStopped) {
			t.Errorf("%v: an error of Save ended in %v", k, err)
		}
		cfg.Seed++
		_, err = Run(context.Background(), f, cfg, Hooks{Load: func() ([]byte, []*Block, bool) { return snaps[0], blocks[:1], true }})
		if err == nil || !strings.Contains(err.Error(), "another configuration") {
			t.Errorf("%v: a foreign snapshot was taken up: %v", k, err)
		}
	}
}

// TestChainsDoNotDependOnChunks: a batch evaluated in chunks of 3 by 1, 2, 3 or 7 workers gives the same bytes.
func TestChainsDoNotDependOnChunks(t *testing.T) {
	var want *Result
	for _, workers := range []int{1, 2, 3, 7} {
		got, err := Run(context.Background(), targets.Chunked(gumbel(2), 3, workers), smallChains(HMC), Hooks{})
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%d workers give another result", workers)
		}
	}
}

func TestChainsCannotStart(t *testing.T) {
	nowhere := targets.Func("nowhere", targets.Reals("x", 1), func(_, g []float64) float64 { clear(g); return math.Inf(-1) })
	if _, err := Run(context.Background(), nowhere, smallChains(HMC), Hooks{}); err == nil || !strings.Contains(err.Error(), "chain 0 cannot start") {
		t.Errorf("a target without support: %v", err)
	}
	noGrad := targets.FuncNoGrad("plain", targets.Reals("x", 1), func(x []float64) float64 { return -x[0] * x[0] })
	if _, err := Run(context.Background(), noGrad, smallChains(HMC), Hooks{}); err == nil || !strings.Contains(err.Error(), "use rwm") {
		t.Errorf("hmc without a gradient: %v", err)
	}
	if _, err := Run(context.Background(), noGrad, smallChains(RWM), Hooks{}); err != nil {
		t.Errorf("rwm without a gradient: %v", err)
	}
	flatTarget := targets.Func("flat", targets.Reals("x", 1), func(_, g []float64) float64 { clear(g); return 0 })
	if _, err := Run(context.Background(), flatTarget, smallChains(HMC), Hooks{}); err == nil || !strings.Contains(err.Error(), "flat") {
		t.Errorf("a flat target: %v", err)
	}
}

func TestConfigFaultsComeTogether(t *testing.T) {
	c := Config{Kernel: Kernel{Kind: HMC}, Accept: 2, Step: -1, Init: []float64{1}}
	err := c.Validate(2)
	for _, want := range []string{"chains: 0", "draws: 0", "thin: 0", "block: 0", "leapfrogs: 0", "accept: 2", "step: -1", "init: 1"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("faults %q do not mention %q", err, want)
		}
	}
	for _, k := range []Kind{RWM, MALA, HMC} {
		c := Defaults(k)
		if err := c.Validate(3); err != nil {
			t.Errorf("defaults of %v: %v", k, err)
		}
	}
}

func ExampleRun() {
	// A banana: x₀ ~ N(0, 1), x₁ | x₀ ~ N(x₀², ½²).
	banana := targets.Func("banana", targets.Reals("x", 2), func(x, grad []float64) float64 {
		r := (x[1] - x[0]*x[0]) / 0.25
		if grad != nil {
			grad[0], grad[1] = -x[0]+2*x[0]*r, -r
		}
		return -x[0]*x[0]/2 - r*r*0.25/2
	})
	cfg := Defaults(HMC)
	cfg.Seed = 1
	res, err := Run(context.Background(), banana, cfg, Hooks{})
	if err != nil {
		fmt.Println(err)
		return
	}
	mean := 0.0 // E x₁ = E x₀² = 1
	for i := range res.N * res.Chains {
		mean += res.X[2*i+1] / float64(res.N*res.Chains)
	}
	fmt.Printf("%d chains of %d draws, mean of x[1] near 1: %v\n", res.Chains, res.N, math.Abs(mean-1) < 0.1)
	// Output: 16 chains of 1000 draws, mean of x[1] near 1: true
}
