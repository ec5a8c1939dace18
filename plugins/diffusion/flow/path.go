package flow

import (
	"context"
	"sync"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Path serves a field, from the start to the target and back: in one segment, or in several, at whose cuts no density is
// known.
type Path struct {
	dim   int
	scale float64 // of the start
	times []float64
	ends  []int // of the segments, as indices of times, from 0 on
	make  func() Field[float32]

	mu   sync.Mutex
	free []*carrier
}

// carrier moves particles for one caller at a time.
type carrier struct {
	by    *Integrator[float32]
	x     tile.Tile[float32]
	ratio []float64
}

// NewPath serves fields, all of one velocity, that source makes, one for each caller, from N(0, scale² I) along times, of which the first is 0 and the last 1.
func NewPath(dim int, scale float64, times []float64, source func() Field[float32]) *Path {
	return &Path{dim: dim, scale: scale, times: times, ends: []int{0, len(times) - 1}, make: source}
}

// Field makes a field for a caller of its own.
func (p *Path) Field() Field[float32] { return p.make() }

func (p *Path) Info() smc.TransportInfo { return smc.TransportInfo{Order: 4, Deterministic: true} }
func (p *Path) Scale() float64          { return p.scale }
func (p *Path) Forgets() bool           { return false }
func (p *Path) Cuts() []smc.Cut         { return learn.Unknown(len(p.ends) - 1) }

// SetCuts cuts the path into n segments of about as many steps each, one at least.
func (p *Path) SetCuts(n int) (err error) {
	p.ends, err = learn.Ends(n, len(p.times)-1)
	return err
}

// Finer is the path with two steps for each.
func (p *Path) Finer() learn.Path {
	var times []float64
	for k, t := range p.times[:len(p.times)-1] {
		times = append(times, t, (t+p.times[k+1])/2)
	}
	finer := NewPath(p.dim, p.scale, append(times, p.times[len(p.times)-1]), p.make)
	finer.ends = finer.ends[:0]
	for _, e := range p.ends {
		finer.ends = append(finer.ends, 2*e)
	}
	return finer
}

func (p *Path) Move(ctx context.Context, k int, y, ratio []float64, _ rng.Key, _ uint32) error {
	return p.run(ctx, y, ratio, p.ends[k-1], p.ends[k])
}

func (p *Path) Return(ctx context.Context, k int, y, ratio []float64, _ rng.Key, _ uint32) error {
	return p.run(ctx, y, ratio, p.ends[k], p.ends[k-1])
}

func (p *Path) run(ctx context.Context, y, ratio []float64, from, to int) error {
	c := p.take()
	defer p.leave(c)
	for d, at := p.dim, 0; at*d < len(y); at += learn.Lanes {
		rows := y[at*d : min((at+learn.Lanes)*d, len(y))]
		tile.Pack64(c.x, rows)
		clear(c.ratio)
		c.by.Run(c.x, c.ratio, from, to)
		tile.Unpack64(rows, c.x)
		copy(ratio[at:min(at+learn.Lanes, len(ratio))], c.ratio)
		if err := ctx.Err(); err != nil {
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
	return &carrier{NewIntegrator(p.make(), p.times, p.dim, learn.Lanes), tile.New[float32](p.dim, learn.Lanes), make([]float64, learn.Lanes)}
}

func (p *Path) leave(c *carrier) {
	p.mu.Lock()
	p.free = append(p.free, c)
	p.mu.Unlock()
}
