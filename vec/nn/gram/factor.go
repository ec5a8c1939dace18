package gram

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Block is the shape of a layer's weights and where they lie in the parameter vector, row-major, and the number of terms
// its gradient is a sum of.
type Block struct {
	Off, Rows, Cols int
	Terms           int
	Vector          bool // one column and one term, without a B: A is the gradient itself
}

// Factor is a tile of samples' gradients for one block: sample n's is Σ_c a_{n,c} b_{n,c}ᵀ. A is Rows by Terms·P and B is
// Cols by Terms·P, both with term c of the samples in columns c·P to (c+1)·P−1. A Vector has no
// B.
type Factor[T vec.Float] struct{ A, B tile.Tile[T] }

// Jacobian is ∂r/∂θ of N residuals in factored form: Tiles[t][f] is block f of samples t·P to (t+1)·P−1.
type Jacobian[T vec.Float] struct {
	P, Params int
	Blocks    []Block
	Tiles     [][]Factor[T]
}

// NewJacobian makes room for n samples in tiles of p, of which n must be a multiple. Blocks must not overlap. All values
// are zero.
func NewJacobian[T vec.Float](n, p, params int, blocks []Block) *Jacobian[T] {
	if p <= 0 || n <= 0 || n%p != 0 {
		panic("gram: the number of samples must be a multiple of the tile's")
	}
	j := &Jacobian[T]{P: p, Params: params, Blocks: blocks, Tiles: make([][]Factor[T], n/p)}
	for t := range j.Tiles {
		for _, b := range blocks {
			if b.Off < 0 || b.Rows <= 0 || b.Cols <= 0 || b.Terms <= 0 || b.Off+b.Rows*b.Cols > params || b.Vector && b.Cols*b.Terms != 1 {
				panic("gram: a block lies outside the parameters, or is no vector")
			}
			f := Factor[T]{A: tile.New[T](b.Rows, b.Terms*p)}
			if !b.Vector {
				f.B = tile.New[T](b.Cols, b.Terms*p)
			}
			j.Tiles[t] = append(j.Tiles[t], f)
		}
	}
	return j
}

// Samples is the number of residuals.
func (j *Jacobian[T]) Samples() int { return len(j.Tiles) * j.P }
