package targets

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/sampan-mc/sampan/vec/rng"
)

// StateSpace is a linear Gaussian state-space model with states x_0 … x_{T−1} of k numbers, observations of p:
//
//	x_0 ~ N(M0, P0),  x_t ~ N(A x_{t−1}, Q),  y_t ~ N(C x_t, R)
//
// Q, R and P0 are positive definite. A NaN in Y is an observation that is missing: it has no factor.
type StateSpace struct {
	A, C     *mat.Dense // k×k, p×k
	Q, R, P0 *mat.SymDense
	M0       []float64
	Y        [][]float64 // T rows of p
}

// NewStateSpace is the joint density of states and data as a function of the states, T×k row-major: the law of the
// states is the prior, that of the data the likelihood. log Z = log p(y) by the Kalman filter; means and standard
// deviations by the smoother of Rauch, Tung and Striebel; exact draws by filtering forward and sampling backward.
func NewStateSpace(m StateSpace) (Density, error) {
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("state-space: %w", err)
	}
	k, steps := len(m.M0), len(m.Y)
	s := &stateSpace{k: k, steps: steps, a: dense(m.A), m0: m.M0, obs: make([]*observation, steps)}
	s.init, s.move = newFactor(m.P0), newFactor(m.Q)
	patterns := map[string]*observation{}
	for t, y := range m.Y {
		key := fmt.Sprint(missing(y))
		if patterns[key] == nil {
			patterns[key] = m.observe(missing(y))
		}
		o := *patterns[key]
		o.y = make([]float64, len(o.rows))
		for i, r := range o.rows {
			o.y[i] = y[r]
		}
		s.obs[t] = &o
	}
	f, err := m.filter(s.obs)
	if err != nil {
		return nil, fmt.Errorf("state-space: %w", err)
	}
	f.smooth()
	info := Info{
		Name: "state-space", Params: Reals("x", steps, k), Can: LogP | Grad | Parts, PriorNormalised: true,
		Known: Known{LogZ: f.logZ, Mean: f.mean, SD: f.sd, Source: "exact"},
	}
	d := newPartwise(info, func() partFunc {
		scratch := make([]float64, 2*max(k, len(m.Y[0])))
		return func(x, gPrior, gLik []float64) (float64, float64) {
			return s.prior(x, gPrior, scratch), s.likelihood(x, gLik, scratch)
		}
	})
	return attach(d, f, s, nil), nil
}

func (m StateSpace) check() error {
	k := len(m.M0)
	if k == 0 || len(m.Y) == 0 || len(m.Y[0]) == 0 {
		return errors.New("no state, or no observation")
	}
	p := len(m.Y[0])
	for t, y := range m.Y {
		if len(y) != p {
			return fmt.Errorf("observation %d has %d numbers, the first has %d", t, len(y), p)
		}
	}
	ar, ac := m.A.Dims()
	cr, cc := m.C.Dims()
	if ar != k || ac != k || cr != p || cc != k || m.Q.SymmetricDim() != k || m.P0.SymmetricDim() != k || m.R.SymmetricDim() != p {
		return fmt.Errorf("states of %d and observations of %d numbers do not fit A %d×%d, C %d×%d, Q %d, P0 %d, R %d",
			k, p, ar, ac, cr, cc, m.Q.SymmetricDim(), m.P0.SymmetricDim(), m.R.SymmetricDim())
	}
	for _, s := range []struct {
		name string
		m    *mat.SymDense
	}{{"Q", m.Q}, {"R", m.R}, {"P0", m.P0}} {
		var chol mat.Cholesky
		if !chol.Factorize(s.m) {
			return fmt.Errorf("%s is not positive definite", s.name)
		}
	}
	return nil
}

func missing(y []float64) []bool {
	out := make([]bool, len(y))
	for i, v := range y {
		out[i] = math.IsNaN(v)
	}
	return out
}

// factor is a normal density's quadratic form and constant.
type factor struct {
	precision []float64 // k×k
	c         float64   // −½ log det 2πΣ
	lower     *mat.TriDense
}

