package mcmc

import (
	"errors"
	"fmt"
	"math"
)

// Config describes a run of plain chains. Start from Defaults.
type Config struct {
	Seed   uint64
	Chains int // moved in lock-step; chain c is slot c
	Warmup int // iterations each, adapting step size and scales
	Draws  int // kept of each chain
	Thin   int // iterations for each kept draw
	Kernel Kernel
	Step   float64   // step size; 0: tuned during warm-up
	Accept float64   // acceptance probability that tuning aims at; 0: the kernel's own
	Init   []float64 // chains×d starting points; nil: uniform on (−2, 2) in each coordinate, tried up to 100 times a chain
	Block  int       // iterations between snapshots
}

// Defaults is the configuration of chains by kernel k, as it is used where nothing is said: 16 chains for the
// gradient kernels with 500 warm-up iterations and 1000 draws. The random walk takes longer to mix and is thinned.
func Defaults(k Kind) Config {
	c := Config{Chains: 16, Warmup: 500, Draws: 1000, Thin: 1, Kernel: Kernel{Kind: k}, Block: 100}
	switch k {
	case HMC:
		c.Kernel.Leapfrogs, c.Kernel.Jitter = 16, 0.5
	case RWM, MALA:
		c.Warmup, c.Thin = 2000, 10
	}
	return c
}

// Validate reports every fault of c for a target of dimension d.
func (c *Config) Validate(d int) error {
	var faults []error
	atLeast := func(name string, v, low int) {
		if v < low {
			faults = append(faults, fmt.Errorf("%s: %d found; accepted: %d or more", name, v, low))
		}
	}
	atLeast("chains", c.Chains, 1)
	atLeast("warmup", c.Warmup, 0)
	atLeast("draws", c.Draws, 1)
	atLeast("thin", c.Thin, 1)
	atLeast("block", c.Block, 1)
	if err := c.Kernel.Validate(); err != nil {
		faults = append(faults, err)
	}
	if !(c.Step >= 0) || math.IsInf(c.Step, 1) {
		faults = append(faults, fmt.Errorf("step: %v found; accepted: a positive step size, or 0 to tune it", c.Step))
	}
	if c.Step == 0 && c.Warmup == 0 {
		faults = append(faults, errors.New("step: it can only be tuned in warm-up, and there is none; accepted: a positive step size"))
	}
	if !(c.Accept >= 0 && c.Accept < 1) {
		faults = append(faults, fmt.Errorf("accept: %v found; accepted: above 0, below 1, or 0 for the kernel's own", c.Accept))
	}
	if c.Init != nil && len(c.Init) != c.Chains*d {
		faults = append(faults, fmt.Errorf("init: %d numbers found; accepted: %d, for %d chains of dimension %d", len(c.Init), c.Chains*d, c.Chains, d))
	}
	return errors.Join(faults...)
}

func (c *Config) accept() float64 {
	if c.Accept > 0 {
		return c.Accept
	}
	return c.Kernel.Kind.TargetAccept()
}

// iterations is the length of each chain.
func (c *Config) iterations() int { return c.Warmup + c.Draws*c.Thin }

// Block is a run of kept draws of all chains, in the order in which they were made: draw-major, n draws × chains (× d).
type Block struct {
	First, N  int       // the block holds draws First … First+N−1
	X         []float64 // n×chains×d
	LogP      []float64 // n×chains, as the three below
	Accept    []float64 // acceptance probability
	Energy    []float64 // H; for the random walk −log p
	Divergent []bool
}

// Progress tells how far a run of chains has come.
type Progress struct {
	Iteration, Iterations int // done, of
	Warmup                bool
	Acceptance            float64 // mean over chains, since the last report
	Step                  float64
	Divergent             int // after warm-up, so far
}

// Hooks join a run of chains to the world. All may be nil.
type Hooks struct {
	Progress func(Progress)
	// Save is called every Config.Block iterations and at the end with the draws since the last call (no draws during
	// warm-up: N = 0) and the state after them. The block is the callee's to keep. An error ends the run.
	Save func(snapshot []byte, block *Block) error
	// Load gives the last snapshot saved and all blocks saved up to it, in order. A run that starts from them ends in the
	// same bytes as one that was never stopped.
	Load func() (snapshot []byte, blocks []*Block, ok bool)
}

// Result is what a run of chains gave.
type Result struct {
	Chains, Draws, D int
	Block            // all draws
	Tuning           Tuning
	Acceptance       float64 // mean acceptance probability after warm-up
	Diverged         int     // iterations after warm-up that diverged
	Tally            Tally   // warm-up included
	Findings         []Finding
}
