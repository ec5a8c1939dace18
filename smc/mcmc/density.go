package mcmc

import (
	"context"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/targets"
)

// Density evaluates the two ends of a path at points. Implementations may own scratch memory: a Density belongs to one
// population at a time.
type Density interface {
	Dim() int
	// Eval fills the terms of n points x, n×d: LogTarget and Status always, LogRef where t has it, the gradients of both if
	// grad is set. Values that are NaN or +Inf may be left as they come: the caller settles them.
	Eval(ctx context.Context, n int, x []float64, grad bool, t *Terms) error
}

// Terms holds, for each of n points, the logs of a path's two ends, and their gradients.
type Terms struct {
	LogRef, LogTarget   []float64        // n; LogRef is nil where there is no reference
	GradRef, GradTarget []float64        // n×d; nil for kernels that need no gradient
	Status              []targets.Status // n: how the evaluation of the point went
}

// NewTerms makes room for n points of dimension d.
func NewTerms(n, d int, ref, grad bool) Terms {
	t := Terms{LogTarget: make([]float64, n), Status: make([]targets.Status, n)}
	if ref {
		t.LogRef = make([]float64, n)
	}
	if grad {
		t.GradTarget = make([]float64, n*d)
	}
	if ref && grad {
		t.GradRef = make([]float64, n*d)
	}
	return t
}

// Log is log γ_β of one point, (1−β)·logRef + β·logTarget, where an end with no part in γ_β is not looked at and −Inf at
// one that has gives −Inf.
func Log(beta, logRef, logTarget float64) float64 {
	switch {
	case beta == 1:
		return logTarget
	case beta == 0:
		return logRef
	case math.IsInf(logRef, -1) || math.IsInf(logTarget, -1):
		return math.Inf(-1)
	}
	return (1-beta)*logRef + beta*logTarget
}

// Log is log γ_β at point i.
func (t *Terms) Log(beta float64, i int) float64 {
	if t.LogRef == nil {
		return t.LogTarget[i]
	}
	return Log(beta, t.LogRef[i], t.LogTarget[i])
}

// copyRow copies the terms of point i of src, whose points have dimension d.
func (t *Terms) copyRow(src *Terms, i, d int) {
	t.LogTarget[i], t.Status[i] = src.LogTarget[i], src.Status[i]
	if t.LogRef != nil {
		t.LogRef[i] = src.LogRef[i]
	}
	lo, hi := i*d, (i+1)*d
	if t.GradTarget != nil {
		copy(t.GradTarget[lo:hi], src.GradTarget[lo:hi])
	}
	if t.GradRef != nil {
		copy(t.GradRef[lo:hi], src.GradRef[lo:hi])
	}
}

// State is a population: n points and their terms.
type State struct {
	N, D int
	X    []float64 // n×d
	Terms
}

// NewState makes a population at the origin, its terms not evaluated.
func NewState(n, d int, ref, grad bool) *State {
	return &State{N: n, D: d, X: make([]float64, n*d), Terms: NewTerms(n, d, ref, grad)}
}

// Refresh evaluates all terms anew, and counts that.
func (s *State) Refresh(ctx context.Context, f Density, tally *Tally) error {
	return evaluate(ctx, f, s.N, s.X, s.GradTarget != nil, &s.Terms, tally)
}

// Plain is a target alone, as the density of plain chains: β = 1, no reference.
func Plain(target targets.Density) Density {
	return &plain{target: target, dim: target.Info().Dim()}
}

type plain struct {
	target targets.Density
	dim    int
	batch  targets.Batch // kept here so that Eval does not allocate
}

func (p *plain) Dim() int { return p.dim }

func (p *plain) Eval(ctx context.Context, n int, x []float64, grad bool, t *Terms) error {
	p.batch = targets.Batch{N: n, D: p.dim, Want: targets.LogP, X: x, LogP: t.LogTarget, Status: t.Status}
	if grad {
		p.batch.Want |= targets.Grad
		p.batch.Grad = t.GradTarget
	}
	return p.target.Eval(ctx, &p.batch)
}

// CheckGradient is an error if kernel k needs a gradient that target does not offer.
func CheckGradient(k Kind, target targets.Density) error {
	if in := target.Info(); k.NeedsGradient() && !in.Can.Has(targets.Grad) {
		return fmt.Errorf("kernel %v needs the gradient of the log density, which %s does not offer: use %v", k, in.Name, RWM)
	}
	return nil
}
