package targettest

import (
	"math"

	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

func (s *suite) key(purpose string) rng.Key { return rng.NewKey(s.o.Seed, "targettest/"+purpose, 0) }

// eval evaluates want at the points x, n×d on the declared scale; nil after a failure, which is reported.
func (s *suite) eval(want targets.Want, x []float64) *targets.Batch { return s.evalOf(s.d, want, x) }

func (s *suite) evalOf(d targets.Density, want targets.Want, x []float64) *targets.Batch {
	dim := s.in.Dim()
	b := targets.NewBatch(len(x)/dim, dim, want)
	copy(b.X, x)
	// A density must fill what it was asked for, and cannot rely on finding zeros there.
	for _, v := range [][]float64{b.LogP, b.Grad, b.LogPrior, b.LogLik, b.GradPrior, b.GradLik} {
		for i := range v {
			v[i] = math.NaN()
		}
	}
	for i := range b.Status {
		b.Status[i] = targets.NotEvaluated
	}
	if err := d.Eval(s.ctx, b); err != nil {
		s.failf("%d points, %v: %v", b.N, want, err)
		return nil
	}
	return b
}

// all is what the density offers, but for second derivatives.
func (s *suite) all() targets.Want {
	return s.in.Can & (targets.LogP | targets.Grad | targets.Parts)
}

// points are those of the options, then exact and prior draws where there are any, a third of n each, and points random
// on the unconstrained scale, another third or whatever is wanting to n.
func (s *suite) points(n int) []float64 {
	dim, third := s.in.Dim(), (n+2)/3
	x := append([]float64(nil), s.o.Points...)
	for _, f := range s.samplers() {
		part := make([]float64, third*dim)
		if err := f.sample(s.ctx, 0, third, s.key("points"), part); err != nil {
			s.failf("%s: draws: %v", f.of, err)
		}
		x = append(x, part...)
	}
	rest := max(third, n-len(x)/dim)
	u := make([]float64, rest*dim)
	for i := range rest {
		s.key("random points").Normals(u[i*dim:(i+1)*dim], uint32(i), 0, 0)
	}
	for i := range u {
		u[i] *= s.o.Scale
	}
	if t, err := targets.NewTransform(s.in.Params); err == nil {
		t.Constrain(rest, u, u)
	}
	return append(x, u...)
}

// far reports whether a and b differ by more than tol relative to max(1, |b|); NaN agrees with NaN, and tol = 0 asks for
// the same value.
func far(a, b, tol float64) bool {
	if a == b || math.IsNaN(a) && math.IsNaN(b) {
		return false
	}
	return !(math.Abs(a-b) <= tol*math.Max(1, math.Abs(b)))
}

// compare reports where two evaluations of the same points differ; to maps row i of a to its row in b.
func (s *suite) compare(a, b *targets.Batch, to func(i int) int, tol float64, what string) {
	for i := range a.N {
		k := to(i)
		if a.Status[i] != b.Status[k] {
			s.failf("%s: point %d: status %v and %v", what, i, a.Status[i], b.Status[k])
		}
		for _, c := range []struct {
			name string
			a, b []float64
			w    int
		}{
			{"log density", a.LogP, b.LogP, 1}, {"log prior", a.LogPrior, b.LogPrior, 1}, {"log likelihood", a.LogLik, b.LogLik, 1},
			{"gradient", a.Grad, b.Grad, a.D}, {"prior's gradient", a.GradPrior, b.GradPrior, a.D},
			{"likelihood's gradient", a.GradLik, b.GradLik, a.D},
		} {
			if c.a == nil || c.b == nil {
				continue
			}
			for j := range c.w {
				if p, q := c.a[i*c.w+j], c.b[k*c.w+j]; far(p, q, tol) {
					s.failf("%s: point %d, entry %d of the %s: %v and %v", what, i, j, c.name, p, q)
				}
			}
		}
	}
}

func same(i int) int { return i }
