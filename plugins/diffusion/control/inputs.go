package control

import (
	"math"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Inputs turns a state and the score there into a control's input rows.
type Inputs struct {
	Shape
	Bend []float64 // c of each coordinate; nil: 1
	Clip float64   // C; 0: the score is not bounded
}

// Fill sets the rows of dst to those of the states y and their scores q; q is not looked at unless NeedsScore. The rows of
// time are left alone. scratch has one row.
func Fill[T vec.Float](in *Inputs, dst, y, q tile.Tile[T], scratch []T) {
	at, d, r := 0, in.Dim, in.active()
	if in.Gates {
		hat := dst.Slice(0, d)
		hat.Copy(q)
		if in.Clip > 0 {
			shrink(scratch, q, T(in.Clip))
			for i := range d {
				vec.Mul(hat.Row(i), hat.Row(i), scratch)
			}
		}
		at = d
	}
	dst.Slice(at, at+d).Copy(y)
	at += d
	if in.Score {
		for i := range r {
			row := dst.Row(at + i)
			vec.Scale(row, T(1/in.bend(d-r+i)), q.Row(d-r+i))
			vec.Tanh(row, row)
		}
	}
}

func (in *Inputs) bend(i int) float64 {
	if in.Bend == nil {
		return 1
	}
	return in.Bend[i]
}

// shrink sets s to min(1, clip/|q|) for each particle.
func shrink[T vec.Float](s []T, q tile.Tile[T], clip T) {
	clear(s)
	for i := range q.Rows {
		vec.MulAdd(s, q.Row(i), q.Row(i), s)
	}
	for j, v := range s {
		s[j] = 1
		if v > clip*clip { // not for a NaN, which is to stay one
			s[j] = clip / T(math.Sqrt(float64(v)))
		}
	}
}

// FillBack takes the adjoint of the input rows, dx, back to the states and scores: dy and dq are set. dst is what Fill
// left.
func FillBack[T vec.Float](in *Inputs, dy, dq, dx, dst, q tile.Tile[T], scratch []T) {
	at, d, r := 0, in.Dim, in.active()
	dq.Fill(0)
	if in.Gates {
		dq.Copy(dx.Slice(0, d))
		if in.Clip > 0 {
			bounded(dq, q, T(in.Clip), scratch)
		}
		at = d
	}
	dy.Copy(dx.Slice(at, at+d))
	at += d
	if in.Score {
		for i := range r {
			h, g, to := dst.Row(at+i), dx.Row(at+i), dq.Row(d-r+i)
			c := T(1 / in.bend(d-r+i))
			for j := range to {
				to[j] += c * g[j] * (1 - h[j]*h[j])
			}
		}
	}
}

// bounded takes the adjoint of q̂ back to q: where the length was cut, only what is across q counts, shortened.
func bounded[T vec.Float](dq, q tile.Tile[T], clip T, s []T) {
	shrink(s, q, clip)
	for j, f := range s {
		if f == 1 {
			continue
		}
		dot, norm := 0.0, 0.0
		for i := range q.Rows {
			v := float64(q.Row(i)[j])
			dot += v * float64(dq.Row(i)[j])
			norm += v * v
		}
		for i := range q.Rows {
			dq.Row(i)[j] = f * (dq.Row(i)[j] - q.Row(i)[j]*T(dot/norm))
		}
	}
}
