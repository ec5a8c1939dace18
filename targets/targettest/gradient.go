package targettest

import (
	"math"

	"gonum.org/v1/gonum/diff/fd"
	"gonum.org/v1/gonum/integrate/quad"

	"github.com/sampan-mc/sampan/targets"
)

// directions are the coordinate axes, sixteen of them at random if there are more, and two random directions that
// mix all coordinates.
func (s *suite) directions() [][]float64 {
	dim, key := s.in.Dim(), s.key("directions")
	var out [][]float64
	for i := range min(dim, 16) {
		v := make([]float64, dim)
		if dim <= 16 {
			v[i] = 1
		} else {
			v[int(key.Uniform(uint32(i), 0, 0)*float64(dim))] = 1
		}
		out = append(out, v)
	}
	for i := range uint32(2) {
		v := make([]float64, dim)
		key.Normals(v, i, 1, 0)
		norm := 0.0
		for _, c := range v {
			norm += c * c
		}
		for j := range v {
			v[j] /= math.Sqrt(norm)
		}
		out = append(out, v)
	}
	return out
}

// steps of the central differences: the best of them counts, as no single one suits both a stiff density, where
// truncation rules, and a large log density, where rounding does.
var steps = []float64{1e-3, 1e-4, 1e-5, 1e-6}

func (s *suite) gradient() {
	if !s.in.Can.Has(targets.Grad) {
		s.skipf("the density offers none")
		return
	}
	s.slopes(targets.LogP|targets.Grad, "gradient",
		func(b *targets.Batch) float64 { return b.LogP[0] }, func(b *targets.Batch) []float64 { return b.Grad })
}

// slopes compares the directional derivatives of value with gradient at a few points.
func (s *suite) slopes(want targets.Want, what string, value func(*targets.Batch) float64, gradient func(*targets.Batch) []float64) {
	x, dim := s.points(6), s.in.Dim()
	for i := range len(x) / dim {
		at := x[i*dim : (i+1)*dim]
		b := s.eval(want, at)
		if b == nil {
			return
		}
		if b.Status[0] != targets.OK {
			continue
		}
		for _, v := range s.directions() {
			slope := 0.0
			for j, g := range gradient(b) {
				slope += g * v[j]
			}
			best, err := math.NaN(), math.Inf(1)
			for _, h := range steps {
				d := s.difference(want, at, v, h, value)
				if e := math.Abs(d - slope); e < err {
					best, err = d, e
				}
			}
			if !(err <= s.o.GradTol*math.Max(1, math.Abs(slope))) {
				s.failf("point %d: %s along %v is %v, differences say %v", i, what, short(v), slope, best)
			}
		}
	}
}

func (s *suite) difference(want targets.Want, at, v []float64, h float64, value func(*targets.Batch) float64) float64 {
	p := make([]float64, len(at))
	return fd.Derivative(func(t float64) float64 {
		for j := range p {
			p[j] = at[j] + t*v[j]
		}
		b := s.eval(want, p)
		if b == nil {
			return math.NaN()
		}
		return value(b)
	}, 0, &fd.Settings{Formula: fd.Central, Step: h})
}

// short is v, or the place of its only entry.
func short(v []float64) any {
	at := -1
	for j, c := range v {
		if c == 1 {
			at = j
		} else if c != 0 {
			return "a random direction"
		}
	}
	return at
}

func (s *suite) parts() {
	if !s.in.Can.Has(targets.Parts) {
		s.skipf("the density does not offer them")
		return
	}
	alone := s.eval(s.all()&^targets.Parts, s.points(9))
	b := s.eval(s.all(), s.points(9))
	if alone == nil || b == nil {
		return
	}
	s.compare(b, alone, same, 1e-12, "with parts and without")
	for i := range b.N {
		if b.Status[i] != targets.OK {
			continue
		}
		if sum := b.LogPrior[i] + b.LogLik[i]; far(sum, b.LogP[i], 1e-12) {
			s.failf("point %d: log prior %v and log likelihood %v do not add up to %v", i, b.LogPrior[i], b.LogLik[i], b.LogP[i])
		}
		if b.Grad == nil {
			continue
		}
		for j := i * b.D; j < (i+1)*b.D; j++ {
			tol := 1e-12 * (1 + math.Abs(b.GradPrior[j]) + math.Abs(b.GradLik[j]))
			if !(math.Abs(b.GradPrior[j]+b.GradLik[j]-b.Grad[j]) <= tol) {
				s.failf("point %d, coordinate %d: gradients %v and %v do not add up to %v", i, j-i*b.D, b.GradPrior[j], b.GradLik[j], b.Grad[j])
			}
		}
	}
	if s.in.Can.Has(targets.Grad) {
		s.slopes(s.all(), "the prior's gradient",
			func(b *targets.Batch) float64 { return b.LogPrior[0] }, func(b *targets.Batch) []float64 { return b.GradPrior })
	}
}

// transform integrates the density over one positive coordinate, the others held, from half to twice its value: over x,
// and over u = log x with the Jacobian that Unconstrain adds.
func (s *suite) transform() {
	u, t, err := targets.Unconstrain(s.d)
	if err != nil {
		s.failf("%v", err)
		return
	}
	if t.Identity() {
		s.skipf("every parameter is real")
		return
	}
	s.sameIntegrals(u, t)
}

// sameIntegrals is transform for u, the density moved by t.
func (s *suite) sameIntegrals(u targets.Density, t targets.Transform) {
	at := s.points(1)[:s.in.Dim()]
	ref := s.eval(targets.LogP, at)
	if ref == nil || ref.Status[0] != targets.OK {
		s.skipf("the first point is not in the support")
		return
	}
	integral := func(d targets.Density, p []float64, j int, lo, hi float64) float64 {
		return quad.Fixed(func(v float64) float64 {
			p[j] = v
			b := s.evalOf(d, targets.LogP, p)
			if b == nil {
				return math.NaN()
			}
			return math.Exp(b.LogP[0] - ref.LogP[0])
		}, lo, hi, 40, nil, 0)
	}
	j := 0
	for _, p := range s.in.Params {
		if p.Support == targets.Positive {
			free := make([]float64, len(at))
			t.Unconstrain(1, at, free)
			rest := 0.0 // Jacobian of the coordinates that are held
			for k, v := range free {
				if k != j && at[k] != v {
					rest += v
				}
			}
			direct := integral(s.d, append([]float64(nil), at...), j, at[j]/2, at[j]*2)
			moved := integral(u, free, j, math.Log(at[j]/2), math.Log(at[j]*2)) / math.Exp(rest)
			if far(moved, direct, 1e-8*math.Max(1, 1/direct)) {
				s.failf("%s: the integral over x is %v, over log x with the Jacobian %v", p.Name, direct, moved)
			}
		}
		j += p.Size()
	}
}
