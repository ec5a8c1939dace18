package tile

import (
	"unsafe"

	"github.com/sampan-mc/sampan/vec"
)

const (
	lineBytes = 64
	pageBytes = 4096
	slabBytes = 1 << 16
)

// Arena hands out the memory of one worker's tiles, each at the start of a cache line. A Mark and a later Release give
// back everything since; the memory is kept, so that a step that has run once allocates nothing when it runs again.
// An arena belongs to one goroutine at a time. The zero value is ready to use.
type Arena[T vec.Float] struct {
	slabs [][]T
	slab  int // the slab in use
	used  int // values used of it
}

// Mark is a place in an arena to return to.
type Mark struct{ slab, used int }

// Tile returns a tile of rows by p. Its values are whatever was there before.
func (a *Arena[T]) Tile(rows, p int) Tile[T] { return Of(a.Slice(rows*p), rows, p) }

// Input returns a tile of rows by p of zeros with a row of ones below it, rows+1 in all: the input of a layer.
func (a *Arena[T]) Input(rows, p int) Tile[T] {
	t := a.Tile(rows+1, p)
	clear(t.Data)
	t.Slice(rows, rows+1).Fill(1)
	return t
}

// Slice returns n values, whatever was there before.
func (a *Arena[T]) Slice(n int) []T {
	var z T
	size := int(unsafe.Sizeof(z))
	room := (n*size + lineBytes - 1) / lineBytes * lineBytes
	if room%pageBytes == 0 {
		room += lineBytes // tiles a whole number of pages apart would share cache sets, and stall loads behind stores
	}
	room /= size
	for a.slab < len(a.slabs) && a.used+room > len(a.slabs[a.slab]) {
		a.slab, a.used = a.slab+1, 0
	}
	if a.slab == len(a.slabs) {
		a.slabs = append(a.slabs, Aligned[T](max(room, slabBytes/size)))
	}
	s := a.slabs[a.slab][a.used : a.used+n : a.used+n]
	a.used += room
	return s
}

// Mark notes how much is in use.
func (a *Arena[T]) Mark() Mark { return Mark{a.slab, a.used} }

// Release gives back all that was handed out since m was taken.
func (a *Arena[T]) Release(m Mark) { a.slab, a.used = m.slab, m.used }

// Aligned returns n zeros that start at a cache line, for vectors that outlive any arena.
func Aligned[T vec.Float](n int) []T {
	var z T
	size := unsafe.Sizeof(z)
	s := make([]T, n+lineBytes/int(size))
	off := uintptr(unsafe.Pointer(unsafe.SliceData(s))) % lineBytes
	skip := 0
	if off != 0 {
		skip = int((lineBytes - off) / size)
	}
	return s[skip : skip+n : skip+n]
}
