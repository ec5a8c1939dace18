package mcmc

import (
	"context"
	"math"
	"slices"

	"github.com/sampan-mc/sampan/targets"
)

// Tally counts evaluations, each once, and the points at which they went wrong. The counts are logical: what the
// algorithm asked for, however often a crash made the host ask again.
type Tally struct {
	Density      int64     // points at which the log density alone was evaluated
	Gradient     int64     // points at which log density and gradient were
	Numerical    int64     // points whose log density was NaN or +Inf; taken for −Inf
	GradBad      int64     // points with a good log density and a gradient that was not finite
	NotEvaluated int64     // points the host gave up; taken for −Inf
	FirstBad     []float64 // the first of those points, nil if there was none
}

// Add adds the counts of o.
func (t *Tally) Add(o *Tally) {
	t.Density += o.Density
	t.Gradient += o.Gradient
	t.Numerical += o.Numerical
	t.GradBad += o.GradBad
	t.NotEvaluated += o.NotEvaluated
	if t.FirstBad == nil {
		t.FirstBad = slices.Clone(o.FirstBad)
	}
}

// Bad is the number of points at which an evaluation went wrong.
func (t *Tally) Bad() int64 { return t.Numerical + t.GradBad + t.NotEvaluated }

func (t *Tally) bad(x []float64) {
	if t.FirstBad == nil {
		t.FirstBad = slices.Clone(x)
	}
}

// evaluate asks f for the terms of n points, counts, and settles them: afterwards no log density is NaN or +Inf.
func evaluate(ctx context.Context, f Density, n int, x []float64, grad bool, t *Terms, tally *Tally) error {
	if err := f.Eval(ctx, n, x, grad, t); err != nil {
		return err
	}
	if grad {
		tally.Gradient += int64(n)
	} else {
		tally.Density += int64(n)
	}
	d := len(x) / n
	for i := range n {
		if t.Status[i] == targets.OK && regular(t.LogTarget[i]) && (t.LogRef == nil || regular(t.LogRef[i])) {
			continue
		}
		t.settle(i, x[i*d:(i+1)*d], tally)
	}
	return nil
}

// regular reports whether v can be a log density: not NaN, not +Inf.
func regular(v float64) bool { return v < math.Inf(1) }

// settle deals with point i, whose evaluation was not plainly good.
func (t *Terms) settle(i int, x []float64, tally *Tally) {
	if !regular(t.LogTarget[i]) || (t.LogRef != nil && !regular(t.LogRef[i])) {
		if t.Status[i] != targets.NotEvaluated {
			t.Status[i] = targets.Numerical
		}
	}
	switch t.Status[i] {
	case targets.Numerical, targets.NotEvaluated:
		if t.Status[i] == targets.Numerical {
			tally.Numerical++
		} else {
			tally.NotEvaluated++
		}
		tally.bad(x)
		t.LogTarget[i] = math.Inf(-1)
		if t.LogRef != nil {
			t.LogRef[i] = math.Inf(-1)
		}
	case targets.GradBad:
		tally.GradBad++
		tally.bad(x)
	}
}
