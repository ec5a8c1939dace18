package targettest

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// exactDraws is one of the two kinds a density may offer.
type exactDraws struct {
	of     string // "density" or "prior"
	sample func(ctx context.Context, first, n int, key rng.Key, x []float64) error
}

func (s *suite) samplers() []exactDraws {
	var out []exactDraws
	if d, ok := s.d.(targets.Sampler); ok {
		out = append(out, exactDraws{"density", d.Sample})
	}
	if d, ok := s.d.(targets.PriorSampler); ok {
		out = append(out, exactDraws{"prior", d.SamplePrior})
	}
	return out
}

func (s *suite) draws() {
	dim := s.in.Dim()
	all := s.samplers()
	if len(all) == 0 {
		s.skipf("the density has none")
	}
	for _, f := range all {
		what := f.of
		const n = 12
		draw := func(key rng.Key, first, n int) []float64 {
			x := make([]float64, n*dim)
			for i := range x {
				x[i] = math.NaN()
			}
			if err := f.sample(s.ctx, first, n, key, x); err != nil {
				s.failf("%s: slots %d to %d: %v", what, first, first+n-1, err)
			}
			return x
		}
		whole := draw(s.key("draws"), 0, n)
		parts := append(append(draw(s.key("draws"), 0, 5), draw(s.key("draws"), 5, 1)...), draw(s.key("draws"), 6, n-6)...)
		other := draw(s.key("other draws"), 0, n)
		for i := range n {
			w, p, o := whole[i*dim:(i+1)*dim], parts[i*dim:(i+1)*dim], other[i*dim:(i+1)*dim]
			equal := true
			for j := range dim {
				if math.Float64bits(w[j]) != math.Float64bits(p[j]) {
					s.failf("%s: slot %d, coordinate %d is %v in one call and %v when it is split", what, i, j, w[j], p[j])
				}
				equal = equal && w[j] == o[j]
			}
			if equal {
				s.failf("%s: slot %d is the same under another key", what, i)
			}
			for k := range i {
				if equalRows(w, whole[k*dim:(k+1)*dim]) {
					s.failf("%s: slots %d and %d are the same", what, k, i)
				}
			}
		}
		if b := s.eval(targets.LogP, whole); b != nil && what == "density" {
			for i, st := range b.Status {
				if st != targets.OK {
					s.failf("%s: the draw of slot %d has status %v", what, i, st)
				}
			}
		}
	}
}

func equalRows(a, b []float64) bool {
	for j := range a {
		if a[j] != b[j] {
			return false
		}
	}
	return true
}

// bound is the z that tests, all together, exceed by chance with probability 1e-6.
func bound(tests int) float64 { return distuv.UnitNormal.Quantile(1 - 1e-6/(2*float64(tests))) }

// zero tests that the columns of v, n×w, have mean zero, by Σv/√Σv²: for symmetric variables its tail is below the
// normal one whatever their distribution, by Hoeffding's bound.
func (s *suite) zero(v []float64, w int, label func(j int) string) {
	limit := bound(w)
	for j := range w {
		sum, squares := 0.0, 0.0
		for i := j; i < len(v); i += w {
			sum += v[i]
			squares += v[i] * v[i]
		}
		if z := sum / math.Sqrt(squares); squares > 0 && !(math.Abs(z) <= limit) {
			s.failf("%s: mean %.4g, %.1f standard errors from zero; limit %.1f", label(j), sum*float64(w)/float64(len(v)), z, limit)
		}
	}
}

// score tests Stein's identities of the density over its exact draws, and of the prior over its own.
func (s *suite) score() {
	if !s.in.Can.Has(targets.Grad) || len(s.samplers()) == 0 {
		s.skipf("the density has no gradient, or no draws")
		return
	}
	u, t, err := targets.Unconstrain(s.d)
	if err != nil {
		s.failf("%v", err)
		return
	}
	n, dim := s.o.Draws, s.in.Dim()
	for _, f := range s.samplers() {
		what := f.of
		x := make([]float64, n*dim)
		if err := f.sample(s.ctx, 0, n, s.key("score"), x); err != nil {
			s.failf("%s: %v", what, err)
			return
		}
		t.Unconstrain(n, x, x)
		b := s.evalOf(u, s.all(), x)
		if b == nil {
			return
		}
		g := b.Grad
		if what == "prior" {
			g = b.GradPrior
		}
		v := make([]float64, 2*len(x))
		for i, c := range x {
			row, j := i/dim, i%dim
			v[row*2*dim+j], v[row*2*dim+dim+j] = g[i], c*g[i]+1
		}
		s.zero(v, 2*dim, func(j int) string {
			if j < dim {
				return fmt.Sprintf("%s: score of coordinate %d", what, j)
			}
			return fmt.Sprintf("%s: coordinate %d times its score, plus one", what, j-dim)
		})
	}
}

