package paths

import (
	"context"
	"math"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/regress"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/vec/tile"
)

// adjointSampling regresses the control on the model's own ends (Havens et al. 2025, arXiv 2504.11713): with ν the variance
// of the reference, Brownian motion from 0, and x_K an end, the fixed point is
//
//	u(x, t) = σ E[∇log ρ(x_K) + x_K/ν | X_t = x]    X_t | x_K the Brownian bridge
//
// That is package regress with the model's ends for the pilot and 1/ν for the precision κ: its stand-in
// ŷ = (κ r y + x + r s)/(α + κ r), with α = t/T, r = ν(1 − α), then makes the drift (ŷ − x)/(T − t) = σ²(s + y/ν). One
// evaluation of the net a sample, no paths stored; the ends are drawn anew every so many steps.
type adjointSampling struct {
	*training
	target     *space.Target[float32]
	batch      *chain.Batch[float32]
	regression *regress.Step[float32]
}

const (
	renewEvery  = 50 // steps of regression between new ends
	renewPaths  = 512
	poolBatches = 8 // batches of ends that the pool holds, the last ones
)

// pool is how many ends are kept.
func (p *Plan) pool() int { return renewPaths * poolBatches }

func (a *adjointSampling) keeps() (map[string][]float32, map[string]*int) { return nil, nil }

func (a *adjointSampling) gradient(ctx context.Context, i int) (loss, norm float64, g []float32, err error) {
	if a.batch == nil {
		if err := a.begin(); err != nil {
			return 0, 0, nil, err
		}
	}
	a.target.Use(ctx)
	if i%renewEvery == 0 {
		if err := a.renew(i / renewEvery); err != nil {
			return 0, 0, nil, err
		}
	}
	loss, norm, err = a.regression.Gradient(a.params, a.problem.Stream("bridges"), uint32(i))
	return loss, norm, a.regression.Grad, err
}

func (a *adjointSampling) begin() (err error) {
	a.target = a.training.target()
	a.batch = chain.NewBatch(a.sampler, renewPaths, learn.Lanes, 0, a.pool, a.target)
	nu := 0.0
	for _, s := range a.sampler.Steps {
		nu += s.Forward.Var
	}
	data := regress.Pilot[float32]{X: a.state.Facts[factEnds], Score: a.state.Facts[factPull]}
	for range a.sampler.Dim {
		data.Precision = append(data.Precision, 1/nu)
	}
	a.regression, err = regress.New(a.sampler, data, matchBatch, learn.Lanes, a.pool, a.target)
	return err
}

// renew puts new ends in place of the oldest, or, the first time, of all. A path that was given up leaves the one before.
func (a *adjointSampling) renew(n int) error {
	if err := a.batch.Simulate(a.params, a.problem.Stream("paths"), uint32(n), 1); err != nil {
		return err
	}
	x, g, d := a.state.Facts[factEnds], a.state.Facts[factPull], a.sampler.Dim
	q := tile.New[float32](d, learn.Lanes)
	logp := make([]float64, learn.Lanes)
	for t := range renewPaths / learn.Lanes {
		at := (n%poolBatches*renewPaths + t*learn.Lanes) * d
		ends := a.batch.State(t, a.sampler.K())
		a.target.Eval(0, logp, q, ends)
		shorten(q, a.sampler.Inputs.Clip)
		tile.Unpack(x[at:at+learn.Lanes*d], ends)
		tile.Unpack(g[at:at+learn.Lanes*d], q)
	}
	if n == 0 {
		size := renewPaths * d
		for i := size; i < len(x); i += size {
			copy(x[i:], x[:size])
			copy(g[i:], g[:size])
		}
	}
	return a.target.Err()
}

// shorten bounds the length of each column by most; one that is not finite becomes zero.
func shorten(q tile.Tile[float32], most float64) {
	for j := range q.P {
		sum := 0.0
		for i := range q.Rows {
			v := float64(q.Row(i)[j])
			sum += v * v
		}
		scale := float32(1)
		switch {
		case sum-sum != 0:
			scale = 0
		case most > 0 && sum > most*most:
			scale = float32(most / math.Sqrt(sum))
		}
		for i := range q.Rows {
			if scale == 0 {
				q.Row(i)[j] = 0
			} else {
				q.Row(i)[j] *= scale
			}
		}
	}
}
