package nn

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Sink receives what a reverse pass finds out about parameters. Tiles are only lent: they change after the call.
type Sink[T vec.Float] interface {
	// Dense is told of a layer's input x, of d.Rows() rows, and of the adjoint dz of its output: the gradient is x dzᵀ,
	// summed over columns. Nets that use a layer several times for a particle (PerDim) have several blocks of P columns
	// side by side.
	Dense(d Dense, x, dz tile.Tile[T])
	// Vector is told of the adjoint, a column a particle, of parameters off to off+dv.Rows−1: the gradient is its row sums.
	Vector(off int, dv tile.Tile[T])
}

const (
	// gradColumns is how many particles' adjoints are transposed at a time: the copy then stays in the nearest cache.
	gradColumns = 128
	// gradPad lengthens the rows of the copy: rows a power of two apart would fall into few sets of the cache.
	gradPad = 16
)

// Gradient is the sink that adds to the gradient G.
type Gradient[T vec.Float] struct {
	G  []T
	dt []T
}

// NewGradient returns a sink for gradients of l's parameters, with scratch for one worker; G is for the caller to set.
func NewGradient[T vec.Float](l *Layout) *Gradient[T] {
	wide := 0
	for _, d := range l.dense {
		wide = max(wide, gradLD(d.Out))
	}
	return &Gradient[T]{dt: tile.Aligned[T](gradColumns * wide)}
}

func gradLD(out int) int { return (out+gradPad-1)/gradPad*gradPad + gradPad }

// Dense adds x dzᵀ to the gradient of d.
func (s *Gradient[T]) Dense(d Dense, x, dz tile.Tile[T]) {
	g, ld := s.G[d.Off:], gradLD(d.Out)
	for from := 0; from < dz.P; from += gradColumns {
		n := min(gradColumns, dz.P-from)
		vec.Transpose(s.dt, ld, dz.Data[from:], dz.LD, d.Out, n)
		vec.Gemm(d.Rows(), d.Out, n, x.Data[from:], x.LD, 1, s.dt, ld, g, d.Out, g, d.Out)
	}
}

// Vector adds the row sums of dv.
func (s *Gradient[T]) Vector(off int, dv tile.Tile[T]) {
	for i := range dv.Rows {
		s.G[off+i] += T(vec.Sum(dv.Row(i)))
	}
}
