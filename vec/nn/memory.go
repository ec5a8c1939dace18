package nn

import (
	"unsafe"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Memory keeps the pre-activations of a net's evaluations from the forward pass of a step to its reverse pass, for as many
// evaluations as fit a cap. Where main memory is quick beside the processor, reading them back takes less time than
// computing them again.
type Memory[T vec.Float] struct {
	size  int
	count int
	data  []T
}

// NewMemory makes room for count evaluations of net on tiles of p particles, or for the first of them that fit in capBytes;
// a cap of nought keeps none.
func NewMemory[T vec.Float](net Net[T], p, count, capBytes int) *Memory[T] {
	var z T
	m := &Memory[T]{size: net.Kept() * p}
	if m.size > 0 {
		m.count = min(count, max(0, capBytes)/(m.size*int(unsafe.Sizeof(z))))
	}
	m.data = tile.Aligned[T](m.count * m.size)
	return m
}

// At is the memory of evaluation i, to be given to Pass.Forward and later to Pass.Record; nil if it is to be recomputed.
func (m *Memory[T]) At(i int) []T {
	if i >= m.count {
		return nil
	}
	return m.data[i*m.size : (i+1)*m.size : (i+1)*m.size]
}

// Count is the number of evaluations kept, the first ones.
func (m *Memory[T]) Count() int { return m.count }
