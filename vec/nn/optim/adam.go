package optim

import (
	"math"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Config is what does not change over a run.
type Config struct {
	Beta1, Beta2, Eps float64
	Decay             float64 // weight decay λ
	Coupled           bool    // λθ is added to the gradient (Adam with an L2 penalty) and not taken off θ (AdamW)
	ClipNorm          float64 // longest gradient; 0: any
	ClipValue         float64 // largest entry of the gradient; 0: any
	EMA               float64 // d, the share of the average that stays; 0: no average is kept
}

// Default is Adam as published, with gradients no longer than 1 and an average over some 500 steps.
var Default = Config{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, ClipNorm: 1, EMA: 0.998}

// Adam keeps the moments of a run. M, V, Mean and Steps, with the parameters, are all there is to save of it.
type Adam[T vec.Float] struct {
	Config
	M, V  []T
	Mean  []T // θ̄; nil without EMA. It is θ before the first step, so that no bias needs correcting
	Steps int // steps taken

	theta, g []T // what the loop's body, made once, reads
	step     vec.AdamStep[T]
	body     func(worker, i int)
}

// New starts a run with size parameters.
func New[T vec.Float](c Config, size int) *Adam[T] {
	a := &Adam[T]{Config: c, M: tile.Aligned[T](size), V: tile.Aligned[T](size)}
	if c.EMA > 0 {
		a.Mean = tile.Aligned[T](size)
	}
	a.body = a.update
	return a
}

// Step moves theta at rate eta by the gradient g, which it may change, of Euclidean norm norm, as Slots.Reduce gives it.
// If that is not finite it does nothing and returns false.
func (a *Adam[T]) Step(pool *par.Pool, theta, g []T, norm, eta float64) bool {
	if math.IsNaN(norm) || math.IsInf(norm, 0) {
		return false
	}
	if len(theta) != len(a.M) || len(g) != len(a.M) {
		panic("optim: vectors of different lengths")
	}
	if a.Steps == 0 {
		copy(a.Mean, theta)
	}
	a.Steps++
	clip := 1.0
	if a.ClipNorm > 0 && norm > a.ClipNorm {
		clip = a.ClipNorm / norm
	}
	keep := 1.0
	if !a.Coupled {
		keep = 1 - eta*a.Decay
	}
	// The corrections belong to the betas as T rounds them: in float32, 1 − 0.999 is off by 4e-5.
	t, beta1, beta2 := float64(a.Steps), float64(T(a.Beta1)), float64(T(a.Beta2))
	a.step = vec.AdamStep[T]{
		Clip: T(clip), Beta1: T(a.Beta1), Beta2: T(a.Beta2), Keep: T(keep), Eps: T(a.Eps),
		Rate: T(eta / (1 - math.Pow(beta1, t))), Root: T(1 / math.Sqrt(1-math.Pow(beta2, t))),
	}
	a.theta, a.g = theta, g
	pool.For(pieces(len(theta)), a.body)
	a.theta, a.g = nil, nil
	return true
}

func (a *Adam[T]) update(_, i int) {
	lo, hi := bounds(i, len(a.theta))
	theta, g, s := a.theta[lo:hi], a.g[lo:hi], a.step
	if a.ClipValue > 0 || a.Coupled && a.Decay > 0 {
		vec.Scale(g, s.Clip, g)
		s.Clip = 1
	}
	if c := T(a.ClipValue); c > 0 {
		for j, v := range g {
			g[j] = min(max(v, -c), c)
		}
	}
	if a.Coupled && a.Decay > 0 {
		vec.Axpy(g, T(a.Decay), theta)
	}
	vec.Adam(theta, a.M[lo:hi], a.V[lo:hi], g, s)
	if a.Mean != nil {
		vec.Lerp(a.Mean[lo:hi], T(1-a.EMA), theta)
	}
}
