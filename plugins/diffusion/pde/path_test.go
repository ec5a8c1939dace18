package pde

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn/learntest"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/smc/mcmc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// TestWeights: whatever the nets, the mean weight is Z: of steps with noise, there, and back from exact draws its inverse is
// 1/Z; of the flow, and of flow and noise in turn, up to their steps. Of 28 checks at 4.5 standard errors one fails by
// chance once in 5,000 times. Half a unit that is missing in the log ratio they see.
func TestWeights(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long, in one goroutine")
	}
	d := wells(t, 1)
	logZ := d.Info().Known.LogZ
	for _, c := range []struct {
		name, train, path string
		shape             float64
	}{
		{LogCE, shortcut, learned, 2}, {LogCE, shortcut, geometric, 2}, {LogCE, shortcut, geometric, 4}, {LogFP, plain, learned, 2}, {OT, shortcut, learned, 2}, {SB, shortcut, learned, 2}, {Score, shortcut, learned, 2},
	} {
		for _, serve := range []string{SDE, ODE, Split} {
			if serve != SDE && (c.path == geometric || c.train == plain) || serve == ODE && (c.name == SB || c.name == Score) {
				continue // flows of random nets, which no few steps follow
			}
			n := 20_000
			if c.name != LogCE && serve != SDE {
				n = 2_000 // these are slow
			}
			o := func(o *Options) {
				o.Serve, o.Steps, o.Sigma, o.Path, o.Train, o.Shape = serve, 24, .8, c.path, c.train, c.shape
			}
			p, f := random(t, small(c.name, o), d)
			y, start := starts(n, 2)
			lw := make([]float64, n)
			if err := p.Move(t.Context(), 1, y, lw, rng.NewKey(9, "move", 0), 0); err != nil {
				t.Fatal(err)
			}
			for i, l := range learntest.LogDensity(t, d, f, y) {
				lw[i] += l - start[i] - logZ
			}
			if z := learntest.Off(lw); !(math.Abs(z) < 4.5) {
				t.Errorf("%v, %s: the mean weight is %.1f standard errors off Z", c, serve, z)
			}
			for i := range lw {
				lw[i] -= .5
			}
			if z := learntest.Off(lw); math.Abs(z) < 4.5 {
				t.Errorf("%v, %s: nor is it seen that half a unit is missing", c, serve)
			}
			x, back := make([]float64, 2*n), make([]float64, n)
			if err := d.(targets.Sampler).Sample(t.Context(), 0, n, rng.NewKey(1, "draws", 0), x); err != nil {
				t.Fatal(err)
			}
			f.ToY(y, x)
			l := learntest.LogDensity(t, d, f, y)
			if err := p.(learn.Returns).Return(t.Context(), 1, y, back, rng.NewKey(7, "back", 0), 0); err != nil {
				t.Fatal(err)
			}
			for i := range back {
				s := 0.0
				for _, v := range y[2*i : 2*i+2] {
					s -= v*v/2 + math.Log(2*math.Pi)/2
				}
				back[i] = s - back[i] - l[i] + logZ
			}
			if z := learntest.Off(back); !(math.Abs(z) < 4.5) {
				t.Errorf("%v, %s: on the way back the mean inverse weight is %.1f standard errors off 1/Z", c, serve, z)
			}
		}
	}
}

// TestSegments: a path in pieces does what it does in one.
func TestSegments(t *testing.T) {
	d := wells(t, 1)
	for _, serve := range []string{SDE, ODE, Split} {
		p, _ := random(t, small(LogCE, func(o *Options) { o.Serve, o.Steps = serve, 12 }), d)
		run := func(cuts int) (all []float64) {
			if err := p.(learn.Recut).SetCuts(cuts); err != nil {
				t.Fatal(err)
			}
			y, _ := starts(100, 2)
			sum, ratio := make([]float64, 100), make([]float64, 100)
			for k := range p.Cuts() {
				if err := p.Move(t.Context(), k+1, y, ratio, rng.NewKey(9, "move", 0), 0); err != nil {
					t.Fatal(err)
				}
				for i, r := range ratio {
					sum[i] += r
				}
			}
			return append(y, sum...)
		}
		whole, pieces := run(1), run(5)
		for i, v := range pieces {
			if !(math.Abs(v-whole[i]) < 1e-4) {
				t.Fatalf("%s: in five segments value %d is %g, in one %g", serve, i, v, whole[i])
			}
		}
	}
}

// TestLogOwn: the density at a cut has the gradient that it says, is the start's at the start and the target's at the end,
// but for the norm.
func TestLogOwn(t *testing.T) {
	logOwn(t, power, 2)
	logOwn(t, circular, 2)
	logOwn(t, power, 4)
}

