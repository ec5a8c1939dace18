package mcmc

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// Run draws from target, on the unconstrained scale, by chains in lock-step. Chain c is slot c of the population and
// iteration i its stage, so that the draws depend on the seed and the target only.
func Run(ctx context.Context, target targets.Density, cfg Config, hooks Hooks) (*Result, error) {
	d := target.Info().Dim()
	if err := cfg.Validate(d); err != nil {
		return nil, err
	}
	if err := CheckGradient(cfg.Kernel.Kind, target); err != nil {
		return nil, err
	}
	c := newChains(target, d, cfg)
	if err := c.begin(ctx, hooks.Load); err != nil {
		return nil, err
	}
	for c.iteration < cfg.iterations() {
		for range min(cfg.Block, cfg.iterations()-c.iteration) {
			if err := c.step(ctx); err != nil {
				return nil, fmt.Errorf("iteration %d: %w", c.iteration, err)
			}
		}
		if err := c.flush(hooks); err != nil {
			return nil, err
		}
	}
	return c.result(), nil
}

// chains is a run under way. What the snapshot holds is marked; the rest follows from the configuration.
type chains struct {
	cfg     Config
	d       int
	density Density
	mover   *Mover
	streams Streams
	start   int   // first iteration that scales are learned from
	ends    []int // last iterations of the windows they are learned in

	iteration int           // done; in the snapshot, like all below
	state     *State        //
	tuning    Tuning        //
	step1     DualAveraging //
	window    moments       //
	acceptSum float64       // of the mean acceptance probabilities after warm-up
	diverged  int           //
	tally     *Tally        //

	block  *Block // draws since the last flush
	blocks []*Block
	recent Stats // since the last flush
}

func newChains(target targets.Density, d int, cfg Config) *chains {
	c := &chains{
		cfg: cfg, d: d, density: Plain(target), tally: &Tally{},
		streams: NewStreams(cfg.Seed, "chains", 0),
		state:   NewState(cfg.Chains, d, false, cfg.Kernel.Kind.NeedsGradient()),
		tuning:  FirstTuning(cfg.Kernel.Kind, d), window: newMoments(d),
		step1: DualAveraging{Target: cfg.accept()},
	}
	c.mover = NewMover(cfg.Kernel, cfg.Chains, d, false, c.tally)
	if cfg.Step > 0 {
		c.tuning.Step = cfg.Step
	}
	c.start, c.ends = windows(cfg.Warmup)
	c.block = &Block{}
	return c
}

// begin takes up a saved run, or starts a new one.
func (c *chains) begin(ctx context.Context, load func() ([]byte, []*Block, bool)) error {
	if load != nil {
		if snap, blocks, ok := load(); ok {
			return c.restore(snap, blocks)
		}
	}
	if err := c.place(ctx); err != nil {
		return err
	}
	return c.retune(ctx)
}

// place finds starting points with a finite log density and, for kernels that need it, gradient.
func (c *chains) place(ctx context.Context) error {
	key := rng.NewKey(c.cfg.Seed, "chains/init", 0)
	tries := 100
	if c.cfg.Init != nil {
		copy(c.state.X, c.cfg.Init)
		tries = 1
	}
	for try := range tries {
		if c.cfg.Init == nil {
			for i := range c.cfg.Chains {
				if try > 0 && c.placed(i) {
					continue
				}
				x := c.state.X[i*c.d : (i+1)*c.d]
				key.Uniforms(x, uint32(i), uint32(try), 0)
				for j := range x {
					x[j] = 4*x[j] - 2
				}
			}
		}
		if err := c.state.Refresh(ctx, c.density, c.tally); err != nil {
			return fmt.Errorf("starting points: %w", err)
		}
		if first := c.firstUnplaced(); first < 0 {
			return nil
		} else if try == tries-1 {
			where := "its starting point"
			if c.cfg.Init == nil {
				where = fmt.Sprintf("any of %d points in (−2, 2)", tries)
			}
			return fmt.Errorf("chain %d cannot start: the target is %v at %s; give starting points with a finite log density and gradient",
				first, c.state.Status[first], where)
		}
	}
	return nil
}

func (c *chains) placed(i int) bool {
	return c.state.LogTarget[i] > math.Inf(-1) && c.state.Status[i] != targets.GradBad
}

func (c *chains) firstUnplaced() int {
	for i := range c.cfg.Chains {
		if !c.placed(i) {
			return i
		}
	}
	return -1
}

// retune starts the tuning of the step size anew, from a step found by doubling or halving until the acceptance of
// single leapfrogs crosses the one aimed at.
func (c *chains) retune(ctx context.Context) error {
	if c.cfg.Step > 0 || c.iteration >= c.cfg.Warmup {
		return nil
	}
	st := NewStreams(c.cfg.Seed, "chains/step", 0)
	factor := 0.0
	for try := range 100 {
		stats, err := c.mover.propose(ctx, c.density, 1, &c.tuning, c.state, &st, 1, uint32(c.iteration), uint32(try))
		if err != nil {
			return err
		}
		up := stats.Acceptance() > c.step1.Target
		switch {
		case factor == 0 && up:
			factor = 2
		case factor == 0:
			factor = 0.5
		case up != (factor == 2):
			c.step1.Restart(c.tuning.Step)
			return nil
		}
		c.tuning.Step *= factor
	}
	return errors.New("no step size suits: every one up to 2¹⁰⁰ is accepted, or none down to 2⁻¹⁰⁰; " +
		"the target may be flat, or have a wrong gradient")
}

// step is one iteration of all chains.
func (c *chains) step(ctx context.Context) error {
	stats, err := c.mover.Move(ctx, c.density, 1, &c.tuning, c.state, &c.streams, uint32(c.iteration), 0)
	if err != nil {
		return err
	}
	c.recent.Add(stats)
	i := c.iteration
	c.iteration++
	if i < c.cfg.Warmup {
		return c.adapt(ctx, i, stats)
	}
	c.acceptSum += stats.Acceptance()
	c.diverged += stats.Divergent
	if (c.iteration-c.cfg.Warmup)%c.cfg.Thin == 0 {
		c.keep()
	}
	return nil
}

// adapt learns from warm-up iteration i.
func (c *chains) adapt(ctx context.Context, i int, stats Stats) error {
	if c.cfg.Step == 0 {
		c.step1.Update(stats.Acceptance())
		c.tuning.Step = c.step1.Step()
	}
	if len(c.ends) > 0 && i >= c.start && i <= c.ends[len(c.ends)-1] {
		c.window.add(c.state.X)
		if slices.Contains(c.ends, i) {
			if err := c.window.scale(c.tuning.Scale); err != nil {
				return err
			}
			c.window.reset()
			if err := c.retune(ctx); err != nil {
				return err
			}
		}
	}
	if i == c.cfg.Warmup-1 && c.cfg.Step == 0 {
		c.tuning.Step = c.step1.Averaged()
	}
	return nil
}
