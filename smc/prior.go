package smc

import (
	"context"
	"fmt"

	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// Prior is a target's own prior as reference. A run that is given it must be given the same target: prior and likelihood
// then come from one evaluation.
type Prior struct {
	target targets.Density
	draw   targets.PriorSampler
}

// NewPrior is the prior of target, which must give prior and likelihood apart, say that the prior is normalised, and be
// able to draw from it.
func NewPrior(target targets.Density) (*Prior, error) {
	in := target.Info()
	draw, ok := target.(targets.PriorSampler)
	switch {
	case !in.Can.Has(targets.Parts):
		return nil, fmt.Errorf("reference: %s does not give prior and likelihood apart", in.Name)
	case !in.PriorNormalised:
		return nil, fmt.Errorf("reference: the prior of %s is not normalised, so it cannot start a path", in.Name)
	case !ok:
		return nil, fmt.Errorf("reference: the prior of %s cannot be drawn from", in.Name)
	}
	return &Prior{target: target, draw: draw}, nil
}

// Info describes the prior.
func (p *Prior) Info() targets.Info {
	in := p.target.Info()
	return targets.Info{
		Name: "prior of " + in.Name, Params: in.Params, Can: in.Can & (targets.LogP | targets.Grad),
		Normalised: true, Known: targets.Unknown(),
	}
}

// Eval fills log prior and gradient. It evaluates the likelihood with them.
func (p *Prior) Eval(ctx context.Context, b *targets.Batch) error {
	if err := b.Check(p.Info()); err != nil {
		return err
	}
	full := targets.NewBatch(b.N, b.D, b.Want|targets.LogP|targets.Parts)
	full.X = b.X
	if err := p.target.Eval(ctx, full); err != nil {
		return err
	}
	copy(b.LogP, full.LogPrior)
	copy(b.Grad, full.GradPrior)
	b.Settle()
	return nil
}

// Sample draws from the prior.
func (p *Prior) Sample(ctx context.Context, first, n int, key rng.Key, x []float64) error {
	return p.draw.SamplePrior(ctx, first, n, key, x)
}
