package targets

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/sampan-mc/sampan/vec/rng"
)

// Unconstrain moves d to the unconstrained scale u. The result declares reals, and its log density is
//
//	log p(x(u)) + log |det ∂x/∂u|
//
// with the Jacobian counted to the prior where d gives prior and likelihood apart, so that a normalised prior stays
// normalised and the integral, Known.LogZ, is what it was. Known.Mean and Known.SD are facts about x: where x is not u
// they are NaN. Sample and SamplePrior, where d has them, give points u; Derive takes points u. Second derivatives are
// offered only where nothing is transformed. A point u whose x leaves the open support in float64 (exp overflows or
// vanishes) has log density −Inf.
//
// A density that is real already is returned as it is. The transform takes draws back to the declared scale.
func Unconstrain(d Density) (Density, Transform, error) {
	in := d.Info()
	t, err := NewTransform(in.Params)
	if err != nil {
		return nil, Transform{}, fmt.Errorf("%s: %w", in.Name, err)
	}
	if t.Identity() {
		return d, t, nil
	}
	in.Params = slices.Clone(in.Params)
	for i := range in.Params {
		in.Params[i].Support = Real
	}
	in.Can &^= HVP | Laplacian
	in.Known.Mean, in.Known.SD = t.hide(in.Known.Mean), t.hide(in.Known.SD)
	u := &unconstrained{inner: d, t: t, info: in}
	var s Sampler
	if inner, ok := d.(Sampler); ok {
		s = unconstrainedSampler{inner.Sample, t}
	}
	var p PriorSampler
	if inner, ok := d.(PriorSampler); ok {
		p = unconstrainedSampler{inner.SamplePrior, t}
	}
	var o Outputs
	if inner, ok := d.(Outputs); ok {
		o = unconstrainedOutputs{inner, t}
	}
	return attach(u, s, p, o), t, nil
}

// hide is v with NaN in the coordinates whose scale changes.
func (t Transform) hide(v []float64) []float64 {
	v = slices.Clone(v)
	for j := range v {
		if t.positive[j] {
			v[j] = math.NaN()
		}
	}
	return v
}

type unconstrained struct {
	inner Density
	t     Transform
	info  Info
	pool  sync.Pool // of *Batch, whose X is its own
}

func (c *unconstrained) Info() Info { return c.info }

func (c *unconstrained) Eval(ctx context.Context, b *Batch) error {
	if err := b.Check(c.info); err != nil {
		return err
	}
	in, _ := c.pool.Get().(*Batch)
	if in == nil {
		in = new(Batch)
	}
	defer c.pool.Put(in)
	x := slices.Grow(in.X[:0], len(b.X))[:len(b.X)]
	*in = *b
	in.X = x
	c.t.Constrain(b.N, b.X, x)
	err := c.inner.Eval(ctx, in)
	*in = Batch{X: x} // the caller's slices are not kept
	if err != nil {
		return err
	}
	for i := range b.N {
		c.row(b, i, x[i*b.D:(i+1)*b.D])
	}
	return nil
}

// row adds the Jacobian to row i, whose point on the declared scale is x.
func (c *unconstrained) row(b *Batch, i int, x []float64) {
	if b.Status[i] == NotEvaluated {
		return
	}
	lo, hi := i*b.D, (i+1)*b.D
	jac := c.t.LogJacobian(b.X[lo:hi])
	for j, pos := range c.t.positive {
		if pos && (x[j] == 0 || math.IsInf(x[j], 1)) {
			jac = math.Inf(-1)
		}
	}
	if b.Want.Has(Grad) {
		c.chain(b.Grad[lo:hi], x, 1)
		if b.Want.Has(Parts) {
			c.chain(b.GradPrior[lo:hi], x, 1)
			c.chain(b.GradLik[lo:hi], x, 0)
		}
	}
	v := 0.0
	if b.Want.Has(Parts) {
		b.LogPrior[i] = addLog(b.LogPrior[i], jac)
	}
	if b.Want.Has(LogP) {
		v = addLog(b.LogP[i], jac)
	} else if b.Status[i] == OutOfSupport || math.IsInf(jac, -1) {
		v = math.Inf(-1)
	} else if b.Status[i] == Numerical {
		v = math.NaN()
	}
	b.settle(i, v)
}

// chain turns a gradient in x into one in u, and adds that of the Jacobian if jac is 1.
func (c *unconstrained) chain(g, x []float64, jac float64) {
	for j, pos := range c.t.positive {
		if pos {
			g[j] = g[j]*x[j] + jac
		}
	}
}

// addLog adds a log Jacobian to a log density; −Inf on the Jacobian's side settles the matter.
func addLog(v, jac float64) float64 {
	if math.IsInf(jac, -1) {
		return jac
	}
	return v + jac
}

type unconstrainedSampler struct {
	draw func(ctx context.Context, first, n int, key rng.Key, x []float64) error
	t    Transform
}

func (s unconstrainedSampler) Sample(ctx context.Context, first, n int, key rng.Key, u []float64) error {
	if err := s.draw(ctx, first, n, key, u); err != nil {
		return err
	}
	s.t.Unconstrain(n, u, u)
	return nil
}

func (s unconstrainedSampler) SamplePrior(ctx context.Context, first, n int, key rng.Key, u []float64) error {
	return s.Sample(ctx, first, n, key, u)
}

type unconstrainedOutputs struct {
	outputs
	t Transform
}

func (o unconstrainedOutputs) Derive(ctx context.Context, n int, u, out []float64) error {
	x := make([]float64, len(u))
	o.t.Constrain(n, u, x)
	return o.outputs.Derive(ctx, n, x, out)
}
