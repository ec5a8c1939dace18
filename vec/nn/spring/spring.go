package spring

import (
	"math"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn/gram"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Config holds what does not change over a run. The package comment says what the numbers mean.
type Config struct {
	Momentum float64 // m, 0 to below 1
	Damping  Damping
	MaxStep  float64 // longest step in parameter space; 0: no limit
	Soft     float64 // residual at which its weight has fallen to 1/√2; 0: all weights are 1
}

// Damping is the schedule of λ, relative to the mean of the diagonal of K.
type Damping struct{ Floor, Start, Tau float64 }

// At is λ_i.
func (d Damping) At(i int) float64 {
	if d.Tau <= 0 {
		return max(d.Floor, d.Start)
	}
	return max(d.Floor, d.Start*math.Exp(-float64(i)/d.Tau))
}

// Default is what has served well on PDE residuals with 256 to 512 samples.
var Default = Config{Momentum: 0.9, Damping: Damping{Floor: 1e-4, Start: 1e-2, Tau: 20}, MaxStep: 2, Soft: 2}

// Solver keeps the momentum and the memory of a run.
type Solver[T vec.Float] struct {
	Config
	pool  *par.Pool
	gram  *gram.Worker[T]
	chol  *cholesky
	build func(worker, i int)

	// Iter is the number of steps so far, and Dir the momentum d: with the parameters, all there is to save of a run.
	Iter int
	Dir  []T

	next    []T       // Jᵀ s
	k       []T       // J Jᵀ, its lower triangle
	a       []float64 // q q∘K + λ tr/N I
	q, b    []float64
	jd, sol []T
}

// Step says what became of one step.
type Step struct {
	Loss    float64 // mean r²
	Length  float64 // |θ_{i+1} − θ_i|
	Damping float64 // λ_i
	Taken   bool    // false: something was not finite, and nothing was changed but the momentum, now zero
}

// New makes a solver for Jacobians shaped like j.
func New[T vec.Float](pool *par.Pool, c Config, j *gram.Jacobian[T]) *Solver[T] {
	n := j.Samples()
	s := &Solver[T]{
		Config: c, pool: pool, gram: gram.NewWorker(pool, j), chol: newCholesky(pool, n),
		Dir: tile.Aligned[T](j.Params), next: tile.Aligned[T](j.Params), k: tile.Aligned[T](n * n), a: make([]float64, n*n),
		q: make([]float64, n), b: make([]float64, n), jd: tile.Aligned[T](n), sol: tile.Aligned[T](n),
	}
	s.build = s.buildTask
	return s
}

// Step takes one step from params, with residuals r and their Jacobian j there.
func (s *Solver[T]) Step(params []T, r []T, j *gram.Jacobian[T], lr float64) Step {
	n := len(s.b)
	if len(r) != n || j.Samples() != n || len(params) != len(s.Dir) {
		panic("spring: lengths differ from those the solver was made for")
	}
	out := Step{Damping: s.Config.Damping.At(s.Iter)}
	s.Iter++
	for i, x := range r {
		out.Loss += float64(x) * float64(x) / float64(n)
		s.q[i] = 1
		if s.Soft > 0 {
			s.q[i] = 1 / math.Hypot(1, float64(x)/s.Soft)
		}
	}
	if !finite(out.Loss) {
		clear(s.Dir)
		return out
	}
	s.gram.GramMul(s.k, s.jd, j, s.Dir)
	for i, x := range r {
		s.b[i] = -s.q[i] * (float64(x) + s.Momentum*float64(s.jd[i]))
	}
	if !s.system(out.Damping) {
		clear(s.Dir)
		return out
	}
	s.chol.solve(s.a, s.b)
	for i, x := range s.b {
		s.sol[i] = T(s.q[i] * x)
	}
	s.gram.MulT(s.next, j, s.sol)
	vec.Axpy(s.next, T(s.Momentum), s.Dir)
	norm := math.Sqrt(vec.Dot(s.next, s.next))
	if !finite(norm) {
		clear(s.Dir)
		return out
	}
	copy(s.Dir, s.next)
	if s.MaxStep > 0 && lr*norm > s.MaxStep {
		lr = s.MaxStep / norm
	}
	vec.Axpy(params, T(lr), s.Dir)
	out.Length, out.Taken = lr*norm, true
	return out
}

// system builds and factors the damped Gram matrix of the weighted rows; false if that fails.
func (s *Solver[T]) system(lambda float64) bool {
	n, trace := len(s.q), 0.0
	s.pool.For((n+strip-1)/strip, s.build)
	for i := range n {
		trace += s.a[i*n+i]
	}
	for i := range n {
		s.a[i*n+i] += lambda * trace / float64(n)
	}
	return s.chol.factor(s.a)
}

// buildTask weighs a strip of rows.
func (s *Solver[T]) buildTask(_, i int) {
	n := len(s.q)
	for r := i * strip; r < min(n, (i+1)*strip); r++ {
		row := s.a[r*n : r*n+r+1]
		vec.Widen(row, s.k[r*n:r*n+r+1])
		vec.Mul(row, row, s.q[:r+1])
		vec.Scale(row, s.q[r], row)
	}
}

// Reset forgets the momentum and starts the damping schedule anew.
func (s *Solver[T]) Reset() {
	s.Iter = 0
	clear(s.Dir)
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
