package pde

import (
	"context"
	"math"
	"sync"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/pinn"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// path serves a solution. Cut anywhere, it knows the density there.
type path struct {
	plan   *Plan
	model  *model
	params *nn.Params[float32]
	frame  *space.Frame
	target targets.Density
	times  []float64
	ends   []int // of the segments, as indices of times, from 0 on

	mu     sync.Mutex
	free   []mover
	values []*value
}

// mover moves a tile from time number from to number to, ahead or back, and adds the log ratios. It belongs to one caller at a
// time.
type mover interface {
	state() tile.Tile[float32]
	move(ctx context.Context, ratio []float64, from, to int, key rng.Key, first uint32) error
}

func (p *Plan) serve(m *model, theta []float32, f *space.Frame, target targets.Density) (learn.Path, error) {
	served := &path{plan: p, model: m, params: m.at(theta), frame: f, target: target}
	served.times = uniform(p.Steps)
	if p.Serve != ODE && p.Equation != pinn.Score { // whose noise fades towards the target by itself
		served.times = refined(p.Steps)
	}
	if err := served.SetCuts(1); err != nil || p.Serve != ODE || p.Determinant {
		return served, err
	}
	return flowing{served}, nil
}

// uniform are K+1 times.
func uniform(k int) []float64 {
	t := make([]float64, k+1)
	for i := range t {
		t[i] = float64(i) / float64(k)
	}
	return t
}

// refined are K+1 times, sin(πk/2K): ever closer towards the target, where the noise needs it.
func refined(k int) []float64 {
	t := make([]float64, k+1)
	for i := range t {
		t[i] = math.Sin(math.Pi / 2 * float64(i) / float64(k))
	}
	t[k] = 1
	return t
}

func (p *path) Info() smc.TransportInfo {
	switch p.plan.Serve {
	case SDE:
		return smc.TransportInfo{Exact: true}
	case Split:
		return smc.TransportInfo{Order: 2}
	}
	return smc.TransportInfo{Order: 4, Deterministic: true, Exact: p.plan.Determinant}
}

func (p *path) Scale() float64 { return 1 }
func (p *path) Forgets() bool  { return false }

// SetCuts cuts the path into n segments of about as many steps each, one at least.
func (p *path) SetCuts(n int) (err error) {
	p.ends, err = learn.Ends(n, len(p.times)-1)
	return err
}

func (p *path) Cuts() []smc.Cut {
	cuts := make([]smc.Cut, len(p.ends)-1)
	for i := range cuts {
		cuts[i] = smc.Cut{Kind: smc.CutOwn, Beta: math.NaN()}
	}
	cuts[len(cuts)-1] = smc.Cut{Kind: smc.CutBeta, Beta: 1}
	return cuts
}

func (p *path) Move(ctx context.Context, k int, y, ratio []float64, key rng.Key, first uint32) error {
	return p.run(ctx, y, ratio, p.ends[k-1], p.ends[k], key, first)
}

func (p *path) Return(ctx context.Context, k int, y, ratio []float64, key rng.Key, first uint32) error {
	return p.run(ctx, y, ratio, p.ends[k], p.ends[k-1], key, first)
}

// run starts from, and gets back to, normal draws: a start of another shape is the first map of the path.
func (p *path) run(ctx context.Context, y, ratio []float64, from, to int, key rng.Key, first uint32) error {
	m := p.take()
	defer p.leave(m)
	clear(ratio)
	lr, x := make([]float64, learn.Lanes), m.state()
	if from == 0 {
		p.model.p0.drawn(y, ratio, p.model.dim, true)
	}
	for d, at := p.model.dim, 0; at*d < len(y); at += learn.Lanes {
		rows := y[at*d : min((at+learn.Lanes)*d, len(y))]
		tile.Pack64(x, rows)
		clear(lr)
		if err := m.move(ctx, lr, from, to, key, first+uint32(at)); err != nil {
			return err
		}
		tile.Unpack64(rows, x)
		for i := range rows[:len(rows)/d] {
			ratio[at+i] += lr[i]
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if to == 0 {
		p.model.p0.drawn(y, ratio, p.model.dim, false)
	}
	return nil
}

func (p *path) take() mover {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		m := p.free[n-1]
		p.free = p.free[:n-1]
		return m
	}
	switch p.plan.Serve {
	case SDE:
		return newNoisy(p)
	case Split:
		return newSplit(p)
	}
	if p.plan.Determinant {
		return newMapped(p)
	}
	return newDriven(p)
}

func (p *path) leave(m mover) {
	p.mu.Lock()
	p.free = append(p.free, m)
	p.mu.Unlock()
}

// flowing is a path whose weights are as exact as its steps are short.
type flowing struct{ *path }

// Finer is the path with two steps for each.
func (p flowing) Finer() learn.Path {
	finer := &path{plan: p.plan, model: p.model, params: p.params, frame: p.frame, target: p.target}
	for k, t := range p.times[:len(p.times)-1] {
		finer.times = append(finer.times, t, (t+p.times[k+1])/2)
	}
	finer.times = append(finer.times, p.times[len(p.times)-1])
	for _, e := range p.ends {
		finer.ends = append(finer.ends, 2*e)
	}
	return flowing{finer}
}

var (
	_ learn.Returns = (*path)(nil)
	_ learn.Recut   = (*path)(nil)
	_ learn.Owns    = (*path)(nil)
	_ learn.Finer   = flowing{}
)
