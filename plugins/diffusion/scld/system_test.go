package scld

import (
	"bytes"
	"context"
	"math"
	"slices"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn/learntest"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/smc/mcmc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// product is exp(c) N(m, s²) in each coordinate.
type product struct{ m, s float64 }

func (g product) Eval(_ int, logp []float64, score, x tile.Tile[float32]) {
	for j := range logp {
		logp[j] = 0
		for i := range x.Rows {
			r := (float64(x.Row(i)[j]) - g.m) / g.s
			logp[j] -= r * r / 2
			score.Row(i)[j] = float32(-r / g.s)
		}
	}
}
func (product) HVP(int, tile.Tile[float32], tile.Tile[float32], tile.Tile[float32]) {}
func (product) Err() error                                                          { return nil }

// TestMovesKeepGamma: exact draws of γ_β, itself a normal distribution, moved with long steps that are refused in part,
// keep mean and variance: 4 standard errors of n = 16,384 draws, once in 10⁴. The wrong twin takes every move.
func TestMovesKeepGamma(t *testing.T) {
	const m, s, beta, tiles, p = 2.0, 0.5, 0.4, 256, 64
	v := 1 / ((1 - beta) + beta/(s*s))
	mean := v * beta * m / (s * s)
	run := func(always bool) (z1, z2, accepted float64) {
		h := newHamiltonian(product{m, s}, 1, 1, p, 1)
		key := rng.NewKey(3, "moves", 0)
		x, raw, logp := tile.New[float32](1, p), tile.New[float32](1, p), make([]float64, p)
		one, two := 0.0, 0.0
		for t := range tiles {
			vec.Normals(x.Data, p, 1, p, key, uint32(t*p), 0, 0)
			for j := range x.Row(0) {
				x.Row(0)[j] = float32(mean + math.Sqrt(v)*float64(x.Row(0)[j]))
			}
			h.target.Eval(0, logp, raw, x)
			for i := range 5 {
				if always { // a start that nothing is worse than
					for j := range logp {
						logp[j] = -1e9
					}
				}
				accepted += h.move(0, x, raw, logp, beta, 1.7*math.Sqrt(v), draw{key, uint32(t * p), 1, uint32(i)}).Prob / (5 * tiles * p)
			}
			for _, y := range x.Row(0) {
				r := (float64(y) - mean) / math.Sqrt(v)
				one += r
				two += r*r - 1
			}
		}
		n := float64(tiles * p)
		return one / math.Sqrt(n), two / math.Sqrt(2*n), accepted
	}
	z1, z2, a := run(false)
	if math.Abs(z1) > 4 || math.Abs(z2) > 4 || a < .2 || a > .95 {
		t.Errorf("mean off by %.1f and variance by %.1f standard errors, acceptance %.2f", z1, z2, a)
	}
	if _, z2, _ := run(true); math.Abs(z2) < 10 {
		t.Errorf("taking every move, the variance is off by %.1f standard errors only", z2)
	}
}

// TestSchedule: levels get as many steps each, and both ends are exact.
func TestSchedule(t *testing.T) {
	p := schedule([]level{{0, 1, 1}, {.2, .25, .0625}, {1, .0625, .0625}}, 4)
	fine := []float64{1, .25, .0625, .0625, .0625}
	for i, want := range []float64{0, .1, .2, .6, 1} {
		if math.Abs(p.betas[i]-want) > 1e-12 || math.Abs(p.steps[i]-math.Pow(2, -float64(i))) > 1e-12 || math.Abs(p.fine[i]-fine[i]) > 1e-12 {
			t.Fatalf("%+v", p)
		}
	}
}

// TestResample: ancestors in proportion to their weights; χ² of 3 degrees of freedom, beyond 21.1 once in 10⁴.
func TestResample(t *testing.T) {
	const n = 20_000
	w, a, x := []float64{.1, 0, .3, .6}, make([]int32, n), 0.0
	resample(a, w, make([]float64, 4), rng.NewKey(4, "resample", 0), 0, 0)
	var seen [4]float64
	for _, i := range a {
		seen[i]++
	}
	for i, p := range w {
		if p > 0 {
			x += (seen[i] - n*p) * (seen[i] - n*p) / (n * p)
		}
	}
	if x > 21.1 || seen[1] > 0 {
		t.Errorf("χ² %.1f: %v", x, seen)
	}
}

// islands runs many small populations through the transport and returns how many standard errors the mean of their
// estimates of Z is from it.
func islands(t *testing.T, tr smc.Transport, target targets.Density) float64 {
	t.Helper()
	c := smc.Defaults()
	c.Seed, c.Particles, c.Islands, c.Transport, c.AsIs = 5, 32, 400, tr, true
	c.Move = smc.Move{Kernel: mcmc.Kernel{Kind: mcmc.HMC, Leapfrogs: 3}, Steps: 1, Step: .3}
	r, err := smc.Run(t.Context(), nil, target, c, smc.Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	known := target.Info().Known.LogZ
	mean, square := 0.0, 0.0
	for _, is := range r.Islands {
		z := math.Exp(is.LogZ - known)
		mean += z / float64(c.Islands)
		square += z * z / float64(c.Islands)
	}
	return (mean - 1) / math.Sqrt((square-mean*mean)/float64(c.Islands))
}

// shifted is a transport whose ratio is off by a tenth a segment: the wrong twin.
type shifted struct{ *learn.Learner }

func (s shifted) Segment(ctx context.Context, k int, in, out *smc.Particles, ratio []float64, status []targets.Status, key rng.Key) error {
	err := s.Learner.Segment(ctx, k, in, out, ratio, status, key)
	for i := range ratio {
		ratio[i] += .1
	}
	return err
}

// TestUnbiased: with resampling and moves at the cuts the mean of Ẑ is Z, untrained or trained by any loss, at the cuts of
// the training or at more; 4 standard errors, once in 10⁴ each.
func TestUnbiased(t *testing.T) {
	target := wells(t)
	for name, change := range map[string]func(*Options){
		"untrained":          func(o *Options) { o.TrainSteps = 1 },
		"log-variance":       nil,
		"trajectory-balance": func(o *Options) { o.Loss, o.Std = Balance, Fixed },
		"kl":                 func(o *Options) { o.Loss, o.Buffer = KL, None },
		"learned schedule":   func(o *Options) { o.Schedule = Learned },
	} {
		t.Run(name, func(t *testing.T) {
			l := trained(t, small(t, change), target, 1)
			if z := islands(t, l, target); math.Abs(z) > 4 {
				t.Errorf("the mean of Ẑ is %.1f standard errors off", z)
			}
			if name != "log-variance" {
				return
			}
			if z := islands(t, shifted{l}, target); z < 8 {
				t.Errorf("with wrong ratios the mean of Ẑ is %.1f standard errors off", z)
			}
			if err := l.SetCuts(16); err != nil {
				t.Fatal(err)
			}
			if z := islands(t, l, target); math.Abs(z) > 4 {
				t.Errorf("with 16 cuts the mean of Ẑ is %.1f standard errors off", z)
			}
		})
	}
}

// TestLearns: training leaves less of the log variance than there was, by each loss.
func TestLearns(t *testing.T) {
	target := wells(t)
	for name, change := range map[string]func(*Options){
		"log-variance": func(o *Options) {}, "no buffer": func(o *Options) { o.Buffer = None },
		"trajectory-balance": func(o *Options) { o.Loss = Balance }, "kl": func(o *Options) { o.Loss, o.Buffer = KL, None },
		"learned schedule": func(o *Options) { o.Schedule = Learned },
	} {
		spread := func(steps int) float64 {
			tr := ready(t, small(t, func(o *Options) { change(o); o.TrainSteps = 200 }), target)
			for i := range steps {
				if _, err := tr.step(t.Context(), i); err != nil {
					t.Fatal(err)
				}
			}
			if err := tr.system.simulate(tr.params, 1000); err != nil {
				t.Fatal(err)
			}
			sum := 0.0
			for _, b := range tr.system.blocks {
				_, mean := meanOf(b.gain)
				for _, g := range b.gain {
					sum += (g - float64(mean)) * (g - float64(mean)) / float64(len(b.gain))
				}
			}
			return sum
		}
		if before, after := spread(0), spread(200); !(after < .7*before) {
			t.Errorf("%s: variance of the blocks' gains %.3g before and %.3g after", name, before, after)
		}
	}
}

// TestSameBytes: whatever the number of workers, and after a resumption from any checkpoint.
func TestSameBytes(t *testing.T) {
	target := wells(t)
	for _, change := range []func(*Options){
		func(o *Options) { o.Schedule = Learned },
		func(o *Options) { o.Loss = Balance },
		func(o *Options) { o.Loss, o.Buffer = KL, None },
	} {
		plan := small(t, func(o *Options) { o.TrainSteps = 12; change(o) })
		want := learntest.Artefact(t, trained(t, plan, target, 1))
		for _, workers := range []int{2, 3} {
			if !bytes.Equal(learntest.Artefact(t, trained(t, plan, target, workers)), want) {
				t.Errorf("%s: %d workers make other bytes", plan.Loss, workers)
			}
		}
		for _, at := range []int{1, 7} {
			if !bytes.Equal(resumed(t, plan, target, at), want) {
				t.Errorf("%s: resumed from step %d there are other bytes", plan.Loss, at)
			}
		}
	}
}

// resumed stops a training after at steps and has another learner go on from there.
func resumed(t *testing.T, plan *Plan, target targets.Density, at int) []byte {
	t.Helper()
	var kept []byte
	asked := 0
	order := smc.Training{Key: rng.NewKey(2, "train", 0), Ask: func() (bool, bool) {
		asked++
		return asked == at+1, asked == at+1
	}, Checkpoint: func(b []byte) error { kept = slices.Clone(b); return nil }}
	if _, err := learn.New(plan, problem(target, 1)).Train(t.Context(), &order); err != nil {
		t.Fatal(err)
	}
	if kept == nil {
		t.Fatalf("no checkpoint after %d steps", at)
	}
	l := learn.New(plan, problem(target, 2))
	if _, err := l.Train(t.Context(), &smc.Training{Key: rng.NewKey(2, "train", 0), Resume: kept}); err != nil {
		t.Fatal(err)
	}
	return learntest.Artefact(t, l)
}

// TestNoAllocation: a step of training allocates next to nothing.
func TestNoAllocation(t *testing.T) {
	tr := ready(t, small(t, nil), wells(t))
	i := 0
	step := func() {
		if _, err := tr.step(t.Context(), i); err != nil {
			t.Fatal(err)
		}
		i++
	}
	step()
	if n := testing.AllocsPerRun(20, step); n > 0 {
		t.Errorf("%v allocations a step", n)
	}
}
