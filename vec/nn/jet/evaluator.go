package jet

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Scalar is a scalar's value with its derivatives on a tile of points, or the cotangents of all that: a row each of
// value, Laplacian and time derivative, Dim rows of gradient. Lap is the zero tile where there is no Laplacian.
type Scalar[T vec.Float] struct{ Value, Grad, Lap, Rate tile.Tile[T] }

// Potential evaluates a scalar with derivatives, and their adjoint. It belongs to one worker, and works on the tile that
// its Input holds.
type Potential[T vec.Float] interface {
	evaluator[T]
	// Forward returns the scalar.
	Forward(w *nn.Params[T]) Scalar[T]
	// Backward takes the scalar's cotangents back to the parameters. They must stand where Forward's result stood, written
	// over it.
	Backward(w *nn.Params[T], s nn.Sink[T])
}

// Field evaluates a vector field of as many outputs as there are coordinates, with its divergence, and their adjoint. It
// belongs to one worker, and works on the tile that its Input holds.
type Field[T vec.Float] interface {
	evaluator[T]
	// Forward returns the field, Dim by P, and its divergence, a row.
	Forward(w *nn.Params[T]) (m, div tile.Tile[T])
	// Backward takes the cotangents of both back to the parameters.
	Backward(w *nn.Params[T], mBar, divBar tile.Tile[T], s nn.Sink[T])
}

type evaluator[T vec.Float] interface {
	// Begin works out what depends on the parameters alone: once per change of them, before the first tile.
	Begin(w *nn.Params[T])
	// End tells an nn.Gradient what its Backward calls left for the end, because it is cheaper for many tiles at once.
	// Other sinks have been told everything by then.
	End(w *nn.Params[T], s nn.Sink[T])
	// Flops is the number of floating-point operations of the matrix products of one point's Forward and Backward.
	Flops() float64
}

// NewPotential evaluates net, of one output, with gradient, Laplacian and time derivative, by jets: an MLP, a Ridge
// potential, a Conditioned MLP, a Sum of such, or one made even.
func NewPotential[T vec.Float](net nn.Net[T], in *Input[T], a *tile.Arena[T]) Potential[T] {
	return newScalar(net, in, func(net nn.Net[T], in *Input[T]) inner[T] { return newScalarJets(net, in, a) }, a)
}

// NewSlope evaluates net, as NewPotential takes it, with gradient and time derivative alone, by reverse mode. Without value
// only the derivatives are computed and taken back.
func NewSlope[T vec.Float](net nn.Net[T], in *Input[T], value bool, a *tile.Arena[T]) Potential[T] {
	return newScalar(net, in, func(net nn.Net[T], in *Input[T]) inner[T] { return newSlope(net, in, value, a) }, a)
}

// inner is a Potential of a perceptron.
type inner[T vec.Float] interface {
	Potential[T]
	// inputs sets dst to the cotangent of the input's rows, as of the last Backward.
	inputs(w *nn.Params[T], dst tile.Tile[T])
}

func newScalar[T vec.Float](net nn.Net[T], in *Input[T], of func(nn.Net[T], *Input[T]) inner[T], a *tile.Arena[T]) Potential[T] {
	switch net := net.(type) {
	case *nn.Sum[T]:
		s := &scalarSum[T]{}
		for _, n := range net.Nets {
			s.parts = append(s.parts, newScalar(n, in, of, a))
		}
		return s
	case *nn.Ridge[T]:
		return newRidgeScalar(net, in, of, a)
	case *nn.Mirrored[T]:
		return newEvenScalar(net, in, of, a)
	}
	return of(net, in)
}

// NewField evaluates net, of Dim outputs: an MLP, a Ridge field, a Conditioned MLP, a Sum of such, or one made odd. The divergence is
// exact, in the way that is cheapest for the net.
func NewField[T vec.Float](net nn.Net[T], in *Input[T], a *tile.Arena[T]) Field[T] {
	switch net := net.(type) {
	case *nn.Sum[T]:
		s := &fieldSum[T]{}
		for _, n := range net.Nets {
			s.parts = append(s.parts, NewField(n, in, a))
		}
		return s
	case *nn.Ridge[T]:
		return newRidgeField(net, in, a)
	case *nn.Mirrored[T]:
		return newOddField(net, in, func(in *Input[T]) Field[T] { return NewField(net.Net, in, a) }, a)
	}
	if m, _ := perceptron(net, in, in.Dim); len(m.Hidden) == 2 && !m.Residual && in.Dim > 1 {
		return newTrace(net, in, a)
	}
	return newFieldJets(net, in, a)
}

// perceptron takes a net apart: the MLP, and the one of time that conditions it, or nil. It panics unless they are of a
// kind that can be differentiated, on the features of in, with that many outputs.
func perceptron[T vec.Float](net nn.Net[T], in *Input[T], out int) (m, time *nn.MLP[T]) {
	body := net
	if c, ok := net.(*nn.Conditioned[T]); ok {
		body = c.Body
		if time, ok = c.Time.(*nn.MLP[T]); !ok || time.In() > in.slope.Rows || in.rows() != in.Width() || len(time.Hidden) == 0 {
			panic("jet: a conditioning net must be a perceptron with a hidden layer, on features of time")
		}
	}
	m, ok := body.(*nn.MLP[T])
	switch {
	case !ok:
		panic("jet: this architecture has no jets")
	case len(m.Hidden) == 0 || m.Cond() > 0 && time == nil:
		panic("jet: jets go through perceptrons with a hidden layer, their conditions given")
	case m.In() != in.rows() || m.Out() != out:
		panic("jet: the net's inputs and outputs do not fit")
	}
	return m, time
}

// activation is vec's name of a net's activation.
func activation(a nn.Activation) vec.Act {
	switch a {
	case nn.Tanh:
		return vec.ActTanh
	case nn.GELU:
		return vec.ActGelu
	case nn.SiLU:
		return vec.ActSilu
	}
	panic("jet: the activation has no jets")
}

// second sets h = f(z), d = f′ and d2 = f″.
func second[T vec.Float](a vec.Act, h, d, d2, z []T) {
	switch a {
	case vec.ActTanh:
		vec.TanhDD(h, d, d2, z)
	case vec.ActGelu:
		vec.GeluDD(h, d, d2, z)
	case vec.ActSilu:
		vec.SiluDD(h, d, d2, z)
	}
}

// widest is the largest hidden width.
func widest[T vec.Float](net *nn.MLP[T]) int {
	w := 0
	for _, h := range net.Hidden {
		w = max(w, h)
	}
	return w
}

// products is the number of operations of one particle's pass through the first layer, all hidden ones after it, and the
// last.
func products[T vec.Float](net *nn.MLP[T]) (first, hidden, last float64) {
	n := len(net.Layers) - 1
	for l, d := range net.Layers {
		f := float64(2 * d.Rows() * d.Out)
		switch l {
		case 0:
			first = f
		case n:
			last = f
		default:
			hidden += f
		}
	}
	return first, hidden, last
}

func none[T vec.Float]() tile.Tile[T] { return tile.Tile[T]{} }

func zeros[T vec.Float](a *tile.Arena[T], rows, p int) tile.Tile[T] {
	t := a.Tile(rows, p)
	t.Fill(0)
	return t
}
