package jet

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// check panics unless net is a plain perceptron on the features of in, with that many outputs.
func check[T vec.Float](net *nn.MLP[T], in *Input[T], out int) {
	switch {
	case len(net.Hidden) == 0 || net.Residual || net.Cond() > 0:
		panic("jet: jets go through plain perceptrons with a hidden layer")
	case net.In() != in.Width() || net.Out() != out:
		panic("jet: the net's inputs and outputs do not fit")
	}
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

func none[T vec.Float]() tile.Tile[T] { return tile.Tile[T]{} }
