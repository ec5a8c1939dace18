package chain

import (
	"math"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
)

// blocks is a tied Langevin chain of five steps, whose control counts by a factor of its own, cut after two of them, and
// the whole of it; temperatures and step sizes are free. The blocks' paths join on.
func blocks(t *testing.T) (whole *Batch[float64], parts []*Batch[float64], w *nn.Params[float64]) {
	t.Helper()
	const k = 5
	spec := Langevin(2, Uniform(k), []float64{.1, .15, .2, .1, .05}, Uniform(k), 1.2, Tied)
	for i := range spec.Steps {
		spec.Steps[i].Forward.Push, spec.Steps[i].Backward.Push = .3, .3
	}
	s := shape(spec, true)
	c, err := control.Build[float64](s, control.Arch{Kind: "perdim+mlp", Width: 6, Depth: 2, Small: 4, Act: nn.Tanh}, control.Gates{Score: 0.3, State: -0.2})
	if err != nil {
		t.Fatal(err)
	}
	sampler := &Sampler[float64]{Spec: spec, Control: c, Inputs: control.Inputs{Shape: c.Net.Shape, Bend: []float64{1, 2}, Clip: .01}}
	sampler.Free = NewFree(&c.Layout, spec, true, true, false)
	w = nn.NewParams[float64](&c.Layout)
	z := make([]float64, len(w.Theta))
	rng.NewKey(3, "control", 0).Normals(z, 0, 0, 0)
	for _, tensor := range w.Tensors {
		for i := tensor.Off; i < tensor.Off+tensor.Size(); i++ {
			w.Theta[i] = .2 * z[i]
		}
	}
	w.Refresh()
	batch := func(s *Sampler[float64]) *Batch[float64] {
		return NewBatch(s, 128, 64, 1<<20, par.NewPool(1), Target[float64](wavy[float64]{}))
	}
	parts = []*Batch[float64]{batch(sampler.Block(0, 2)), batch(sampler.Block(2, k))}
	key := rng.NewKey(1, "starts", 0)
	for tl := range 2 {
		x := parts[0].State(tl, 0)
		vec.Normals(x.Data, x.P, x.Rows, x.P, key, uint32(tl*64), 0, 0)
		wavy[float64]{}.Eval(0, parts[0].First[tl*64:(tl+1)*64], parts[0].Score(tl, 0), x)
	}
	goOn(t, parts[0], w, 0)
	for tl := range 2 {
		parts[1].State(tl, 0).Copy(parts[0].State(tl, 2))
		parts[1].Score(tl, 0).Copy(parts[0].Score(tl, 2))
	}
	copy(parts[1].First, parts[0].End)
	goOn(t, parts[1], w, 1)
	return batch(sampler), parts, w
}

func goOn(t *testing.T, b *Batch[float64], w *nn.Params[float64], block int) {
	t.Helper()
	if err := b.Continue(w, rng.NewKey(2, "block", block), 0, 1); err != nil {
		t.Fatal(err)
	}
}

// TestBlocksAddUp: what the blocks add to the log weight is what the whole chain gives the same path, and replayed they
// add the same.
func TestBlocksAddUp(t *testing.T) {
	whole, parts, w := blocks(t)
	sum, gain := make([]float64, 128), make([]float64, 128)
	from := 0
	for _, b := range parts {
		for tl := range 2 {
			for k := range b.K() + 1 {
				whole.State(tl, from+k).Copy(b.State(tl, k))
				whole.Score(tl, from+k).Copy(b.Score(tl, k))
			}
		}
		from += b.K()
		b.Gain(gain)
		for i, g := range gain {
			sum[i] += g
		}
		again := make([]float64, 128)
		b.Replay(w)
		b.Gain(again)
		for i, g := range again {
			if math.Abs(g-gain[i]) > 1e-10 {
				t.Fatalf("path %d gains %v when it is simulated and %v when it is replayed", i, gain[i], g)
			}
		}
	}
	copy(whole.End, parts[1].End)
	whole.Replay(w)
	for i, l := range whole.LogW {
		if math.Abs(l-sum[i]) > 1e-10 {
			t.Fatalf("path %d has log weight %v, its blocks %v", i, l, sum[i])
		}
	}
	// The wrong twin: a block that is weighed at its end as if the cut were elsewhere.
	parts[0].Betas[2] += .05
	parts[0].Gain(sum)
	parts[0].Betas[2] -= .05
	parts[0].Gain(gain)
	for i, g := range gain {
		if math.Abs(g-sum[i]) < 1e-6 {
			t.Fatalf("path %d: the temperature of a cut makes no difference", i)
		}
	}
}

// TestBackOfBlocks: the gradient of each block's log variance agrees with differences, temperatures and step sizes
// included, of which a block knows only its own.
func TestBackOfBlocks(t *testing.T) {
	_, parts, w := blocks(t)
	coef, gain := make([]float64, 128), make([]float64, 128)
	for _, b := range parts {
		b.Replay(w)
		b.Gain(gain)
		LogVariance(coef, gain)
		b.Back(w, func(int) []float64 { return coef })
		slope(t, b, w, func(w *nn.Params[float64]) float64 {
			b.Replay(w)
			b.Gain(gain)
			loss, _ := LogVariance(coef, gain)
			return loss
		})
	}
}

// TestTiltOfBlocks: the gradient through a block's simulation of a weighted mean of its gains, starts held.
func TestTiltOfBlocks(t *testing.T) {
	_, parts, w := blocks(t)
	coef, gain := make([]float64, 128), make([]float64, 128)
	for i := range coef {
		coef[i] = -float64(1+i%3) / 256
	}
	for s, b := range parts {
		b.Tilt(w, coef, false)
		slope(t, b, w, func(w *nn.Params[float64]) float64 {
			goOn(t, b, w, s)
			b.Gain(gain)
			return vec.Dot(coef, gain)
		})
	}
}
