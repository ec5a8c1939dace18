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
	u     tile.Tile[T] // the features, perhaps rows that depend on neither x nor t, and a row of ones
	slope tile.Tile[T] // ∂_t of the features of time
}

// NewInput makes room for tiles of p points.
func NewInput[T vec.Float](f Features, p int, a *tile.Arena[T]) *Input[T] {
	return newInput(f, 0, p, a)
}

// newInput makes room for extra rows too, constant ones to derivatives.
func newInput[T vec.Float](f Features, extra, p int, a *tile.Arena[T]) *Input[T] {
	return &Input[T]{Features: f, u: a.Input(f.Width()+extra, p), slope: a.Tile(f.Time.Rows(), p)}
}

// rows is the input width of a net.
func (in *Input[T]) rows() int { return in.u.Rows - 1 }

// time is the rows of u with the features of time.
func (in *Input[T]) time() tile.Tile[T] { return in.u.Slice(in.Dim, in.Dim+in.slope.Rows) }

// Set takes points x, a row a coordinate, at times t.
func (in *Input[T]) Set(x tile.Tile[T], t []T) {
	for i := range in.Dim {
		vec.Scale(in.u.Row(i), T(in.Scale), x.Row(i))
	}
	nn.Fill(in.Time, in.time(), t)
	nn.Slope(in.Time, in.slope, in.time())
}
