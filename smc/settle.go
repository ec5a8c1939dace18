package smc

import (
	"context"
	"fmt"
	"math"
)

// A pilot settles where more than the part hopelessShare of its last stage's proposals were hopeless.
const hopelessShare = 1. / 500

// settleParts are the step sizes of a round of settling, as parts of the step size that suits the bulk.
var settleParts = []float64{1. / 2, 1. / 4}

// settleRounds fill the neck of a funnel such as the posterior of Seeds.
const settleRounds = 8

// settle ends a pilot with moves of finer steps at β = 1, where they are called for. A step size that is tuned to a mean
// acceptance probability is that of the bulk: into the neck of a funnel, where scales are a tenth of those, hardly any of its
// proposals is accepted (Betancourt and Girolami, "Hamiltonian Monte Carlo for hierarchical models", 2015), and what learns
// from the pilot would not come to know of it. Trajectories of HMC are as long as before, in more leapfrogs.
func (pop *population) settle(ctx context.Context) error {
	if !(pop.hopeless > hopelessShare) {
		return nil
	}
	movers := make([]mover, len(settleParts))
	for i, part := range settleParts {
		k := pop.cfg.Move.Kernel
		k.Leapfrogs = int(math.Round(float64(k.Leapfrogs) / part))
		movers[i] = pop.newMover(k, pop.p.N, pop.p.D, &pop.tally)
	}
	report := &pop.reports[len(pop.reports)-1]
	for m := range settleRounds * len(settleParts) {
		i := m % len(settleParts)
		tuning := pop.tuning
		tuning.Step *= settleParts[i]
		if _, err := movers[i].Move(ctx, pop.path, 1, &tuning, pop.s, &pop.keys.move, uint32(pop.stage), uint32(report.Moves+m)); err != nil {
			return fmt.Errorf("settle: %w", err)
		}
	}
	report.Tally = pop.tally
	return nil
}
