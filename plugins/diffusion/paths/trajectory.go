package paths

import (
	"context"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
)

// trajectory is a loss of whole paths: a batch is drawn, by the sampler itself or with more noise than it would draw, and
// an objective takes it back.
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
	noise := t.plan.noise(i)
	if err := t.batch.Simulate(t.params, t.problem.Stream("paths"), uint32(i), noise); err != nil {
		return 0, 0, nil, err
	}
	loss, norm = t.back(t.training, t.batch, i)
	return loss, norm, t.batch.Grad, t.target.Err()
}

// keepBytes bounds the memory of pre-activations.
const keepBytes = 256 << 20

// noise is what multiplies the noise of the paths at step i: it falls to 1 over the first half.
func (p *Plan) noise(i int) float64 {
	return 1 + (p.Explore-1)*max(0, 1-2*float64(i)/float64(p.TrainSteps))
}