// moments tests exact draws against what is known of the density.
func (s *suite) moments() {
	d, ok := s.d.(targets.Sampler)
	if !ok || s.in.Known.Mean == nil {
		s.skipf("the density has no draws, or its mean is not known")
		return
	}
	n, dim, k := s.o.Draws, s.in.Dim(), s.in.Known
	x := make([]float64, n*dim)
	if err := d.Sample(s.ctx, 0, n, s.key("moments"), x); err != nil {
		s.failf("%v", err)
		return
	}
	v := make([]float64, 2*len(x))
	for i, c := range x {
		row, j := i/dim, i%dim
		off := c - k.Mean[j]
		if math.IsNaN(off) {
			continue
		}
		v[row*2*dim+j] = off
		if k.SD != nil && !math.IsNaN(k.SD[j]) && !s.o.HeavyTail {
			v[row*2*dim+dim+j] = off*off - k.SD[j]*k.SD[j]
		}
	}
	s.zero(v, 2*dim, func(j int) string {
		if j < dim {
			return fmt.Sprintf("mean of coordinate %d less the known one", j)
		}
		return fmt.Sprintf("variance of coordinate %d less the known one", j-dim)
	})
}

// logZ estimates the integral on the unconstrained scale by importance sampling from a multivariate Student law with 5
// degrees of freedom, fitted to exact draws where there are any.
func (s *suite) logZ() {
	dim, known := s.in.Dim(), s.in.Known
	if dim > s.o.LogZDim || math.IsNaN(known.LogZ) {
		s.skipf("log Z is not known, or the dimension, %d, is above %d", dim, s.o.LogZDim)
		return
	}
	u, t, err := targets.Unconstrain(s.d)
	if err != nil {
		s.failf("%v", err)
		return
	}
	q, err := s.student(t)
	if err != nil {
		s.failf("%v", err)
		return
	}
	n := 8 * s.o.Draws
	x, logQ := q.draw(n, s.key("importance"))
	b := s.evalOf(u, targets.LogP, x)
	if b == nil {
		return
	}
	top := math.Inf(-1)
	for i, l := range b.LogP {
		logQ[i] = l - logQ[i]
		top = math.Max(top, logQ[i])
	}
	sum, squares := 0.0, 0.0
	for _, l := range logQ {
		w := math.Exp(l - top)
		sum += w
		squares += w * w
	}
	ess := sum * sum / squares
	if !(ess >= 400) {
		s.skipf("the importance sample is worth only %.0f draws", ess)
		return
	}
	got := top + math.Log(sum/float64(n))
	se := math.Hypot(math.Sqrt(1/ess-1/float64(n)), known.LogZErr)
	if z := (got - known.LogZ) / se; !(math.Abs(z) <= bound(1)) {
		s.failf("importance sampling gives %.5f ± %.5f, known is %.5f: %.1f standard errors; limit %.1f", got, se, known.LogZ, z, bound(1))
	}
}

// student is a multivariate t law.
type student struct {
	mean  []float64
	lower mat.TriDense
	c     float64 // log density at the mean
	nu    float64
}

func (s *suite) student(t targets.Transform) (*student, error) {
	dim := s.in.Dim()
	q := &student{mean: make([]float64, dim), nu: 5}
	cov := mat.NewSymDense(dim, nil)
	if d, ok := s.d.(targets.Sampler); ok {
		n := s.o.Draws
		x := make([]float64, n*dim)
		if err := d.Sample(s.ctx, 0, n, s.key("fit"), x); err != nil {
			return nil, err
		}
		t.Unconstrain(n, x, x)
		m := mat.NewDense(n, dim, x)
		stat.CovarianceMatrix(cov, m, nil)
		for j := range dim {
			q.mean[j] = stat.Mean(mat.Col(nil, j, m), nil)
		}
	} else {
		for j := range dim {
			cov.SetSym(j, j, s.o.Scale*s.o.Scale)
		}
	}
	var chol mat.Cholesky
	if !chol.Factorize(cov) {
		return nil, fmt.Errorf("covariance of the draws is not positive definite")
	}
	chol.LTo(&q.lower)
	a, _ := math.Lgamma((q.nu + float64(dim)) / 2)
	b, _ := math.Lgamma(q.nu / 2)
	q.c = a - b - 0.5*float64(dim)*math.Log(q.nu*math.Pi) - 0.5*chol.LogDet()
	return q, nil
}

// draw makes n points and their log densities: normals over the root of an independent χ²/ν, itself five squares.
func (q *student) draw(n int, key rng.Key) (x, logQ []float64) {
	dim := len(q.mean)
	x, logQ = make([]float64, n*dim), make([]float64, n)
	z, chi := make([]float64, dim), make([]float64, int(q.nu))
	for i := range n {
		key.Normals(z, uint32(i), 0, 0)
		key.Normals(chi, uint32(i), 1, 0)
		c, norm := 0.0, 0.0
		for _, v := range chi {
			c += v * v
		}
		r := math.Sqrt(q.nu / c)
		for j := range dim {
			z[j] *= r
			norm += z[j] * z[j]
		}
		for j := range dim {
			v := q.mean[j]
			for k := range j + 1 {
				v += q.lower.At(j, k) * z[k]
			}
			x[i*dim+j] = v
		}
		logQ[i] = q.c - 0.5*(q.nu+float64(dim))*math.Log1p(norm/q.nu)
	}
	return x, logQ
}