func newFactor(cov mat.Symmetric) factor {
	var chol mat.Cholesky
	chol.Factorize(cov)
	var inv mat.SymDense
	if err := chol.InverseTo(&inv); err != nil && !errors.As(err, new(mat.Condition)) {
		panic(err) // a factorised matrix has an inverse
	}
	f := factor{precision: dense(&inv), c: -0.5 * (chol.LogDet() + float64(cov.SymmetricDim())*log2Pi), lower: new(mat.TriDense)}
	chol.LTo(f.lower)
	return f
}

// observation is what was seen at one time.
type observation struct {
	factor
	rows []int      // of C and R
	c    *mat.Dense // those rows; nil if nothing was seen
	cov  *mat.SymDense
	flat []float64 // content of c
	y    []float64
}

func (m StateSpace) observe(missing []bool) *observation {
	o := &observation{}
	for i, gone := range missing {
		if !gone {
			o.rows = append(o.rows, i)
		}
	}
	if len(o.rows) == 0 {
		return o
	}
	k := len(m.M0)
	o.c, o.cov = mat.NewDense(len(o.rows), k, nil), mat.NewSymDense(len(o.rows), nil)
	for i, r := range o.rows {
		o.c.SetRow(i, m.C.RawRowView(r))
		for j, s := range o.rows[:i+1] {
			o.cov.SetSym(i, j, m.R.At(r, s))
		}
	}
	o.factor, o.flat = newFactor(o.cov), dense(o.c)
	return o
}

type stateSpace struct {
	k, steps   int
	a, m0      []float64
	init, move factor
	obs        []*observation
}

// quadratic is c − ½ rᵀPr and leaves Pr in pr.
func (f factor) quadratic(r, pr []float64) float64 {
	k, s := len(r), 0.0
	for i := range k {
		pr[i] = dot(f.precision[i*k:(i+1)*k], r)
		s += pr[i] * r[i]
	}
	return f.c - 0.5*s
}

func (s *stateSpace) prior(x, grad, scratch []float64) float64 {
	k := s.k
	r, pr := scratch[:k], scratch[k:2*k]
	clear(grad)
	total := 0.0
	for t := range s.steps {
		now, f := x[t*k:(t+1)*k], s.move
		if t == 0 {
			f = s.init
		}
		for i := range k {
			if t == 0 {
				r[i] = now[i] - s.m0[i]
			} else {
				r[i] = now[i] - dot(s.a[i*k:(i+1)*k], x[(t-1)*k:t*k])
			}
		}
		total += f.quadratic(r, pr)
		if grad == nil {
			continue
		}
		for i, v := range pr {
			grad[t*k+i] -= v
			if t > 0 {
				for j, a := range s.a[i*k : (i+1)*k] {
					grad[(t-1)*k+j] += a * v
				}
			}
		}
	}
	return total
}

func (s *stateSpace) likelihood(x, grad, scratch []float64) float64 {
	k, half := s.k, len(scratch)/2
	clear(grad)
	total := 0.0
	for t, o := range s.obs {
		p := len(o.y)
		if p == 0 {
			continue
		}
		r, pr := scratch[:p], scratch[half:half+p]
		for i, y := range o.y {
			r[i] = y - dot(o.flat[i*k:(i+1)*k], x[t*k:(t+1)*k])
		}
		total += o.quadratic(r, pr)
		if grad == nil {
			continue
		}
		for i, v := range pr {
			for j, c := range o.flat[i*k : (i+1)*k] {
				grad[t*k+j] += c * v
			}
		}
	}
	return total
}

// SamplePrior runs the model forward; time is the stage of the random numbers.
func (s *stateSpace) SamplePrior(_ context.Context, first, n int, key rng.Key, x []float64) error {
	k := s.k
	z := make([]float64, k)
	for i := range n {
		path := x[i*s.steps*k : (i+1)*s.steps*k]
		for t := range s.steps {
			key.Normals(z, uint32(first+i), uint32(t), 0)
			lower := s.move.lower
			if t == 0 {
				lower = s.init.lower
			}
			for j := range k {
				v := s.m0[j]
				if t > 0 {
					v = dot(s.a[j*k:(j+1)*k], path[(t-1)*k:t*k])
				}
				for l := range j + 1 {
					v += lower.At(j, l) * z[l]
				}
				path[t*k+j] = v
			}
		}
	}
	return nil
}
