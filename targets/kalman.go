package targets

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/sampan-mc/sampan/vec/rng"
)

// kalman is the posterior of a state-space model, as the filter left it and the smoother completed it.
type kalman struct {
	model    StateSpace
	k        int
	logZ     float64
	steps    []kalmanStep
	mean, sd []float64       // T×k, smoothed
	last     *mat.TriDense   // Cholesky factor of the last filtered covariance
	gain     []*mat.Dense    // of x_{t+1} on x_t
	rest     []*mat.TriDense // Cholesky factor of the covariance of x_t given x_{t+1}
}

// kalmanStep is one time of the filter.
type kalmanStep struct {
	predicted, filtered       *mat.VecDense
	predictedCov, filteredCov *mat.SymDense
}

// filter runs the Kalman filter, with covariances updated in Joseph's form, which keeps them positive definite.
func (m StateSpace) filter(obs []*observation) (*kalman, error) {
	k := len(m.M0)
	f := &kalman{model: m, k: k, steps: make([]kalmanStep, len(obs))}
	mean, cov := mat.NewVecDense(k, append([]float64(nil), m.M0...)), m.P0
	for t, o := range obs {
		if t > 0 {
			prev := f.steps[t-1]
			mean, cov = mat.NewVecDense(k, nil), mat.NewSymDense(k, nil)
			mean.MulVec(m.A, prev.filtered)
			cov.AddSym(sandwich(m.A, prev.filteredCov), m.Q)
		}
		s := kalmanStep{predicted: mean, predictedCov: cov, filtered: mean, filteredCov: cov}
		if len(o.y) > 0 {
			inc, err := s.update(o)
			if err != nil {
				return nil, fmt.Errorf("filter at time %d: %w", t, err)
			}
			f.logZ += inc
		}
		f.steps[t] = s
	}
	return f, nil
}

// update takes the observation in and returns its log predictive density.
func (s *kalmanStep) update(o *observation) (float64, error) {
	p, k := o.c.Dims()
	innovation := mat.NewSymDense(p, nil)
	innovation.AddSym(sandwich(o.c, s.predictedCov), o.cov)
	var chol mat.Cholesky
	if !chol.Factorize(innovation) {
		return 0, fmt.Errorf("covariance of the innovation is not positive definite in floating point")
	}
	e, se := mat.NewVecDense(p, nil), mat.NewVecDense(p, nil)
	e.MulVec(o.c, s.predicted)
	e.SubVec(mat.NewVecDense(p, o.y), e)
	if err := chol.SolveVecTo(se, e); err != nil {
		return 0, err
	}
	var cp, gainT, ikc mat.Dense
	cp.Mul(o.c, s.predictedCov)
	if err := chol.SolveTo(&gainT, &cp); err != nil {
		return 0, err
	}
	s.filtered = mat.NewVecDense(k, nil)
	s.filtered.MulVec(gainT.T(), e)
	s.filtered.AddVec(s.filtered, s.predicted)
	ikc.Mul(gainT.T(), o.c)
	s.filteredCov = mat.NewSymDense(k, nil)
	s.filteredCov.AddSym(sandwich(oneMinus(&ikc), s.predictedCov), sandwich(gainT.T(), o.cov))
	return -0.5 * (mat.Dot(e, se) + chol.LogDet() + float64(p)*log2Pi), nil
}

// smooth runs the smoother backward and keeps the conditional laws that Sample needs.
func (f *kalman) smooth() {
	steps := len(f.steps)
	f.mean, f.sd = make([]float64, steps*f.k), make([]float64, steps*f.k)
	f.gain, f.rest = make([]*mat.Dense, steps), make([]*mat.TriDense, steps)
	mean, cov := f.steps[steps-1].filtered, f.steps[steps-1].filteredCov
	f.last = newFactor(cov).lower
	f.keep(steps-1, mean, cov)
	for t := steps - 2; t >= 0; t-- {
		now, next := f.steps[t], f.steps[t+1]
		gain := f.backwardGain(t)
		var iga mat.Dense
		iga.Mul(gain, f.model.A)
		rest := mat.NewSymDense(f.k, nil) // covariance of x_t given x_{t+1}, in Joseph's form
		rest.AddSym(sandwich(oneMinus(&iga), now.filteredCov), sandwich(gain, f.model.Q))
		f.gain[t], f.rest[t] = gain, newFactor(rest).lower

		var off, m mat.VecDense
		off.SubVec(mean, next.predicted)
		m.MulVec(gain, &off)
		m.AddVec(&m, now.filtered)
		c := mat.NewSymDense(f.k, nil)
		c.AddSym(rest, sandwich(gain, cov))
		mean, cov = &m, c
		f.keep(t, mean, cov)
	}
}

func (f *kalman) keep(t int, mean *mat.VecDense, cov *mat.SymDense) {
	for j := range f.k {
		f.mean[t*f.k+j], f.sd[t*f.k+j] = mean.AtVec(j), math.Sqrt(cov.At(j, j))
	}
}

// backwardGain is G = P_t Aᵀ P_{t+1|t}⁻¹.
func (f *kalman) backwardGain(t int) *mat.Dense {
	var chol mat.Cholesky
	chol.Factorize(f.steps[t+1].predictedCov) // A P Aᵀ + Q, Q positive definite
	var ap, gT mat.Dense
	ap.Mul(f.model.A, f.steps[t].filteredCov)
	_ = chol.SolveTo(&gT, &ap) // only a warning about the condition number
	return mat.DenseCopyOf(gT.T())
}

// Sample draws x_{T−1} from the last filtered law, then each x_t given x_{t+1}; time is the stage of the random numbers.
func (f *kalman) Sample(_ context.Context, first, n int, key rng.Key, x []float64) error {
	k, steps := f.k, len(f.steps)
	z := make([]float64, k)
	for i := range n {
		path := x[i*steps*k : (i+1)*steps*k]
		for t := steps - 1; t >= 0; t-- {
			key.Normals(z, uint32(first+i), uint32(t), 0)
			lower := f.last
			if t < steps-1 {
				lower = f.rest[t]
			}
			for j := range k {
				v := f.steps[t].filtered.AtVec(j)
				if t < steps-1 {
					for l := range k {
						v += f.gain[t].At(j, l) * (path[(t+1)*k+l] - f.steps[t+1].predicted.AtVec(l))
					}
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

// sandwich is B S Bᵀ, symmetric to the bit.
func sandwich(b mat.Matrix, s mat.Symmetric) *mat.SymDense {
	var bs, bsb mat.Dense
	bs.Mul(b, s)
	bsb.Mul(&bs, b.T())
	n, _ := bsb.Dims()
	out := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range i + 1 {
			out.SetSym(i, j, 0.5*(bsb.At(i, j)+bsb.At(j, i)))
		}
	}
	return out
}

// oneMinus turns m into I − m.
func oneMinus(m *mat.Dense) *mat.Dense {
	n, _ := m.Dims()
	m.Scale(-1, m)
	for i := range n {
		m.Set(i, i, 1+m.At(i, i))
	}
	return m
}
