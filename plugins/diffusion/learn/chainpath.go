package learn

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/rng"
)

// ChainPath serves a chain. With temperatures it can be cut at any of its times; without, its end is its only cut.
type ChainPath struct {
	sampler *chain.Sampler[float32]
	params  *nn.Params[float32]
	frame   *space.Frame
	target  targets.Density
	ends    []int // of the segments, as indices of times, from 0 on

	mu   sync.Mutex
	free []*carrier
}

// carrier moves particles for one caller at a time.
type carrier struct {
	target *space.Target[float32]
	mover  *chain.Mover[float32]
}

// NewChainPath serves s with a copy of theta in that many segments.
func NewChainPath(s *chain.Sampler[float32], theta []float32, f *space.Frame, target targets.Density, segments int) (*ChainPath, error) {
	p := &ChainPath{sampler: s.At(theta), params: nn.NewParams[float32](&s.Control.Layout), frame: f, target: target}
	copy(p.params.Theta, theta)
	p.params.Refresh()
	return p, p.SetCuts(segments)
}

func (p *ChainPath) Info() smc.TransportInfo {
	if p.sampler.Continuous {
		return smc.TransportInfo{Order: 1}
	}
	return smc.TransportInfo{Exact: true}
}

// Scale is that of the start; a chain that starts at a point is given a unit normal to forget.
func (p *ChainPath) Scale() float64 {
	if p.Forgets() {
		return 1
	}
	return p.sampler.Scale
}

// Start is mean and standard deviation of each coordinate of a start that was learned; nil: it was not.
func (p *ChainPath) Start() (mean, std []float64) { return p.sampler.StartMean, p.sampler.StartStd }

func (p *ChainPath) Forgets() bool { return p.sampler.Delta() }

// SetCuts cuts the chain into n segments of about as many steps each, one at least.
func (p *ChainPath) SetCuts(n int) error {
	k := p.sampler.K()
	if n < 1 {
		return fmt.Errorf("%d segments found; accepted: 1 to %d", n, k)
	}
	if p.sampler.Betas == nil {
		n = 1 // no density is known on the way
	}
	n = min(n, k)
	p.ends = make([]int, n+1)
	for i := range p.ends {
		p.ends[i] = i * k / n
	}
	return nil
}

func (p *ChainPath) Cuts() []smc.Cut {
	var cuts []smc.Cut
	for _, end := range p.ends[1:] {
		beta := 1.0
		if p.sampler.Betas != nil {
			beta = p.sampler.Betas[end]
		}
		cuts = append(cuts, smc.Cut{Kind: smc.CutBeta, Beta: beta})
	}
	return cuts
}

func (p *ChainPath) Move(ctx context.Context, k int, y, ratio []float64, key rng.Key, first uint32) error {
	return p.with(ctx, func(m *chain.Mover[float32]) error { return m.Forward(y, ratio, p.ends[k-1], p.ends[k], key, first) })
}

func (p *ChainPath) Return(ctx context.Context, k int, y, ratio []float64, key rng.Key, first uint32) error {
	return p.with(ctx, func(m *chain.Mover[float32]) error { return m.Backward(y, ratio, p.ends[k], p.ends[k-1], key, first) })
}

func (p *ChainPath) with(ctx context.Context, use func(*chain.Mover[float32]) error) error {
	c := p.take()
	c.target.Use(ctx)
	err := use(c.mover)
	p.mu.Lock()
	p.free = append(p.free, c)
	p.mu.Unlock()
	return err
}

func (p *ChainPath) take() *carrier {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		c := p.free[n-1]
		p.free = slices.Delete(p.free, n-1, n)
		return c
	}
	t := space.On[float32](p.frame, p.target, 1, Lanes)
	return &carrier{t, chain.NewMover(p.sampler, p.params, Lanes, t, 0)}
}
