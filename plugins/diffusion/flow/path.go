package flow

import (
	"context"
	"sync"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Source makes fields for one worker each, all of the same velocity. Use is told the context of what comes next; Err is
// the first error since.
type Source func() Worker

// Worker is a field that may ask the target.
type Worker interface {
	Field[float32]
	Use(ctx context.Context)
	Err() error
}

// Path serves a field: one segment from the start to the target, and back.
type Path struct {
	dim   int
	scale float64 // of the start
	times []float64
	make  Source

	mu   sync.Mutex
	free []*carrier
}

// carrier moves particles for one caller at a time.
type carrier struct {
	field Worker
	by    *Integrator[float32]
	x     tile.Tile[float32]
	ratio []float64
}

// NewPath serves the fields of source from N(0, scale² I) along times, of which the first is 0 and the last 1.
func NewPath(dim int, scale float64, times []float64, source Source) *Path {
	return &Path{dim: dim, scale: scale, times: times, make: source}
}

func (p *Path) Info() smc.TransportInfo { return smc.TransportInfo{Order: 4, Deterministic: true} }
func (p *Path) Scale() float64          { return p.scale }
func (p *Path) Forgets() bool           { return false }
func (p *Path) Cuts() []smc.Cut         { return []smc.Cut{{Kind: smc.CutBeta, Beta: 1}} }

// Finer is the path with two steps for each.
func (p *Path) Finer() learn.Path {
	var times []float64
	for k, t := range p.times[:len(p.times)-1] {
		times = append(times, t, (t+p.times[k+1])/2)
	}
	return NewPath(p.dim, p.scale, append(times, p.times[len(p.times)-1]), p.make)
}

func (p *Path) Move(ctx context.Context, _ int, y, ratio []float64, _ rng.Key, _ uint32) error {
	return p.run(ctx, y, ratio, 0, len(p.times)-1)
}

func (p *Path) Return(ctx context.Context, _ int, y, ratio []float64, _ rng.Key, _ uint32) error {
	return p.run(ctx, y, ratio, len(p.times)-1, 0)
}

func (p *Path) run(ctx context.Context, y, ratio []float64, from, to int) error {
	c := p.take()
	defer p.leave(c)
	c.field.Use(ctx)
	for d, at := p.dim, 0; at*d < len(y); at += learn.Lanes {
		rows := y[at*d : min((at+learn.Lanes)*d, len(y))]
		tile.Pack64(c.x, rows)
		clear(c.ratio)
		c.by.Run(c.x, c.ratio, from, to)
		tile.Unpack64(rows, c.x)
		copy(ratio[at:min(at+learn.Lanes, len(ratio))], c.ratio)
		if err := c.field.Err(); err != nil {
			return err
		}
	}
	return nil
}

func (p *Path) take() *carrier {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		c := p.free[n-1]
		p.free = p.free[:n-1]
		return c
	}
	f := p.make()
	return &carrier{
		field: f, by: NewIntegrator[float32](f, p.times, p.dim, learn.Lanes), x: tile.New[float32](p.dim, learn.Lanes), ratio: make([]float64, learn.Lanes),
	}
}

func (p *Path) leave(c *carrier) {
	p.mu.Lock()
	p.free = append(p.free, c)
	p.mu.Unlock()
}
