package nn

import (
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// blockAlign is the multiple at which the parameters of a layer start: rows of gradients then lie on cache lines.
const blockAlign = 16

// Tensor is a named part of the parameter vector, row-major.
type Tensor struct {
	Name  string
	Shape []int
	Off   int
	init  Init
}

// Size is the number of values.
func (t Tensor) Size() int {
	n := 1
	for _, s := range t.Shape {
		n *= s
	}
	return n
}

// Init says how a tensor starts: Shift plus normals times Normal plus uniforms on (−Uniform, Uniform). The zero value
// is all zeros.
type Init struct{ Shift, Normal, Uniform float64 }

// Layout lists the parameters of a model. Nets add to it as they are made, and it is complete when the first Params is.
type Layout struct {
	Tensors []Tensor
	dense   []Dense
	size    int
	names   map[string]bool
}

// Size is the length of the parameter vector: all tensors and the padding between them, which is always zero.
func (l *Layout) Size() int { return (l.size + blockAlign - 1) / blockAlign * blockAlign }

// Add appends a tensor and returns its place. Names must differ.
func (l *Layout) Add(name string, init Init, shape ...int) Tensor {
	l.align()
	return l.append(name, init, shape...)
}

func (l *Layout) align() { l.size = l.Size() }

func (l *Layout) append(name string, init Init, shape ...int) Tensor {
	if l.names[name] {
		panic(fmt.Sprintf("nn: two tensors are called %q", name))
	}
	if l.names == nil {
		l.names = map[string]bool{}
	}
	l.names[name] = true
	t := Tensor{Name: name, Shape: shape, Off: l.size, init: init}
	l.Tensors = append(l.Tensors, t)
	l.size += t.Size()
	return t
}

// Params is a parameter vector with the transposed copies of its matrices, which the forward pass reads.
type Params[T vec.Float] struct {
	*Layout
	Theta   []T
	trans   []T
	version int // how often it was refreshed
}

// NewParams returns parameters of zero.
func NewParams[T vec.Float](l *Layout) *Params[T] {
	return &Params[T]{Layout: l, Theta: tile.Aligned[T](l.Size()), trans: tile.Aligned[T](l.Size())}
}

// Refresh brings the transposes up to date. It must be called after Theta was changed and before a net is evaluated.
func (p *Params[T]) Refresh() {
	p.version++
	for _, d := range p.dense {
		vec.Transpose(p.trans[d.Off:], d.Rows(), p.Theta[d.Off:], d.Out, d.Rows(), d.Out)
	}
}

// Init sets the starting values of all tensors from a key, the same for any T but for rounding, and refreshes.
func (p *Params[T]) Init(key rng.Key) {
	for i, t := range p.Tensors {
		values := make([]float64, t.Size())
		if t.init.Normal != 0 {
			key.Normals(values, uint32(i), 0, 0)
		} else if t.init.Uniform != 0 {
			key.Uniforms(values, uint32(i), 0, 0)
			for j, u := range values {
				values[j] = 2*u - 1
			}
		}
		scale := t.init.Normal + t.init.Uniform // one of them is zero
		for j, v := range values {
			p.Theta[t.Off+j] = T(t.init.Shift + scale*v)
		}
	}
	p.Refresh()
}

// Of is the part of the vector that holds t.
func (p *Params[T]) Of(t Tensor) []T { return p.Theta[t.Off : t.Off+t.Size()] }

// Finite tells whether no value of v is NaN or infinite.
func Finite[T vec.Float](v []T) bool {
	s := vec.Dot(v, v)
	if !math.IsInf(s, 0) && !math.IsNaN(s) {
		return true
	}
	for _, x := range v { // squares of float64 may overflow where the values do not
		if math.IsInf(float64(x), 0) || x != x {
			return false
		}
	}
	return true
}
