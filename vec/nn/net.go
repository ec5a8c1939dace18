package nn

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Net is an architecture: a map from In to Out features whose parameters are part of a Layout.
type Net[T vec.Float] interface {
	In() int
	Out() int
	// Cond is the number of values beside the inputs by which the net is conditioned; 0 for most.
	Cond() int
	// Kept is the number of values a particle that a Pass can keep for its reverse pass, see Memory.
	Kept() int
	// NewPass returns a pass over the tile x, of In()+1 rows, the last of them ones, and over the conditions c, nil if
	// Cond() is 0. Both are read afresh at every evaluation. Its tiles stay in use in the arena as long as the pass.
	NewPass(a *tile.Arena[T], x tile.Tile[T], c *Cond[T]) Pass[T]
}

// Pass evaluates a net, and its derivatives, on one tile. It belongs to one worker. The tiles that it returns are its own
// and hold until it is used again.
type Pass[T vec.Float] interface {
	// Forward is the net's output. If keep is not nil, of Kept()·P values, pre-activations are left there.
	Forward(p *Params[T], keep []T) tile.Tile[T]
	// Record is Forward, after which Backward and JVP may be called. If kept is not nil it holds what Forward left at the
	// same input and parameters, which saves most of the work; the result is the same to the bit.
	Record(p *Params[T], kept []T) tile.Tile[T]
	// Backward takes the adjoint of the output back: to the parameters, if s is not nil, to the conditions, where they want
	// it, and, if wantDX, to the inputs: the result has In() rows. It may be called more than once after a Record.
	Backward(p *Params[T], dy tile.Tile[T], s Sink[T], wantDX bool) tile.Tile[T]
	// JVP is the derivative of the output along the change tx of the inputs (of In() rows), dp of the parameters and that
	// of the conditions. A zero tx and a nil dp stand for no change.
	JVP(p, dp *Params[T], tx tile.Tile[T]) tile.Tile[T]
}

// Cond is what a pass is conditioned by: one vector that all particles of the tile share (Row), or a column for each
// (Tile). Adjoints are added to DRow, and written to DTile, if they are there; Tan is the change of Tile, or zero, for JVP.
type Cond[T vec.Float] struct {
	Row, DRow        []T
	Tile, DTile, Tan tile.Tile[T]
}

// Part is the conditions from to to−1 of c, for a net inside another.
func (c *Cond[T]) Part(from, to int) (dst Cond[T]) {
	c.part(&dst, from, to)
	return dst
}

// part sets dst to the conditions from to to−1 of c.
func (c *Cond[T]) part(dst *Cond[T], from, to int) {
	*dst = Cond[T]{}
	if c == nil {
		return
	}
	if c.Row != nil {
		dst.Row = c.Row[from:to]
	} else {
		dst.Tile = c.Tile.Slice(from, to)
	}
	if c.DRow != nil {
		dst.DRow = c.DRow[from:to]
	}
	if !c.DTile.IsZero() {
		dst.DTile = c.DTile.Slice(from, to)
	}
	if !c.Tan.IsZero() {
		dst.Tan = c.Tan.Slice(from, to)
	}
}

// addRowSums adds the row sums of dz to dst.
func addRowSums[T vec.Float](dst []T, dz tile.Tile[T]) {
	for i := range dst {
		dst[i] += T(vec.Sum(dz.Row(i)))
	}
}

// add sets dst = a + b.
func add[T vec.Float](dst, a, b tile.Tile[T]) {
	for i := range dst.Rows {
		vec.Add(dst.Row(i), a.Row(i), b.Row(i))
	}
}
