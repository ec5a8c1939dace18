package scld

import (
	"context"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/optim"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
)

// training is a phase: simulate, replay, and move the control.
type training struct {
	plan    *Plan
	problem *learn.Problem
	sampler *chain.Sampler[float32]
	ends    []int
	params  *nn.Params[float32]
	frame   *space.Frame
	pool    *par.Pool
	control int // parameters of the control, the first ones; the others are the path's
	adam    *optim.Adam[float32]
	path    *optim.Adam[float32]
	rate    optim.Schedule
	replay  rng.Key

	moves   []float32 // log step sizes of the moves between blocks
	level   []float32 // what the balance loss takes for the log ratio of each block's normalising constants
	buffers []*buffer // of each block; nil: none
	pushed  int       // paths, so far

	// Made at the first step.
	system *system
	target *space.Target[float32]
	grad   []float32
	coef   []float32
	each   func(int) []float32 // coef for every step
}

// open makes room for the paths.
func (t *training) open() {
	t.target = space.On[float32](t.frame, t.problem.Target, t.pool.Workers(), learn.Lanes)
	var target chain.Target[float32] = t.target
	if t.plan.Loss == KL && !t.target.Can().Has(targets.HVP) {
		least := math.Exp(float64(t.moves[len(t.moves)-1]))
		target = newDifferenced(t.target, fraction*least, t.sampler.Dim, learn.Lanes, t.pool.Workers())
	}
	t.system = newSystem(t.sampler, t.ends, t.plan.Batch, t.plan.Cap, t.pool, target, t.problem, t.moves, t.plan.Moves)
	t.each = func(int) []float32 { return t.coef }
	t.grad, t.coef = make([]float32, len(t.params.Theta)), make([]float32, t.plan.Batch)
}

// step is one of the phase's.
func (t *training) step(ctx context.Context, i int) (float64, error) {
	if t.system == nil {
		t.open()
	}
	t.target.Use(ctx)
	if err := t.system.simulate(t.params, uint32(i)); err != nil {
		return 0, err
	}
	if t.buffers != nil && t.plan.Loss != KL {
		t.remember(uint32(i))
	}
	loss := t.gradient()
	if math.IsNaN(loss) {
		return 0, fmt.Errorf("no path of a block has a finite weight")
	}
	t.move(i)
	return loss, nil
}

// slower is by how much the temperatures and step sizes learn at a lower rate than the control, on whose gradient theirs,
// sums over everything, are to have no bearing.
const slower = 5

// move takes a step of Adam, if the gradient is one.
func (t *training) move(i int) {
	rate, n := t.rate.At(i), t.control
	control, free := t.grad[:n], t.grad[n:]
	a, b := math.Sqrt(vec.Dot(control, control)), math.Sqrt(vec.Dot(free, free))
	if math.IsNaN(a+b) || math.IsInf(a+b, 0) {
		return
	}
	t.adam.Step(t.pool, t.params.Theta[:n], control, a, rate)
	if len(free) > 0 {
		t.path.Step(t.pool, t.params.Theta[n:], free, b, rate/slower)
	}
	t.params.Refresh()
}

// average is the mean of the parameters over the last steps.
func (t *training) average() []float32 {
	if t.adam.Steps == 0 {
		return t.params.Theta
	}
	return append(append([]float32(nil), t.adam.Mean...), t.path.Mean...)
}

// remember puts the fresh paths of each block into its buffer, and paths of the buffer in the place of the first half of
// them. Slots are exchangeable, so that the second half is as good as any.
func (t *training) remember(stage uint32) {
	for s, b := range t.system.blocks {
		f := t.buffers[s]
		f.push(b, t.pushed)
		for i, at := range f.draw(b.Paths/2, t.replay, stage, uint32(s)) {
			f.load(at, b, i)
		}
		b.Replay(t.params)
		b.weigh()
		for i, at := range f.chosen {
			if g := b.gain[i]; finite(g) {
				f.logW[at] = float32(g)
			}
		}
	}
	t.pushed += t.plan.Batch
}

// gradient sets grad to that of the mean loss of the blocks, and returns the loss.
func (t *training) gradient() float64 {
	clear(t.grad)
	total, share := 0.0, 1/float64(len(t.system.blocks))
	for s, b := range t.system.blocks {
		total += share * t.loss(s, b)
		vec.Scale(t.coef, float32(share), t.coef)
		if t.plan.Loss == KL {
			b.Tilt(t.params, t.coef, false)
		} else {
			b.Back(t.params, t.each)
		}
		vec.Add(t.grad, t.grad, b.Grad)
	}
	return total
}

// balanceRate is the rate at which the balance loss learns its constants.
const balanceRate = 0.1

// loss sets coef to the derivatives of block s's loss by its gains.
func (t *training) loss(s int, b *block) float64 {
	switch t.plan.Loss {
	case KL:
		return craft(t.coef, b)
	case Balance:
		if t.adam.Steps == 0 {
			_, t.level[s] = meanOf(b.gain)
		}
		loss, slope, _ := chain.TrajectoryBalance(t.coef, b.gain, float64(t.level[s]))
		t.level[s] -= float32(balanceRate * slope)
		return loss
	}
	loss, _ := chain.LogVariance(t.coef, b.gain)
	return loss
}

// craft sets coef to −W̄, the weights at the block's start, of those paths that have one at its end, and returns Σ W̄(−G).
func craft(coef []float32, b *block) (loss float64) {
	sum := 0.0
	for i, g := range b.gain {
		coef[i] = 0
		if w := b.weights[i]; w > 0 && finite(g) {
			coef[i] = float32(-w)
			loss -= w * g
			sum += w
		}
	}
	return loss / sum
}

// meanOf is the mean of those values that are finite, and their number.
func meanOf(v []float64) (n int, mean float32) {
	sum := 0.0
	for _, x := range v {
		if finite(x) {
			n++
			sum += x
		}
	}
	return n, float32(sum / float64(max(n, 1)))
}
