// Package targets holds what Sampan draws from: densities known up to a constant.
//
// A Density answers batches: n points in, log densities and, if asked for and able, gradients out. Log densities are
// natural logs and unnormalised unless Info says otherwise. Minus infinity is a value (outside the support), NaN is a
// fault and is located by the point's Status. Points are on the scale the density declares; Unconstrain moves any
// density to the whole real space, with the Jacobian of the change of variables in the log density.
package targets

import (
	"context"

	"github.com/sampan-mc/sampan/vec/rng"
)

// Want is a set of quantities asked of a Density, or offered by one.
type Want uint32

// The quantities. Parts asks for the log prior and the log likelihood apart, and with Grad for both their gradients.
const (
	LogP Want = 1 << iota
	Grad
	Parts
	HVP
	Laplacian
)

// Has reports whether w holds all of q.
func (w Want) Has(q Want) bool { return w&q == q }

// Status says how the evaluation of one point went.
type Status uint8

// The statuses. OutOfSupport goes with a log density of −Inf and is no fault. Numerical: the log density is NaN or +Inf.
// GradBad: the log density is good, its gradient is not finite. NotEvaluated: the point was given up before it was tried.
const (
	OK Status = iota
	OutOfSupport
	Numerical
	GradBad
	NotEvaluated
)

// Batch is one evaluation request and its answer. X is n×d row-major, on the scale the density declares. The caller
// allocates every slice it names in Want; the density fills those and Status, and nothing else.
type Batch struct {
	N, D               int
	Want               Want
	X, V               []float64 // n×d; V, the directions, only with HVP
	LogP               []float64 // n
	Grad               []float64 // n×d
	LogPrior, LogLik   []float64 // n each, with Parts; LogP is their sum
	GradPrior, GradLik []float64 // n×d each, with Parts and Grad
	HVP                []float64 // n×d: Hessian of the log density times V
	Laplacian          []float64 // n: trace of that Hessian
	Status             []Status  // n
}

// Density is a log density known up to a constant. Implementations are safe for concurrent use, and pure: the same
// batch gives the same bytes.
type Density interface {
	Info() Info
	// Eval fills what b.Want names. One bad point is a Status; an error means that the call as a whole failed.
	Eval(ctx context.Context, b *Batch) error
}

// Sampler is a Density that can draw exactly from itself.
type Sampler interface {
	// Sample fills x, n×d on the declared scale, with the draws of slots first … first+n−1. A draw depends on key and
	// slot only.
	Sample(ctx context.Context, first, n int, key rng.Key, x []float64) error
}

// PriorSampler is a Density with Parts whose prior is normalised and can be drawn from.
type PriorSampler interface {
	SamplePrior(ctx context.Context, first, n int, key rng.Key, x []float64) error
}

// Outputs is a Density with derived quantities, computed once for each kept draw.
type Outputs interface {
	// Outputs describes them: names, shapes and, through Param.Size, the row width of what Derive fills.
	Outputs() []Param
	// Derive fills out, n rows, from x, n×d on the declared scale.
	Derive(ctx context.Context, n int, x, out []float64) error
}
