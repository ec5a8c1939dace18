package smc

import (
	"context"
	"fmt"

	"github.com/sampan-mc/sampan/smc/mcmc"
)

// A step size that is tuned to a mean acceptance probability is that of the bulk: in the neck of a funnel, where scales are
// a tenth of those, hardly any of its proposals is accepted, and none from outside leads there (Betancourt and Girolami,
// "Hamiltonian Monte Carlo for hierarchical models", 2015). What is missing there is missing from log Z, and no weight
// shows it. A sign of it is that some proposals are hopeless.

// finest is the number of levels of finer moves. At level l steps are 4⁻ˡ as long, and trajectories have 2ˡ as many of them:
// half as long from level to level, for twice the evaluations. See docs/adr/0004-finer-moves.md.
const finest = 4

// moveFiner follows the moves of a stage, of which there were done, by as many at each level of finer steps as the plan has.
// While a plan is being made there is another level as long as the last one had proposals that were hopeless. It returns the
// levels. A coarse population only says whether there would be any.
func (pop *population) moveFiner(ctx context.Context, moves, done int, last mcmc.Stats) (int, error) {
	switch {
	case moves == 0 || pop.cfg.Move.Step > 0:
		return 0, nil
	case pop.coarse:
		if last.Narrow() {
			return 1, nil
		}
		return 0, nil
	}
	density, kernel := pop.density()
	for level := 1; level <= finest; level++ {
		if pop.frozen && level > pop.plan.Stages[pop.stage-1].Finer || !pop.frozen && !last.Narrow() {
			return level - 1, nil
		}
		tuning := pop.tuning.Finer(1<<(2*level), 1<<level)
		last = mcmc.Stats{}
		for range moves {
			st, err := kernel.Move(ctx, density, pop.beta, &tuning, pop.s, &pop.keys.move, uint32(pop.stage), uint32(done))
			if err != nil {
				return 0, fmt.Errorf("move by finer steps: %w", err)
			}
			last.Add(st)
			done++
		}
	}
	return finest, nil
}

// finerEvals is how many evaluations the first level of the finer moves of p takes of n particles.
func (p *Plan) finerEvals(k mcmc.Kernel, n int) int64 {
	each := 1
	if k.Kind == mcmc.HMC {
		each = 2 * k.Leapfrogs
	}
	sum := 0
	for _, s := range p.Stages {
		if s.Finer > 0 {
			sum += s.Moves
		}
	}
	return int64(sum) * int64(each) * int64(n)
}