func logOwn(t *testing.T, shares string, shape float64) {
	d := wells(t, 2)
	path, f := random(t, small(LogCE, func(o *Options) { o.Steps, o.Interpolation, o.Shape = 8, shares, shape }), d)
	p := path.(flowing).path
	if err := p.SetCuts(4); err != nil {
		t.Fatal(err)
	}
	y, _ := starts(50, 2)
	own := func(k int, y []float64, g []float64) []float64 {
		l := learntest.LogDensity(t, d, f, y)
		if g != nil {
			b := targets.NewBatch(len(y)/2, 2, targets.LogP|targets.Grad)
			f.ToX(b.X, y)
			if err := d.Eval(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			f.Score(g, b.Grad)
		}
		if err := p.LogOwn(t.Context(), k, y, l, g); err != nil {
			t.Fatal(err)
		}
		return l
	}
	g := make([]float64, len(y))
	own(2, y, g)
	const h = 3e-3
	for j := range 2 {
		lo, hi := slices.Clone(y), slices.Clone(y)
		for i := j; i < len(y); i += 2 {
			lo[i] -= h
			hi[i] += h
		}
		a, b := own(2, lo, nil), own(2, hi, nil)
		for i := range a {
			if d := (b[i] - a[i]) / (2 * h); !(math.Abs(d-g[2*i+j]) < 3e-2*(1+math.Abs(d))) {
				t.Errorf("coordinate %d of point %d: gradient %g, by differences %g", j, i, g[2*i+j], d)
			}
		}
	}
	p.ends = []int{0, 0, 8}
	l := own(1, y, nil)
	for i := range l {
		a, _, _ := newStart(shape).at(y[2*i])
		b, _, _ := newStart(shape).at(y[2*i+1])
		near(t, "density at the start", l[i], a+b, 1e-5*(1+math.Abs(a+b)))
	}
	z := p.model.norm(p.params.Of(p.model.loss.Norm()), 1)
	l = own(2, y, nil)
	for i, want := range learntest.LogDensity(t, d, f, y) {
		near(t, "density at the end", l[i], want-z, 1e-5*(1+math.Abs(want)))
	}
}

// shifted is a transport whose densities at cuts are off by what they are not: the wrong twin.
type shifted struct{ *learn.Learner }

func (s shifted) Segment(ctx context.Context, k int, in, out *smc.Particles, ratio []float64, status []targets.Status, key rng.Key) error {
	err := s.Learner.Segment(ctx, k, in, out, ratio, status, key)
	for i := range ratio {
		ratio[i] -= .1
	}
	return err
}

// TestUnbiased: with resampling and moves in V(·, t) at cuts the mean of Ẑ is Z, though V is poor after a few steps of training.
// At 4.5 standard errors this fails by chance once in 100,000 times. A tenth that is missing a segment is seen.
func TestUnbiased(t *testing.T) {
	d := wells(t, 2)
	for _, serve := range []string{SDE, ODE} {
		l := learn.New(small(LogCE, func(o *Options) { o.Serve, o.Steps, o.TrainSteps = serve, 24, 2 }), problem(d, 1))
		learntest.Train(t, l, smc.Training{Pilot: pilotOf(t, d)})
		if err := l.SetCuts(4); err != nil {
			t.Fatal(err)
		}
		islands := func(tr smc.Transport) (z float64, resampled int) {
			c := smc.Defaults()
			c.Seed, c.Particles, c.Islands, c.Transport, c.AsIs, c.Threshold = 5, 32, 400, tr, true, .9
			c.Move = smc.Move{Kernel: mcmc.Kernel{Kind: mcmc.HMC, Leapfrogs: 3}, Steps: 1, Step: .3}
			r, err := smc.Run(t.Context(), nil, d, c, smc.Hooks{Progress: func(r smc.Report) {
				if r.Resampled && r.Segment < 4 {
					resampled++
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			lw := make([]float64, len(r.Islands))
			for i, is := range r.Islands {
				lw[i] = is.LogZ - d.Info().Known.LogZ
			}
			return learntest.Off(lw), resampled
		}
		z, resampled := islands(l)
		if !(math.Abs(z) < 4.5) || resampled == 0 {
			t.Errorf("%s: the mean of Ẑ is %.1f standard errors off Z, resampled %d times at its own cuts", serve, z, resampled)
		}
		if z, _ := islands(shifted{l}); math.Abs(z) < 4.5 {
			t.Errorf("%s: a tenth that is missing in each segment is not seen (%.1f standard errors)", serve, z)
		}
	}
}
