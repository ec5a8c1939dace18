package gram

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Shape is the nn.Sink that finds out which blocks a reverse pass on tiles of P particles tells of, and in how many terms:
// one pass, at any parameters and points, before NewJacobian.
type Shape[T vec.Float] struct {
	P      int
	Blocks []Block
}

// Dense counts d's terms, one for every P columns.
func (s *Shape[T]) Dense(d nn.Dense, _, dz tile.Tile[T]) {
	s.count(Block{Off: d.Off, Rows: d.Rows(), Cols: d.Out}, dz.P)
}

// Vector counts a block of dv.Rows by 1.
func (s *Shape[T]) Vector(off int, dv tile.Tile[T]) {
	s.count(Block{Off: off, Rows: dv.Rows, Cols: 1, Vector: true}, dv.P)
}

func (s *Shape[T]) count(told Block, columns int) {
	for i := range s.Blocks {
		if b := &s.Blocks[i]; b.Off == told.Off {
			b.Terms += columns / s.P
			b.Vector = false // a second term needs factors
			return
		}
	}
	told.Terms = columns / s.P
	told.Vector = told.Vector && told.Terms == 1
	s.Blocks = append(s.Blocks, told)
}

// Recorder is the nn.Sink that keeps what reverse passes tell it: with cotangents of residuals rather than of a loss, the
// rows of J. It belongs to one worker.
type Recorder[T vec.Float] struct {
	j    *Jacobian[T]
	tile int
	used []int        // terms of each block so far
	ones tile.Tile[T] // the b of vectors of many terms
}

var (
	_ nn.Sink[float32] = (*Shape[float32])(nil)
	_ nn.Sink[float32] = (*Recorder[float32])(nil)
)

// NewRecorder returns a recorder into j.
func NewRecorder[T vec.Float](j *Jacobian[T]) *Recorder[T] {
	r := &Recorder[T]{j: j, used: make([]int, len(j.Blocks)), ones: tile.New[T](1, j.P)}
	r.ones.Fill(1)
	return r
}

// Begin starts on tile t: its passes follow, always the same ones, and then End.
func (r *Recorder[T]) Begin(t int) {
	r.tile = t
	clear(r.used)
}

// End panics unless all terms of all blocks were told.
func (r *Recorder[T]) End() {
	for i, b := range r.j.Blocks {
		if r.used[i] != b.Terms {
			panic("gram: the passes of a tile left out terms of a block")
		}
	}
}

// Dense keeps x and dz as the next terms of d's block, one for every P columns.
func (r *Recorder[T]) Dense(d nn.Dense, x, dz tile.Tile[T]) { r.put(d.Off, x, dz) }

// Vector keeps dv as a block of dv.Rows by 1.
func (r *Recorder[T]) Vector(off int, dv tile.Tile[T]) { r.put(off, dv, r.ones) }

func (r *Recorder[T]) put(off int, a, b tile.Tile[T]) {
	for i, block := range r.j.Blocks {
		if block.Off != off {
			continue
		}
		from := r.used[i] * r.j.P
		r.used[i] += a.P / r.j.P
		f := r.j.Tiles[r.tile][i]
		f.A.Columns(from, from+a.P).Copy(a)
		if !block.Vector {
			f.B.Columns(from, from+b.P).Copy(b)
		}
		return
	}
	panic("gram: a reverse pass tells of parameters that are in no block")
}
