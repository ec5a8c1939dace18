package chain

import (
	"math"
	"slices"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
)

// Free is what of a Langevin chain is learned beside its control, as tensors of the control's layout. All start at zero,
// which leaves the chain as it was made:
//
//	temperatures  β_k = Σ_{i≤k} softplus(c_i + θ_i)/Σ softplus(c + θ)     "path.betas"
//	step sizes    e_k = e_k⁰ e^{θ_k}                                      "path.sizes"
//	start         N(θ_m, Scale² e^{2θ_s}), of each coordinate              "start.mean", "start.log_std"
type Free struct {
	betas, sizes, mean, std *nn.Tensor
	bend                    []float64 // c
	size                    []float64 // e⁰
	scale                   float64
}

// NewFree adds what is asked for to a layout.
func NewFree(l *nn.Layout, s *Spec, betas, sizes, start bool) *Free {
	f := &Free{scale: s.Scale}
	add := func(name string, n int) *nn.Tensor {
		t := l.Add(name, nn.Init{}, n)
		return &t
	}
	if betas {
		f.betas = add("path.betas", s.K())
		for k := range s.K() {
			f.bend = append(f.bend, unsoftplus((s.Betas[k+1]-s.Betas[k])*float64(s.K())))
		}
	}
	if sizes {
		f.sizes = add("path.sizes", s.K())
		for _, step := range s.Steps {
			f.size = append(f.size, step.Forward.Var/2)
		}
	}
	if start {
		f.mean, f.std = add("start.mean", s.Dim), add("start.log_std", s.Dim)
	}
	return f
}

// tensors are those that there are.
func (f *Free) tensors() (out []*nn.Tensor) {
	for _, t := range []*nn.Tensor{f.betas, f.sizes, f.mean, f.std} {
		if t != nil {
			out = append(out, t)
		}
	}
	return out
}

// At is the sampler as the parameters have it. Where something beside the control is free it is another, with a chain of
// its own.
func (s *Sampler[T]) At(theta []T) *Sampler[T] {
	if s.Free == nil {
		return s
	}
	c, spec := *s, *s.Spec
	spec.Steps, spec.Betas = slices.Clone(spec.Steps), slices.Clone(spec.Betas)
	spec.StartMean, spec.StartStd = nil, nil
	apply(s.Free, &spec, theta)
	c.Spec = &spec
	return &c
}

// apply sets what is free of s.
func apply[T vec.Float](f *Free, s *Spec, theta []T) {
	if t := f.betas; t != nil {
		total, sum := 0.0, 0.0
		for k, v := range theta[t.Off : t.Off+s.K()] {
			s.Betas[k+1] = softplus(f.bend[k] + float64(v))
			total += s.Betas[k+1]
		}
		for k := range s.K() {
			sum += s.Betas[k+1]
			s.Betas[k+1] = sum / total
		}
		s.Betas[s.K()] = 1
	}
	if t := f.sizes; t != nil {
		for k, v := range theta[t.Off : t.Off+s.K()] {
			resize(&s.Steps[k], f.size[k]*math.Exp(float64(v)))
		}
	}
	if f.mean != nil {
		if s.StartMean == nil {
			s.StartMean, s.StartStd = make([]float64, s.Dim), make([]float64, s.Dim)
		}
		for i := range s.Dim {
			s.StartMean[i] = float64(theta[f.mean.Off+i])
			s.StartStd[i] = f.scale * math.Exp(float64(theta[f.std.Off+i]))
		}
	}
}

// resize makes step s one of size e.
func resize(s *Step, e float64) {
	for _, k := range []*Kernel{&s.Forward, &s.Backward} {
		if k.grows() {
			k.Push = e
		}
		k.Var = 2 * e
		if k.Drift != 0 {
			k.Drift = e
		}
	}
}

// grows tells whether the control counts by the step size, as Langevin makes it, and not by a factor of its own.
func (k *Kernel) grows() bool { return k.Push == k.Var/2 }

// slopes are the derivatives by β, e, and mean and log standard deviation of the start, of one slot.
type slopes struct{ beta, size, mean, std []float64 }

func newSlopes(s *Spec) *slopes {
	return &slopes{make([]float64, s.K()+1), make([]float64, s.K()), make([]float64, s.Dim), make([]float64, s.Dim)}
}

func (d *slopes) vectors() [4][]float64 { return [4][]float64{d.beta, d.size, d.mean, d.std} }

func (d *slopes) clear() {
	for _, v := range d.vectors() {
		clear(v)
	}
}

func (d *slopes) add(o *slopes) {
	to := d.vectors()
	for i, v := range o.vectors() {
		for j, x := range v {
			to[i][j] += x
		}
	}
}

// gather adds the derivatives by the tensors to g.
func gather[T vec.Float](f *Free, s *Spec, d *slopes, theta, g []T) {
	if t := f.betas; t != nil {
		// β_k = S_k/S_K with S_k = Σ_{i<k} p_i: ∂β_k/∂p_i = (1[i<k] − β_k)/S_K
		total, inner := 0.0, 0.0
		for k, v := range theta[t.Off : t.Off+s.K()] {
			total += softplus(f.bend[k] + float64(v))
			inner += d.beta[k] * s.Betas[k]
		}
		after := 0.0 // Σ_{i<k<K} ∂L/∂β_k
		for i := s.K() - 1; i >= 0; i-- {
			x := f.bend[i] + float64(theta[t.Off+i])
			g[t.Off+i] += T((after - inner) / total / (1 + math.Exp(-x)))
			after += d.beta[i]
		}
	}
	if t := f.sizes; t != nil {
		for k := range s.K() {
			g[t.Off+k] += T(d.size[k] * s.Steps[k].Forward.Var / 2)
		}
	}
	if f.mean != nil {
		for i := range s.Dim {
			g[f.mean.Off+i] += T(d.mean[i])
			g[f.std.Off+i] += T(d.std[i])
		}
	}
}

func softplus(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// unsoftplus is its inverse, of a positive number.
func unsoftplus(y float64) float64 {
	y = max(y, 1e-6)
	return y + math.Log(-math.Expm1(-y))
}
