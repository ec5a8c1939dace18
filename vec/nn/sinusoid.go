package nn

import (
	"math"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Sinusoid is the embedding of a time on [0, 1] without parameters:
//
//	f(t) = (2t − 1, sin πt, cos πt, …, sin nπt, cos nπt),   n harmonics.
//
// It is not a Net but fills rows of an input, beside the state, and with Slope the rows of the input's derivative by time.
type Sinusoid struct{ Harmonics int }

// Rows is the number of features.
func (s Sinusoid) Rows() int { return 1 + 2*s.Harmonics }

// Fill sets dst, of Rows() rows, to the features of each particle's time; t may be row 0 of dst.
func Fill[T vec.Float](s Sinusoid, dst tile.Tile[T], t []T) {
	for j := s.Harmonics; j > 0; j-- {
		sin, cos := dst.Row(2*j-1), dst.Row(2*j)
		vec.Scale(cos, T(j)/2, t)
		vec.SinCos2Pi(sin, cos, cos)
	}
	r := dst.Row(0)
	for i, v := range t {
		r[i] = 2*v - 1
	}
}

// Slope sets dt to ∂f/∂t at the features f.
func Slope[T vec.Float](s Sinusoid, dt, f tile.Tile[T]) {
	dt.Slice(0, 1).Fill(2)
	for j := 1; j <= s.Harmonics; j++ {
		sin, cos, ds, dc := f.Row(2*j-1), f.Row(2*j), dt.Row(2*j-1), dt.Row(2*j)
		w := T(math.Pi * float64(j))
		for i := range ds {
			ds[i], dc[i] = w*cos[i], -w*sin[i]
		}
	}
}
