package jet

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Features is what nets see of a point (x, t): x·Scale, then the features of t.
type Features struct {
	Dim   int
	Scale float64
	Time  nn.Sinusoid
}

// Width is the number of all features: the input width of a net.
func (f Features) Width() int { return f.Dim + f.Time.Rows() }

// Input is the features of a tile of points, and their time derivatives. Several nets may share it.
type Input[T vec.Float] struct {
	Features
	u     tile.Tile[T] // Width()+1 rows, the last of ones
	slope tile.Tile[T] // ∂_t of the last but that
}

// NewInput makes room for tiles of p points.
func NewInput[T vec.Float](f Features, p int, a *tile.Arena[T]) *Input[T] {
	return &Input[T]{Features: f, u: a.Input(f.Width(), p), slope: a.Tile(f.Time.Rows(), p)}
}

// Set takes points x, a row a coordinate, at times t.
func (in *Input[T]) Set(x tile.Tile[T], t []T) {
	for i := range in.Dim {
		vec.Scale(in.u.Row(i), T(in.Scale), x.Row(i))
	}
	time := in.u.Slice(in.Dim, in.Width())
	nn.Fill(in.Time, time, t)
	nn.Slope(in.Time, in.slope, time)
}
