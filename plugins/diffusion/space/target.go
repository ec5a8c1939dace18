package space

import (
	"context"
	"errors"
	"sync"

	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Target is a density in the coordinates of a frame, on tiles, for a fixed number of workers: what package chain and the
// other trainers ask.
type Target[T vec.Float] struct {
	frame    *Frame
	workers  []*worker[T]
	b, bt    []T // B and its transpose
	mean     []T
	identity bool // B is a multiple of the identity
	scale    T
	ctx      context.Context
	width    int

	mu  sync.Mutex
	err error
}

type worker[T vec.Float] struct {
	density targets.TileDensity[T]
	batch   targets.TileBatch[T]
	x, g, v tile.Tile[T]
}

// apart is the number of particles that a density is asked about at a time, at most, where it has no form for tiles: as a
// rule it lives in another process then, and a request costs as much as the evaluation of many points.
const apart = 256

// On makes the target for tiles of p particles, or of more; see Width.
func On[T vec.Float](f *Frame, d targets.Density, workers, p int) *Target[T] {
	n := f.Dim
	if !targets.HasTiles(d) {
		p = max(p, apart)
	}
	t := &Target[T]{frame: f, ctx: context.Background(), b: make([]T, n*n), bt: make([]T, n*n), mean: make([]T, n), identity: true, scale: T(f.B[0]), width: p}
	for i := range n {
		t.mean[i] = T(f.Mean[i])
		for j := range n {
			v := f.B[i*n+j]
			t.b[i*n+j], t.bt[j*n+i] = T(v), T(v)
			if i != j && v != 0 || i == j && v != f.B[0] {
				t.identity = false
			}
		}
	}
	for range workers {
		t.workers = append(t.workers, &worker[T]{density: targets.OnTiles[T](d, p), x: tile.New[T](n, p), g: tile.New[T](n, p), v: tile.New[T](n, p)})
	}
	return t
}

// Width is the number of particles of the widest tile that Eval and HVP take. Where it is more than that of the tiles that
// were asked for, several of these are better evaluated together.
func (t *Target[T]) Width() int { return t.width }

// Use sets the context of the evaluations to come, and forgets the last error.
func (t *Target[T]) Use(ctx context.Context) { t.ctx, t.err = ctx, nil }

// Can tells what Eval and HVP can give.
func (t *Target[T]) Can() targets.Want { return t.workers[0].density.Can() }

// Err is the first error since Use.
func (t *Target[T]) Err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err != nil {
		return t.err
	}
	return t.ctx.Err()
}

func (t *Target[T]) fail(err error) {
	t.mu.Lock()
	t.err = errors.Join(t.err, err)
	t.mu.Unlock()
}

// Eval writes log ρ(y) to logp and, unless score is the zero tile, ∇_y log ρ to score.
func (t *Target[T]) Eval(id int, logp []float64, score, y tile.Tile[T]) {
	w := t.workers[id]
	x, g := t.part(w.x, y), t.part(w.g, y)
	t.place(x, y)
	w.batch = targets.TileBatch[T]{X: x, LogP: logp}
	if !score.IsZero() {
		w.batch.Grad = g
	}
	if t.ctx.Err() != nil {
		return
	}
	if err := w.density.Eval(t.ctx, &w.batch); err != nil {
		t.fail(err)
		return
	}
	for j := range logp {
		logp[j] += t.frame.LogDet
	}
	if !score.IsZero() {
		t.turn(score, g, t.bt)
	}
}

// HVP writes the products of the Hessian of log ρ(y) with v to hv.
func (t *Target[T]) HVP(id int, hv, y, v tile.Tile[T]) {
	w := t.workers[id]
	x, dir, g := t.part(w.x, y), t.part(w.v, y), t.part(w.g, y)
	t.place(x, y)
	t.turn(dir, v, t.b)
	w.batch = targets.TileBatch[T]{X: x, V: dir, HVP: g}
	if err := w.density.Eval(t.ctx, &w.batch); err != nil {
		t.fail(err)
		return
	}
	t.turn(hv, g, t.bt)
}

// part is as much of a worker's tile as y has particles.
func (t *Target[T]) part(of, y tile.Tile[T]) tile.Tile[T] { return tile.Of(of.Data, t.frame.Dim, y.P) }

// place sets x = m + B y.
func (t *Target[T]) place(x, y tile.Tile[T]) {
	t.turn(x, y, t.b)
	for i, m := range t.mean {
		r := x.Row(i)
		for j := range r {
			r[j] += m
		}
	}
}

// turn sets dst = a src.
func (t *Target[T]) turn(dst, src tile.Tile[T], a []T) {
	if t.identity {
		vec.Scale(dst.Flat(), t.scale, src.Flat())
		return
	}
	n := t.frame.Dim
	vec.Gemm(n, src.P, n, a, n, 1, src.Data, src.LD, nil, 0, dst.Data, dst.LD)
}
