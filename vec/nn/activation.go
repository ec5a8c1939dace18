package nn

import "github.com/sampan-mc/sampan/vec"

// Activation is the function between two layers.
type Activation int

// The activations. GELU is the form with tanh, x·σ(√(8/π)(x + 0.044715 x³)) (Hendrycks and Gimpel, "Gaussian error linear
// units", 2016); SiLU is x·σ(x).
const (
	SiLU Activation = iota
	GELU
	Tanh
	Sigmoid
	Softplus
	Identity
)

// Value sets h = act(z).
func Value[T vec.Float](a Activation, h, z []T) {
	switch a {
	case SiLU:
		vec.Silu(h, z)
	case GELU:
		vec.Gelu(h, z)
	case Tanh:
		vec.Tanh(h, z)
	case Sigmoid:
		vec.Sigmoid(h, z)
	case Softplus:
		vec.Softplus(h, z)
	case Identity:
		copy(h, z)
	default:
		panic("nn: no such activation")
	}
}

// Derivative sets h = act(z), to the bit as Value does, and dh = act′(z).
func Derivative[T vec.Float](a Activation, h, dh, z []T) {
	switch a {
	case SiLU:
		vec.SiluD(h, dh, z)
	case GELU:
		vec.GeluD(h, dh, z)
	case Tanh:
		vec.TanhD(h, dh, z)
	case Sigmoid:
		vec.SigmoidD(h, dh, z)
	case Softplus:
		vec.SoftplusD(h, dh, z)
	case Identity:
		copy(h, z)
		for i := range dh {
			dh[i] = 1
		}
	default:
		panic("nn: no such activation")
	}
}
