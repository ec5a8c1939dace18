package smc

import (
	"context"
	"fmt"
)

// settleShorter are by how much the steps of a round of settling are shorter than the step that suits the bulk.
var settleShorter = []int{2, 4}

// settleRounds fill the neck of a funnel such as the posterior of Seeds.
const settleRounds = 8

// settle ends a pilot with moves of finer steps at β = 1, where they are called for: what learns from the pilot would not come
// to know of a neck otherwise. Trajectories of HMC are as long as before, in more leapfrogs.
func (pop *population) settle(ctx context.Context) error {
	if !pop.hopeless {
		return nil
	}
	report := &pop.reports[len(pop.reports)-1]
	for m := range settleRounds * len(settleShorter) {
		shorter := settleShorter[m%len(settleShorter)]
		tuning := pop.tuning.Finer(shorter, shorter)
		if _, err := pop.mover.Move(ctx, pop.path, 1, &tuning, pop.s, &pop.keys.move, uint32(pop.stage), uint32(report.Moves+m)); err != nil {
			return fmt.Errorf("settle: %w", err)
		}
	}
	report.Tally = pop.tally
	return nil
}
