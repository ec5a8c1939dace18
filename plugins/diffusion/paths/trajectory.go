package paths

import (
	"context"
	"math"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
)

// trajectory is a loss of whole paths: a batch is drawn, by the sampler itself, with more noise than it would draw, or the
// way back from a pilot's draws, and an objective takes it back.
type trajectory struct {
	*training
	objective
	target *space.Target[float32]
	batch  *chain.Batch[float32] // made at the first step
}

// objective sets the gradient of a batch whose paths were drawn.
type objective interface {
	// ready is called once, before the first step.
	ready(b *chain.Batch[float32])
	// back returns the loss and the gradient's norm.
	back(t *training, b *chain.Batch[float32], i int) (loss, norm float64)
	keeps() (map[string][]float32, map[string]*int)
}

func (t *trajectory) gradient(ctx context.Context, i int) (loss, norm float64, g []float32, err error) {
	if t.batch == nil {
		t.target = t.training.target()
		t.batch = chain.NewBatch(t.sampler, t.plan.Batch, learn.Lanes, keepBytes, t.pool, t.target)
		t.ready(t.batch)
	}
	t.target.Use(ctx)
	home := int(math.Round(t.plan.Home * float64(t.plan.Batch/learn.Lanes)))
	t.sendHome(home, uint32(i))
	if err := t.batch.SimulateHome(t.params, t.problem.Stream("paths"), uint32(i), t.noise(i), home); err != nil {
		return 0, 0, nil, err
	}
	loss, norm = t.back(t.training, t.batch, i)
	return loss, norm, t.batch.Grad, t.target.Err()
}

// takeBack takes a loss of given paths, by its derivatives by the steps' log ratios, to the gradient, and returns its norm.
func (t *training) takeBack(b *chain.Batch[float32], coef func(k int) []float32) float64 {
	if b.Free != nil {
		return b.Apart(t.params, coef)
	}
	return b.Back(t.params, coef)
}

// sendHome sets the ends of that many tiles to draws of the pilot.
func (t *trajectory) sendHome(tiles int, i uint32) {
	if tiles == 0 {
		return
	}
	d, x := t.sampler.Dim, t.state.Facts[factX]
	u := make([]float64, tiles*learn.Lanes)
	t.problem.Stream("home").Uniforms(u, 0, i, 0)
	for at := range tiles {
		end := t.batch.State(at, t.sampler.K())
		for j := range learn.Lanes {
			n := min(int(u[at*learn.Lanes+j]*float64(len(x)/d)), len(x)/d-1)
			for r := range d {
				end.Row(r)[j] = x[n*d+r]
			}
		}
	}
}

// keepBytes bounds the memory of pre-activations.
const keepBytes = 256 << 20

// noise is what multiplies the noise of the paths at step i: it falls to 1 over the first half. The weights are those of
// the noise as it is without: exploration as of Malkin et al. (2022), arXiv 2201.13259, and Sendera et al. (2024), arXiv 2402.05098.
func (t *training) noise(i int) float64 {
	return 1 + (t.plan.Explore-1)*max(0, 1-2*float64(i)/float64(t.steps))
}
