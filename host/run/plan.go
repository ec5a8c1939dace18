package run

import (
	"runtime"

	"github.com/sampan-mc/sampan/host/config"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/smc/mcmc"
)

// In many dimensions an evaluation of a target costs as the square of them, or nearly: particles times that are bounded,
// from above and from below.
const (
	dearest      = 1 << 27
	fewParticles = 64
)

// particles is how many an island has in d dimensions where nothing is said.
func particles(d int) int {
	return min(max(dearest/(d*d), fewParticles), smc.Defaults().Particles)
}

// population is the engine's configuration of the sampler in c, which is smc or ais, in d dimensions. It resolves in c what
// depends on these.
func population(c *config.Run, d int) smc.Config {
	p := c.Sampler.Population
	if p.Particles == 0 {
		p.Particles = particles(d)
	}
	out := smc.Config{
		Seed: uint64(c.Seed), Particles: p.Particles, Islands: p.Islands, OnTheFly: !p.Freeze,
		Move: smc.Move{Kernel: kernel(p.Move.Use, p.Move.Kernel), Steps: p.Move.Steps, Step: p.Move.StepSize, Accept: p.Move.Accept},
	}
	if c.Sampler.Use == "smc" {
		out.Threshold = p.Threshold
		out.Resampler, _ = smc.ParseResampler(p.Resampling) // the run file's check has the same words
	}
	switch {
	case p.Schedule == "adaptive":
		out.Schedule = smc.Schedule{CESS: p.CESS, MaxStages: p.MaxStages}
	case p.Betas != nil:
		out.Schedule.Betas = p.Betas
	default:
		out.Schedule.Betas = smc.Power(p.Stages, p.Power)
	}
	return out
}

// chains is the engine's configuration of the sampler in c, which is one of plain chains.
func chains(c *config.Run) mcmc.Config {
	p := c.Sampler.Chains
	out := mcmc.Defaults(kernel(c.Sampler.Use, p.Kernel).Kind)
	out.Seed, out.Chains, out.Warmup, out.Draws, out.Thin = uint64(c.Seed), p.Chains, p.Warmup, p.Draws, p.Thin
	out.Kernel, out.Step, out.Accept = kernel(c.Sampler.Use, p.Kernel), p.StepSize, p.Accept
	return out
}

func kernel(use string, k config.Kernel) mcmc.Kernel {
	kind, _ := mcmc.ParseKind(use)
	out := mcmc.Kernel{Kind: kind}
	if kind == mcmc.HMC {
		out.Leapfrogs, out.Jitter = k.Leapfrog, k.Jitter
	}
	return out
}

// moves names the kernel that will move points, and the key of the run file that chose it.
func moves(c *config.Run) (kind mcmc.Kind, key string) {
	use, key := c.Sampler.Use, "sampler.use"
	if c.Sampler.Population != nil {
		use, key = c.Sampler.Population.Move.Use, "sampler.move.use"
	}
	kind, _ = mcmc.ParseKind(use)
	return kind, key
}

// workers is the number of goroutines of this process that work at a time.
func workers(c *config.Run) int {
	if c.Workers > 0 {
		return c.Workers
	}
	return runtime.GOMAXPROCS(0)
}
