package jet

import (
	"math"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Features is what nets see of a point (x, t): x·Scale, then t−½ and, for k up to Harmonics, sin πkt and cos πkt.
type Features struct {
	Dim       int
	Scale     float64
	Harmonics int
}

// Times is the number of features of time.
func (f Features) Times() int { return 1 + 2*f.Harmonics }

// Width is the number of all features: the input width of a net.
func (f Features) Width() int { return f.Dim + f.Times() }

// Input is the features of a tile of points, and their time derivatives. Several nets may share it.
type Input[T vec.Float] struct {
	Features
	u   tile.Tile[T] // Width()+1 rows, the last of ones
	dot tile.Tile[T] // Times() rows
	arg []T
}

// NewInput makes room for tiles of p points.
func NewInput[T vec.Float](f Features, p int, a *tile.Arena[T]) *Input[T] {
	in := &Input[T]{Features: f, u: a.Input(f.Width(), p), dot: a.Tile(f.Times(), p), arg: a.Slice(p)}
	in.dot.Slice(0, 1).Fill(1)
	return in
}

// Set takes points x, a row a coordinate, at times t.
func (in *Input[T]) Set(x tile.Tile[T], t []T) {
	for i := range in.Dim {
		vec.Scale(in.u.Row(i), T(in.Scale), x.Row(i))
	}
	for i, v := range t {
		in.u.Row(in.Dim)[i] = v - 0.5
	}
	for k := 1; k <= in.Harmonics; k++ {
		vec.Scale(in.arg, T(k)/2, t)
		sin, cos := in.u.Row(in.Dim+2*k-1), in.u.Row(in.Dim+2*k)
		vec.SinCos2Pi(sin, cos, in.arg)
		w := T(math.Pi * float64(k))
		vec.Scale(in.dot.Row(2*k-1), w, cos)
		vec.Scale(in.dot.Row(2*k), -w, sin)
	}
}
