package optim

import (
	"math"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/tile"
)

// piece is how many parameters are worked on at a time: a few vectors of it fit the nearest cache.
const piece = 1 << 11

// Slots are the gradients of the slots that a batch of tiles is gathered in, and their sum.
type Slots[T vec.Float] struct {
	Grad  []T // the sum, after Reduce
	slots [][]T
	tiles int
	sums  []float64 // Σ g² of each piece

	reduce func(worker, i int)
}

// NewSlots makes room for gradients of size parameters over tiles tiles.
func NewSlots[T vec.Float](size, tiles int) *Slots[T] {
	s := &Slots[T]{tiles: tiles, slots: make([][]T, par.Slots(tiles)), sums: make([]float64, pieces(size))}
	for i := range s.slots {
		s.slots[i] = tile.Aligned[T](size)
	}
	s.Grad = tile.Aligned[T](size)
	s.reduce = s.reduceTask
	return s
}

func pieces(n int) int { return (n + piece - 1) / piece }

func bounds(i, n int) (lo, hi int) { return i * piece, min(n, (i+1)*piece) }

// Count is the number of slots; a reverse pass is a loop over them.
func (s *Slots[T]) Count() int { return len(s.slots) }

// Tiles is the range of tiles, lo to hi−1, whose gradients slot i gathers, in that order.
func (s *Slots[T]) Tiles(i int) (lo, hi int) { return par.Range(s.tiles, len(s.slots), i) }

// Clear sets slot i to zero and returns it.
func (s *Slots[T]) Clear(i int) []T {
	clear(s.slots[i])
	return s.slots[i]
}

// Reduce sets Grad to the sum of the slots and returns its Euclidean norm: NaN or +Inf if not all of it is finite.
func (s *Slots[T]) Reduce(pool *par.Pool) float64 {
	pool.For(len(s.sums), s.reduce)
	var sum float64
	for _, v := range s.sums {
		sum += v
	}
	return math.Sqrt(sum)
}

func (s *Slots[T]) reduceTask(_, i int) {
	lo, hi := bounds(i, len(s.Grad))
	g := s.Grad[lo:hi]
	if len(s.slots) == 1 {
		copy(g, s.slots[0][lo:hi])
	} else {
		vec.Add(g, s.slots[0][lo:hi], s.slots[1][lo:hi])
		for _, slot := range s.slots[2:] {
			vec.Add(g, g, slot[lo:hi])
		}
	}
	s.sums[i] = vec.Dot(g, g)
}
