package targets

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"

	"github.com/sampan-mc/sampan/vec/rng"
)

// Rotated is a density p in other orthogonal coordinates z:
//
//	x = Q z,  log p'(z) = log p(Q z),  ∇log p'(z) = Qᵀ ∇log p(Q z)
//
// with Q fixed. Where p is a product over the coordinates of x, p' is none over those of z: a sampler that does well on p
// because it treats coordinates apart is found out on p'. Rotate makes one; As finds it in what Rotate returns.
type Rotated struct {
	inner Density
	info  Info
	q     []float64 // d×d row-major
	pool  sync.Pool // of *Batch, whose X and V are its own
}

// Rotate is d under the rotation of this seed: Q is drawn from the uniform (Haar) law on the orthogonal group, so it may
// hold a reflection. d must be declared on the reals. The result has one parameter z; its log Z is that of d, its mean
// Qᵀ times the mean, and its standard deviations are known where the covariance of d is. Draws, prior and likelihood
// apart, derived quantities and modes are those of d.
func Rotate(d Density, seed uint64) (Density, error) {
	in := d.Info()
	if p, bad := notReal(in); bad {
		return nil, fmt.Errorf("%s: parameter %s is %v; only a density declared on the reals can be rotated", in.Name, p.Name, p.Support)
	}
	dim := in.Dim()
	if dim > maxRotatedDim {
		return nil, fmt.Errorf("%s: dimension %d; a rotation is limited to %d", in.Name, dim, maxRotatedDim)
	}
	r := &Rotated{inner: d, info: in, q: haar(dim, seed)}
	r.info.Name = fmt.Sprintf("%s_rotation%d", in.Name, seed)
	r.info.Params = Reals("z", dim)
	r.info.Known.Mean, r.info.Known.SD = nil, nil
	if m := in.Known.Mean; m != nil {
		r.info.Known.Mean = make([]float64, dim)
		r.back(m, r.info.Known.Mean)
	}
	if c, ok := As[covaried](d); ok {
		r.info.Known.SD = r.sds(c.covariance())
	}
	var s Sampler
	if inner, ok := d.(Sampler); ok {
		s = rotatedSampler{inner.Sample, r}
	}
	var p PriorSampler
	if inner, ok := d.(PriorSampler); ok {
		p = rotatedSampler{inner.SamplePrior, r}
	}
	var o Outputs
	if inner, ok := d.(Outputs); ok {
		o = rotatedOutputs{inner, r}
	}
	if m := ModesOf(d); m != nil {
		return attach(rotatedModal{r, m}, s, p, o), nil
	}
	return attach(r, s, p, o), nil
}

// Inner is the density that is rotated.
func (r *Rotated) Inner() Density { return r.inner }

// Matrix is Q, d×d row-major. It must not be changed.
func (r *Rotated) Matrix() []float64 { return r.q }

// Info describes the rotated density.
func (r *Rotated) Info() Info { return r.info }

func (r *Rotated) times(t blas.Transpose, in, out []float64) {
	d := len(in)
	blas64.Gemv(t, 1, blas64.General{Rows: d, Cols: d, Stride: d, Data: r.q},
		blas64.Vector{N: d, Inc: 1, Data: in}, 0, blas64.Vector{N: d, Inc: 1, Data: out})
}

// forth is x = Q z, back is z = Qᵀ x: of one point, from one slice into another.
func (r *Rotated) forth(z, x []float64) { r.times(blas.NoTrans, z, x) }
func (r *Rotated) back(x, z []float64)  { r.times(blas.Trans, x, z) }

// turn is forth for n points.
func (r *Rotated) turn(n int, z, x []float64) {
	d := r.info.Dim()
	for i := range n {
		r.forth(z[i*d:(i+1)*d], x[i*d:(i+1)*d])
	}
}

// sds are the roots of the diagonal of Qᵀ C Q; nil if C is.
func (r *Rotated) sds(c []float64) []float64 {
	if c == nil {
		return nil
	}
	d := r.info.Dim()
	out, col := make([]float64, d), make([]float64, d)
	for j := range d {
		for i := range d {
			col[i] = r.q[i*d+j]
		}
		for i := range d {
			out[j] += col[i] * dot(c[i*d:(i+1)*d], col)
		}
		out[j] = math.Sqrt(out[j])
	}
	return out
}

// rotatedBatch is the request to the inner density, and a row to turn gradients in.
type rotatedBatch struct {
	b         Batch
	x, v, row []float64
}

// Eval turns the points, asks the inner density, and turns what it answers back, row by row, so that no answer depends
// on the rest of the batch.
func (r *Rotated) Eval(ctx context.Context, b *Batch) error {
	if err := b.Check(r.info); err != nil {
		return err
	}
	in, _ := r.pool.Get().(*rotatedBatch)
	if in == nil {
		in = &rotatedBatch{row: make([]float64, b.D)}
	}
	defer r.pool.Put(in)
	in.b = *b
	in.x = slices.Grow(in.x[:0], len(b.X))[:len(b.X)]
	r.turn(b.N, b.X, in.x)
	in.b.X = in.x
	if b.Want.Has(HVP) {
		in.v = slices.Grow(in.v[:0], len(b.V))[:len(b.V)]
		r.turn(b.N, b.V, in.v)
		in.b.V = in.v
	}
	err := r.inner.Eval(ctx, &in.b)
	in.b = Batch{} // the caller's slices are not kept
	if err != nil {
		return err
	}
	for _, g := range [...][]float64{b.Grad, b.GradPrior, b.GradLik, b.HVP} {
		if g == nil {
			continue
		}
		for i := range b.N {
			if b.Status[i] != NotEvaluated {
				copy(in.row, g[i*b.D:(i+1)*b.D])
				r.back(in.row, g[i*b.D:(i+1)*b.D])
			}
		}
	}
	if b.Want.Has(Grad) {
		for i := range b.N { // finite entries may add up to more than fits
			if b.Status[i] == OK && !finite(b.Grad[i*b.D:(i+1)*b.D]) {
				b.Status[i] = GradBad
			}
		}
	}
	return nil
}

// rotatedModal is a Rotated whose modes are known.
type rotatedModal struct {
	*Rotated
	modes Modal
}

func (r rotatedModal) Unwrap() Density        { return r.Rotated }
func (r rotatedModal) ModeWeights() []float64 { return r.modes.ModeWeights() }

func (r rotatedModal) Mode(z []float64) int {
	x := make([]float64, len(z))
	r.forth(z, x)
	return r.modes.Mode(x)
}

type rotatedSampler struct {
	draw func(ctx context.Context, first, n int, key rng.Key, x []float64) error
	r    *Rotated
}

func (s rotatedSampler) Sample(ctx context.Context, first, n int, key rng.Key, z []float64) error {
	if err := s.draw(ctx, first, n, key, z); err != nil {
		return err
	}
	d := s.r.info.Dim()
	x := make([]float64, d)
	for i := range n {
		copy(x, z[i*d:(i+1)*d])
		s.r.back(x, z[i*d:(i+1)*d])
	}
	return nil
}

func (s rotatedSampler) SamplePrior(ctx context.Context, first, n int, key rng.Key, z []float64) error {
	return s.Sample(ctx, first, n, key, z)
}

type rotatedOutputs struct {
	outputs
	r *Rotated
}

func (o rotatedOutputs) Derive(ctx context.Context, n int, z, out []float64) error {
	x := make([]float64, len(z))
	o.r.turn(n, z, x)
	return o.outputs.Derive(ctx, n, x, out)
}
