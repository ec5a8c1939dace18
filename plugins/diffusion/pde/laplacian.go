package pde

import (
	"context"

	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/tile"
)

// laplacian is Δ log ρ over the coordinates that are not idle: by products with the Hessian, or by central differences of
// scores where the target has none.
type laplacian struct {
	target *space.Target[float32]
	idle   int
	exact  bool
	v, hv  []tile.Tile[float32] // of each worker
	logp   [][]float64
}

// apart is how far scores are taken from a point, in the frame.
const apart = 1. / 128

func newLaplacian(f *space.Frame, target targets.Density, workers, lanes, idle int) *laplacian {
	l := &laplacian{target: space.On[float32](f, target, workers, lanes), idle: idle, exact: target.Info().Can.Has(targets.HVP)}
	for range workers {
		l.v, l.hv = append(l.v, tile.New[float32](f.Dim, lanes)), append(l.hv, tile.New[float32](f.Dim, lanes))
		l.logp = append(l.logp, make([]float64, lanes))
	}
	return l
}

func (l *laplacian) use(ctx context.Context) { l.target.Use(ctx) }
func (l *laplacian) err() error              { return l.target.Err() }

// at sets lap at the points y.
func (l *laplacian) at(worker int, lap []float64, y tile.Tile[float32]) {
	v, hv := l.v[worker], l.hv[worker]
	clear(lap)
	for i := l.idle; i < y.Rows; i++ {
		if l.exact {
			v.Fill(0)
			v.Slice(i, i+1).Fill(1)
			l.target.HVP(worker, hv, y, v)
			for j, h := range hv.Row(i) {
				lap[j] += float64(h)
			}
			continue
		}
		v.Copy(y)
		for _, side := range [2]float32{1, -1} {
			for j, x := range y.Row(i) {
				v.Row(i)[j] = x + side*apart
			}
			l.target.Eval(worker, l.logp[worker], hv, v)
			for j, s := range hv.Row(i) {
				lap[j] += float64(side*s) / (2 * apart)
			}
		}
	}
}
