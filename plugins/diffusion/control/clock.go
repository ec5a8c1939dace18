package control

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Clock evaluates what depends on the time alone, the conditions of a control, at all times of a grid: the time net's
// outputs plus constants, times factors that are known.
type Clock[T vec.Float] struct {
	grid   *nn.Grid[T]
	start  []T // the constants, one a condition
	factor []T // n by conditions; nil: 1
	rows   []T
	drows  []T
	n, out int
}

// NewClock evaluates net, a net of t, at the times. start may be nil, for zeros.
func NewClock[T vec.Float](net nn.Net[T], times []float64, start []float64, factor func(k, condition int) float64) *Clock[T] {
	c := &Clock[T]{grid: nn.NewGrid(&tile.Arena[T]{}, net, len(times)), n: len(times), out: net.Out(), start: make([]T, net.Out())}
	for k, t := range times {
		c.grid.Input().Row(0)[k] = T(t)
	}
	for i, s := range start {
		c.start[i] = T(s)
	}
	c.rows, c.drows = make([]T, c.n*c.out), make([]T, c.n*c.out)
	if factor != nil {
		c.factor = make([]T, c.n*c.out)
		for i := range c.factor {
			c.factor[i] = T(factor(i/c.out, i%c.out))
		}
	}
	return c
}

// Record evaluates the time net with new parameters.
func (c *Clock[T]) Record(w *nn.Params[T]) {
	c.grid.Record(w)
	for k := range c.n {
		vec.Add(c.Row(k), c.grid.Row(k), c.start)
	}
	if c.factor != nil {
		vec.Mul(c.rows, c.rows, c.factor)
	}
}

// Row is the conditions at time k.
func (c *Clock[T]) Row(k int) []T { return c.rows[k*c.out : (k+1)*c.out : (k+1)*c.out] }

// Size is the length of a vector of the adjoints of all rows: row k's at k·Out.
func (c *Clock[T]) Size() int { return len(c.rows) }

// Out is the number of conditions.
func (c *Clock[T]) Out() int { return c.out }

// Backward takes the adjoints of all rows back to the parameters.
func (c *Clock[T]) Backward(w *nn.Params[T], drows []T, s nn.Sink[T]) {
	if c.factor != nil {
		vec.Mul(c.drows, drows, c.factor)
		drows = c.drows
	}
	c.grid.Backward(w, drows, s)
}
