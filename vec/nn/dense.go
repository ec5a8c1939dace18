package nn

import (
	"math"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Dense is an affine layer z = Wᵀ [x; 1]. W is (In+1) by Out, row-major at Off in the parameter vector, the bias last; or
// In by Out if it has none. It is saved as two tensors, name.kernel (In by Out) and name.bias.
type Dense struct {
	In, Out, Off int
	NoBias       bool
}

// LeCun is the initialisation of a layer of that many inputs by normals of variance scale²/in.
func LeCun(in int, scale float64) Init { return Init{Normal: scale / math.Sqrt(float64(in))} }

// NewDense adds a layer to a layout, its weights starting from kernel and its bias from bias.
func NewDense(l *Layout, name string, in, out int, kernel, bias Init) Dense {
	l.align()
	t := l.append(name+".kernel", kernel, in, out)
	l.append(name+".bias", bias, out)
	d := Dense{In: in, Out: out, Off: t.Off}
	l.dense = append(l.dense, d)
	return d
}

// NewLinear adds a layer without bias, its matrix the tensor name, In by Out.
func NewLinear(l *Layout, name string, in, out int, init Init) Dense {
	t := l.Add(name, init, in, out)
	d := Dense{In: in, Out: out, Off: t.Off, NoBias: true}
	l.dense = append(l.dense, d)
	return d
}

// Rows is the number of rows of W, and of the input tile.
func (d Dense) Rows() int {
	if d.NoBias {
		return d.In
	}
	return d.In + 1
}

// Matrix is the layer's W, Rows by Out, in a vector of parameters or of gradients.
func Matrix[T vec.Float](d Dense, v []T) []T { return v[d.Off : d.Off+d.Rows()*d.Out] }

// Transposed is Wᵀ, Out by Rows, as of the last Refresh.
func (p *Params[T]) Transposed(d Dense) []T { return p.trans[d.Off : d.Off+d.Rows()*d.Out] }

// Apply sets z = init + Wᵀ x, where x includes the row of ones. A zero init stands for none, and may be z.
func (p *Params[T]) Apply(d Dense, x, z, init tile.Tile[T]) {
	vec.Gemm(d.Out, z.P, d.Rows(), p.Transposed(d), d.Rows(), 1, x.Data, x.LD, init.Data, init.LD, z.Data, z.LD)
}

// Linear sets z = init + Wᵀ x without the bias: x has In rows.
func (p *Params[T]) Linear(d Dense, x, z, init tile.Tile[T]) {
	vec.Gemm(d.Out, z.P, d.In, p.Transposed(d), d.Rows(), 1, x.Data, x.LD, init.Data, init.LD, z.Data, z.LD)
}

// Adjoint sets dx = init + W dz, of In rows.
func (p *Params[T]) Adjoint(d Dense, dz, dx, init tile.Tile[T]) {
	vec.Gemm(d.In, dz.P, d.Out, p.Theta[d.Off:], d.Out, 1, dz.Data, dz.LD, init.Data, init.LD, dx.Data, dx.LD)
}
