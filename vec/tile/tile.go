// Package tile holds a batch of particles the way the vector core wants it: feature-major tiles, in which a row is one
// feature of P particles, so that every lane of a vector is a particle whatever the dimension is. A linear layer of any
// width is then one matrix product with the particles along the vectors, and two outputs are as well served as two
// hundred.
//
//	row-major (a particle a row)      tile (a feature a row)
//	x₀ y₀                             x₀ x₁ x₂ … x_{P−1}
//	x₁ y₁                             y₀ y₁ y₂ … y_{P−1}
//	x₂ y₂                             1  1  1  … 1          the ones row, where a layer's bias lives in its matrix
//	…
//
// P is 64 or 128 as a rule: long enough for the vectors, short enough that a layer's tiles stay in the nearest caches.
// An Arena lays tiles out one after the other; Pack and Unpack convert at the edges of a computation.
package tile

import "github.com/sampan-mc/sampan/vec"

// Tile is a matrix of Rows features by P particles; row i is Data[i*LD : i*LD+P]. LD is P but for a view of some of the
// columns of a wider tile.
type Tile[T vec.Float] struct {
	Data        []T
	Rows, P, LD int
}

// New returns a tile of zeros with memory of its own.
func New[T vec.Float](rows, p int) Tile[T] {
	return Of(Aligned[T](rows*p), rows, p)
}

// Of makes a tile of the first rows*p values of data.
func Of[T vec.Float](data []T, rows, p int) Tile[T] {
	return Tile[T]{Data: data[: rows*p : rows*p], Rows: rows, P: p, LD: p}
}

// Row is the slice that holds row i.
func (t Tile[T]) Row(i int) []T {
	if uint(i) >= uint(t.Rows) {
		panic("tile: no such row")
	}
	return t.Data[i*t.LD : i*t.LD+t.P : i*t.LD+t.P]
}

// Slice is the view of rows from to to−1.
func (t Tile[T]) Slice(from, to int) Tile[T] {
	if from < 0 || from > to || to > t.Rows {
		panic("tile: rows out of range")
	}
	if from == to {
		return Tile[T]{P: t.P, LD: t.LD}
	}
	lo, hi := from*t.LD, (to-1)*t.LD+t.P
	return Tile[T]{Data: t.Data[lo:hi:hi], Rows: to - from, P: t.P, LD: t.LD}
}

// Columns is the view of particles from to to−1.
func (t Tile[T]) Columns(from, to int) Tile[T] {
	if from < 0 || from > to || to > t.P {
		panic("tile: columns out of range")
	}
	if t.Rows == 0 || from == to {
		return Tile[T]{Rows: t.Rows, P: to - from, LD: t.LD}
	}
	hi := (t.Rows-1)*t.LD + to
	return Tile[T]{Data: t.Data[from:hi:hi], Rows: t.Rows, P: to - from, LD: t.LD}
}

// Flat is all of a tile as one slice, row after row. The tile must not be a view of some columns.
func (t Tile[T]) Flat() []T {
	if t.LD != t.P && t.Rows > 1 {
		panic("tile: a view of columns is not contiguous")
	}
	return t.Data[:t.Rows*t.P]
}

// Fill sets every value.
func (t Tile[T]) Fill(v T) {
	for i := range t.Rows {
		r := t.Row(i)
		for j := range r {
			r[j] = v
		}
	}
}

// Copy copies the values of src, of the same shape, to t.
func (t Tile[T]) Copy(src Tile[T]) {
	if t.Rows != src.Rows || t.P != src.P {
		panic("tile: shapes differ")
	}
	for i := range t.Rows {
		copy(t.Row(i), src.Row(i))
	}
}

// IsZero tells whether t is the zero Tile, which stands for "none" wherever a tile may be left out.
func (t Tile[T]) IsZero() bool { return t.Data == nil && t.Rows == 0 && t.P == 0 }
