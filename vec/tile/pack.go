package tile

import "github.com/sampan-mc/sampan/vec"

// Count is the number of tiles of p particles that n particles need.
func Count(n, p int) int { return (n + p - 1) / p }

// Pack fills t with the particles of x, row-major with d = t.Rows values a particle. If they are fewer than t.P the last
// one is repeated, so that idle lanes hold harmless values and no infinities of their own.
func Pack[T vec.Float](t Tile[T], x []T) {
	n := checkRows(t, len(x))
	vec.Transpose(t.Data, t.LD, x, t.Rows, n, t.Rows)
	for i := range t.Rows {
		r := t.Row(i)
		last := r[n-1]
		for j := n; j < len(r); j++ {
			r[j] = last
		}
	}
}

// Unpack is the inverse of Pack: it fills x, of at most t.P particles, from t.
func Unpack[T vec.Float](x []T, t Tile[T]) {
	n := checkRows(t, len(x))
	vec.Transpose(x, t.Rows, t.Data, t.LD, t.Rows, n)
}

// Pack64 is Pack from float64, rounding where T is narrower.
func Pack64[T vec.Float](t Tile[T], x []float64) {
	n := checkRows(t, len(x))
	for i := range t.Rows {
		r := t.Row(i)
		for j := range r {
			r[j] = T(x[min(j, n-1)*t.Rows+i])
		}
	}
}

// Unpack64 is Unpack to float64.
func Unpack64[T vec.Float](x []float64, t Tile[T]) {
	n := checkRows(t, len(x))
	for i := range t.Rows {
		for j, v := range t.Row(i)[:n] {
			x[j*t.Rows+i] = float64(v)
		}
	}
}

func checkRows[T vec.Float](t Tile[T], size int) int {
	if t.Rows == 0 || size%t.Rows != 0 || size == 0 || size/t.Rows > t.P {
		panic("tile: particles do not fit the tile")
	}
	return size / t.Rows
}
