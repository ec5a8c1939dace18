package smc

import (
	"context"
	"fmt"

	"github.com/sampan-mc/sampan/smc/mcmc"
	"github.com/sampan-mc/sampan/targets"
)

// path evaluates reference and target for one population. Where the reference is the target's own prior, one evaluation
// with Parts gives both: γ_β is then prior · likelihood^β.
type path struct {
	ref    Reference
	target targets.Density
	own    bool // the reference is the target's own prior
	d      int
	// Memory of Eval, which does not allocate.
	refBatch, batch targets.Batch
	status          []targets.Status // of the reference
	logLik, gradLik []float64        // with own
}

// newPath makes the path for populations of up to n particles.
func newPath(ref Reference, target targets.Density, n int, grad bool) *path {
	p := &path{ref: ref, target: target, d: target.Info().Dim(), status: make([]targets.Status, n)}
	if prior, ok := ref.(*Prior); ok {
		p.own, p.target = true, prior.target
		p.logLik = make([]float64, n)
		if grad {
			p.gradLik = make([]float64, n*p.d)
		}
	}
	return p
}

func (p *path) Dim() int { return p.d }

func (p *path) Eval(ctx context.Context, n int, x []float64, grad bool, t *mcmc.Terms) error {
	want := targets.LogP
	if grad {
		want |= targets.Grad
	}
	p.batch = targets.Batch{N: n, D: p.d, Want: want, X: x, LogP: t.LogTarget, Status: t.Status}
	if grad {
		p.batch.Grad = t.GradTarget
	}
	if p.own {
		p.batch.Want |= targets.Parts
		p.batch.LogPrior, p.batch.LogLik = t.LogRef, p.logLik
		if grad {
			p.batch.GradPrior, p.batch.GradLik = t.GradRef, p.gradLik
		}
		return p.target.Eval(ctx, &p.batch)
	}
	p.refBatch = targets.Batch{N: n, D: p.d, Want: want, X: x, LogP: t.LogRef, Status: p.status[:n]}
	if grad {
		p.refBatch.Grad = t.GradRef
	}
	if err := p.ref.Eval(ctx, &p.refBatch); err != nil {
		return fmt.Errorf("reference: %w", err)
	}
	return p.target.Eval(ctx, &p.batch)
}
