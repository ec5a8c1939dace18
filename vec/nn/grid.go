package nn

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Grid evaluates a net of time once a step, at all times that particles share, instead of once a particle: the columns of
// its tile are times. Row is what a Pass takes as its
// Cond.Row.
type Grid[T vec.Float] struct {
	pass Pass[T]
	n    int
	x    tile.Tile[T]
	rows []T // n by out: the outputs at each time
	dy   tile.Tile[T]
	out  int
}

// gridPad is the multiple that the number of columns is rounded up to: whole vectors.
const gridPad = 16

// NewGrid evaluates net at n times. The caller fills Input, whose rows are the net's inputs and whose columns are times:
// once, where it does not change.
func NewGrid[T vec.Float](a *tile.Arena[T], net Net[T], n int) *Grid[T] {
	wide := (n + gridPad - 1) / gridPad * gridPad
	g := &Grid[T]{n: n, out: net.Out(), x: a.Input(net.In(), wide), dy: a.Tile(net.Out(), wide)}
	g.pass = net.NewPass(a, g.x, nil)
	g.rows = a.Slice(n * g.out)
	return g
}

// Input is the n columns of the net's input.
func (g *Grid[T]) Input() tile.Tile[T] { return g.x.Slice(0, g.x.Rows-1).Columns(0, g.n) }

// Record evaluates the net with new parameters.
func (g *Grid[T]) Record(w *Params[T]) {
	y := g.pass.Record(w, nil)
	vec.Transpose(g.rows, g.out, y.Data, y.LD, g.out, g.n)
}

// Row is the net's output at time k.
func (g *Grid[T]) Row(k int) []T { return g.rows[k*g.out : (k+1)*g.out : (k+1)*g.out] }

// Size is the length that a vector of the adjoints of all rows has: row k's at k·Out.
func (g *Grid[T]) Size() int { return len(g.rows) }

// Backward takes the adjoints of all rows back to the parameters.
func (g *Grid[T]) Backward(w *Params[T], drows []T, s Sink[T]) {
	g.dy.Fill(0)
	vec.Transpose(g.dy.Data, g.dy.LD, drows, g.out, g.n, g.out)
	g.pass.Backward(w, g.dy, s, false)
}
