package flow

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Field is a velocity and its divergence. It belongs to one worker.
type Field[T vec.Float] interface {
	// At sets v to the velocities at the points x and time t, and div to the divergences there.
	At(t float64, x, v tile.Tile[T], div []T)
}

// Integrator moves a tile of particles.
type Integrator[T vec.Float] struct {
	Field Field[T]
	Times []float64 // t_0 to t_K

	stage, v, sum tile.Tile[T]
	div           []T
}

// NewIntegrator makes the memory for tiles of dim rows by p particles.
func NewIntegrator[T vec.Float](f Field[T], times []float64, dim, p int) *Integrator[T] {
	return &Integrator[T]{
		Field: f, Times: times, stage: tile.New[T](dim, p), v: tile.New[T](dim, p), sum: tile.New[T](dim, p), div: make([]T, p),
	}
}

// Run takes x from time number from to number to, which may come before it, and adds to ratio the integrals of the
// divergence in the direction of time, whichever way it goes.
func (g *Integrator[T]) Run(x tile.Tile[T], ratio []float64, from, to int) {
	for k := from; k < to; k++ {
		g.step(x, ratio, g.Times[k], g.Times[k+1], 1)
	}
	for k := from; k > to; k-- {
		g.step(x, ratio, g.Times[k], g.Times[k-1], -1)
	}
}

func (g *Integrator[T]) step(x tile.Tile[T], ratio []float64, t, end, sign float64) {
	h := end - t
	g.sum.Copy(x)
	for i, s := range [4]struct{ at, reach, weight float64 }{{0, 0.5, 1. / 6}, {0.5, 0.5, 1. / 3}, {0.5, 1, 1. / 3}, {1, 0, 1. / 6}} {
		from := x
		if i > 0 {
			from = g.stage
		}
		g.Field.At(t+s.at*h, from, g.v, g.div)
		vec.Axpy(g.sum.Flat(), T(h*s.weight), g.v.Flat())
		for j, d := range g.div {
			ratio[j] += sign * h * s.weight * float64(d)
		}
		if s.reach > 0 {
			g.stage.Copy(x)
			vec.Axpy(g.stage.Flat(), T(h*s.reach), g.v.Flat())
		}
	}
	x.Copy(g.sum)
}
