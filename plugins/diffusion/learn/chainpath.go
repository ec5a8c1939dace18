package learn

import (
	"context"
	"slices"
	"sync"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/rng"
)

// ChainPath serves a chain, which can be cut at any of its times. Only with temperatures is the density there known.
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
	wide   *chain.Mover[float32] // of the target's width, where that is more; else nil
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
func (p *ChainPath) SetCuts(n int) (err error) {
	p.ends, err = Ends(n, p.sampler.K())
	return err
}

func (p *ChainPath) Cuts() []smc.Cut {
	if p.sampler.Betas == nil {
		return Unknown(len(p.ends) - 1)
	}
	var cuts []smc.Cut
	for _, end := range p.ends[1:] {
		cuts = append(cuts, smc.Cut{Kind: smc.CutBeta, Beta: p.sampler.Betas[end]})
	}
	return cuts
}

func (p *ChainPath) Move(ctx context.Context, k int, y, ratio []float64, key rng.Key, first uint32) error {
	return p.with(ctx, y, ratio, first, func(m *chain.Mover[float32], y, ratio []float64, first uint32) error {
		return m.Forward(y, ratio, p.ends[k-1], p.ends[k], key, first)
	})
}

func (p *ChainPath) Return(ctx context.Context, k int, y, ratio []float64, key rng.Key, first uint32) error {
	return p.with(ctx, y, ratio, first, func(m *chain.Mover[float32], y, ratio []float64, first uint32) error {
		return m.Backward(y, ratio, p.ends[k], p.ends[k-1], key, first)
	})
}

type moving = func(m *chain.Mover[float32], y, ratio []float64, first uint32) error

// with has the particles moved, in wide tiles as many as fill them. What becomes of a particle does not depend on its tile.
func (p *ChainPath) with(ctx context.Context, y, ratio []float64, first uint32, move moving) error {
	c, d := p.take(), p.sampler.Dim
	c.target.Use(ctx)
	var err error
	if n := len(ratio) / c.target.Width() * c.target.Width(); c.wide != nil && n > 0 {
		err = move(c.wide, y[:n*d], ratio[:n], first)
		y, ratio, first = y[n*d:], ratio[n:], first+uint32(n)
	}
	if err == nil {
		err = move(c.mover, y, ratio, first)
	}
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
	c := &carrier{target: t, mover: chain.NewMover(p.sampler, p.params, Lanes, t, 0)}
	if t.Width() > Lanes {
		c.wide = chain.NewMover(p.sampler, p.params, t.Width(), t, 0)
	}
	return c
}
