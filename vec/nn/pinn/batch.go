package pinn

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Batch is the points of one step, in tiles of P.
type Batch[T vec.Float] struct {
	P     int
	Tiles []Points[T]
}

// Points is a tile of points and what is known there. Known is nil where V = φ, and must then be nil in all tiles.
type Points[T vec.Float] struct {
	X      tile.Tile[T] // Dim by P
	Time   []T
	Sigma2 []T // σ²(t); of noisy equations only
	Second []T // the factor of the second residual; OT and SB only
	Known  *Known[T]
	Probes [2]tile.Tile[T] // directions, Dim by P; with Config.Probes only
}

// Known holds the known parts of V at a tile of points, a value a point in each slice.
type Known[T vec.Float] struct {
	Rate     []T          // ∂_t base
	Grad     tile.Tile[T] // ∇ base, Dim by P
	Lap      []T          // Δ base; of noisy equations only
	Gain     []T
	GainRate []T          // ∂_t gain
	Norm     tile.Tile[T] // ∂_t ψ_k, a row each; no rows if there are no z
}

// NewBatch makes room for n points of dimension dim, n a multiple of p. With known there is room for the known parts of V,
// norms of them ψ.
func NewBatch[T vec.Float](dim, n, p int, known bool, norms int) *Batch[T] {
	if n <= 0 || p <= 0 || n%p != 0 {
		panic("pinn: the number of points must be a multiple of the tile's")
	}
	b := &Batch[T]{P: p, Tiles: make([]Points[T], n/p)}
	row := func() []T { return tile.Aligned[T](p) }
	for i := range b.Tiles {
		b.Tiles[i] = Points[T]{X: tile.New[T](dim, p), Time: row(), Sigma2: row(), Second: row()}
		if known {
			b.Tiles[i].Known = &Known[T]{row(), tile.New[T](dim, p), row(), row(), row(), tile.New[T](norms, p)}
		}
	}
	return b
}

// Len is the number of points.
func (b *Batch[T]) Len() int { return len(b.Tiles) * b.P }

// TilePoints is the number of points a tile that keeps what the configuration's nets work on in the nearest caches.
func (c Config) TilePoints() int {
	if c.Ridge != nil && c.Ridge.Alone || c.Equation == LogCE && len(c.Hidden) == 2 && !c.Residual {
		return 64 // no jets by all coordinates
	}
	return TilePoints(c.Dim)
}

// TilePoints is the number of points a tile that keeps the jets of a net of usual width in the nearest cache.
func TilePoints(dim int) int {
	if dim > 16 {
		return 16
	}
	return 32
}
