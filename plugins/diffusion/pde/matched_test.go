package pde

import (
	"math"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn/learntest"
)

// matchingOf is a matching that is about to begin.
func matchingOf(t *testing.T, name string, config map[string]any) *matching {
	t.Helper()
	d := learntest.Target(t, name, config)
	p, l := small(LogCE, func(o *Options) { o.Begin, o.Frame = matched, White }), problem(d, 1)
	s, err := p.Prepare(t.Context(), &l, pilotOf(t, d))
	if err != nil {
		t.Fatal(err)
	}
	m := p.newModel(l.Dim, s.Frame.Dim-s.Frame.Active, len(s.Facts[factDirections])/s.Frame.Active)
	m.layout.Size()
	w := m.at(make([]float32, m.layout.Size()))
	m.start(w, l.Stream("init"), s.Facts[factDirections], s.Facts[factNorm])
	return newMatching(&l, s, m, w)
}

// TestMatchedGaussian: what is fitted has no scatter where the target is a Gaussian, and is the score of X_t and the velocity of its
// flow; of any other precision it is neither.
func TestMatchedGaussian(t *testing.T) {
	c := matchingOf(t, "many-well", map[string]any{"dim": 2, "wells": 1, "delta": 2.0})
	const mean, precision = 0.7, 4.0
	for i, x := range c.draws {
		c.scores[i] = -precision * (x - mean)
	}
	for _, c.kappa = range []float64{precision, 2 * precision} {
		worst := 0.0
		k := c.workers[0]
		for tile := range matchBatch / learn.Lanes {
			c.draw(k, tile)
			for j, at := range k.times {
				tm := float64(at)
				v := tm*tm/precision + (1-tm)*(1-tm)
				rate := tm/precision - (1 - tm) // ½ v′
				off := float64(k.y.Row(c.model.idle)[j]) - tm*mean
				worst = max(worst, math.Abs(float64(k.s.Row(0)[j])+off/v), math.Abs(float64(k.v.Row(0)[j])-mean-rate/v*off))
			}
		}
		if exact := worst < 1e-3; exact != (c.kappa == precision) {
			t.Errorf("κ = %g: off by %.2g", c.kappa, worst)
		}
	}
}

// TestMatchedGradient: the gradient is that of the loss.
func TestMatchedGradient(t *testing.T) {
	c := matchingOf(t, "many-well", map[string]any{"dim": 2, "wells": 2, "delta": 2.0, "rotation": 5})
	loss := func() float64 { // at the parameters, which do not move before the second step
		c.adam.Steps = 0
		l, err := c.step(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	c.phase(1)
	c.rate.Peak, c.rate.Final = 0, 0
	loss()
	g := append([]float32(nil), c.slots.Grad...)
	length := 0.0
	for _, v := range g {
		length += float64(v) * float64(v)
	}
	length = math.Sqrt(length)
	const eps = 1e-2
	var side [2]float64
	for i, by := range []float64{eps, -2 * eps} {
		for k, v := range g {
			c.params.Theta[k] += float32(by * float64(v) / length)
		}
		c.params.Refresh()
		side[i] = loss()
	}
	if got := (side[0] - side[1]) / (2 * eps); math.Abs(got/length-1) > .02 {
		t.Errorf("the loss rises by %.5g along a gradient of %.5g", got, length)
	}
}

// TestMatched: what is fitted comes closer.
func TestMatched(t *testing.T) {
	c := matchingOf(t, "many-well", map[string]any{"dim": 2, "wells": 2, "delta": 2.0, "rotation": 5})
	const steps = 100
	p := c.phase(steps)
	var first, last float64
	for i := range steps {
		loss, err := p.Step(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		if i < 10 {
			first += loss / 10
		} else if i >= steps-10 {
			last += loss / 10
		}
	}
	if !(last < first/2) {
		t.Errorf("loss %.4f at first, %.4f after %d steps", first, last, steps)
	}
}
