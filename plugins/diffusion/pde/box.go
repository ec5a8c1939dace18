package pde

import (
	"context"
	"fmt"

	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/pinn"
)

// box is the sides of what holds nearly all of the start, and all of the pilot's draws of the target.
type box struct{ startLow, startHigh, low, high []float32 }

const (
	startReach = 3.5 // standard deviations of the start
	room       = 0.1 // around the draws, of their range
)

func (c *points) newBox() *box {
	d := c.model.dim
	b := &box{make([]float32, d), make([]float32, d), make([]float32, d), make([]float32, d)}
	ends := c.populations[levels*particles*d:]
	for i := range d {
		lo, hi := ends[i], ends[i]
		for at := i; at < len(ends); at += d {
			lo, hi = min(lo, ends[at]), max(hi, ends[at])
		}
		reach := float32(c.model.p0.from(startReach))
		b.startLow[i], b.startHigh[i] = -reach, reach
		b.low[i], b.high[i] = lo-room*(hi-lo), hi+room*(hi-lo)
	}
	return b
}

// inBox draws points between sides that go from the start's to the target's, or hold both at any time. Coordinates that the
// nets do not see are normal.
func (c *points) inBox(k *drawer, q *pinn.Points[float32], t, n int, cone bool) {
	b := c.box
	for j := range c.lanes {
		s := c.stratified(t, n, j, k.u.Row(0)[j])
		q.Time[j] = s
		for i := range c.model.dim {
			if i < c.model.idle {
				k.y.Row(i)[j] = k.noise.Row(i)[j]
				continue
			}
			lo, hi := min(b.startLow[i], b.low[i]), max(b.startHigh[i], b.high[i])
			if cone {
				lo, hi = (1-s)*b.startLow[i]+s*b.low[i], (1-s)*b.startHigh[i]+s*b.high[i]
			}
			k.y.Row(i)[j] = lo + (hi-lo)*k.more.Row(i)[j]
		}
	}
}

// What is told of points that do not hold the target.
const (
	late     = 0.75 // times from which on points are near the target
	asked    = 512  // draws of the pilot's, and as many that they are compared with
	batches  = 4    // of points
	nearness = 1.5  // times the distance of most draws from one another
	besides  = 0.5  // and this much more is near
	missing  = 0.05 // of the draws may be farther from all points
)

// warnings says whether training points, with parameters w, come near the pilot's draws of the target.
func (c *points) warnings(ctx context.Context, w *nn.Params[float32]) ([]string, error) {
	d, idle := c.model.dim, c.model.idle
	ends := c.populations[levels*particles*d:]
	draw := func(i int) []float32 { return ends[i*d+idle : (i+1)*d] }
	var have [][]float32
	for i := range batches {
		c.step = 1<<31 + uint32(i)
		if err := c.follow(ctx, w); err != nil {
			return nil, err
		}
		for t := range c.batch.Tiles {
			k, q := c.workers[0], &c.batch.Tiles[t]
			c.place(k, q, t)
			for j, at := range q.Time {
				if at < late {
					continue
				}
				x := make([]float32, 0, d-idle)
				for r := idle; r < d; r++ {
					x = append(x, k.y.Row(r)[j])
				}
				have = append(have, x)
			}
		}
	}
	var others [][]float32
	for i := asked; i < 2*asked; i++ {
		others = append(others, draw(i))
	}
	among := make([]float64, asked)
	for i := range among {
		among[i] = nearestOf(others, draw(i))
	}
	limit, far := nearness*quantile(among, 0.9)+besides, 0
	for i := range asked {
		if !(nearestOf(have, draw(i)) < limit) {
			far++
		}
	}
	if part := float64(far) / asked; part > missing {
		return []string{fmt.Sprintf("%.0f %% of the pilot's draws of the target lie where no training points come near: what was learned there may be wrong, and a mode be lost; have %q among points", 100*part, ofPilot)}, nil
	}
	return nil, nil
}
