package config

import "math"

// The visits below are the format of the run file: its keys and the accepted values. The defaults come before them.

func defaultRun(folder string) *Run {
	return &Run{
		Folder:    folder,
		Seed:      1,
		Target:    Target{Workers: 1, TimeoutSeconds: 60, OnBadPoint: "stop"},
		Reference: Reference{Use: "auto", Scale: 1},
		Sampler:   Sampler{Use: "smc"},
	}
}

func defaultPopulation() *Population {
	return &Population{
		Particles: 2048, Islands: 4, Resampling: "systematic", Threshold: 0.5,
		Schedule: "adaptive", CESS: 0.9, Stages: 64,
		Move: Move{Use: "hmc", Steps: 1, Kernel: defaultKernel},
	}
}

func defaultChains() *Chains {
	return &Chains{Chains: 4, Warmup: 1000, Draws: 1000, Thin: 1, Kernel: defaultKernel}
}

var defaultKernel = Kernel{Leapfrog: 10}

func (c *Run) visit(k keys) {
	k.text("folder", &c.Folder)
	k.whole("seed", &c.Seed, 0, math.MaxInt)
	k.whole("workers", &c.Workers, 0, 1024)
	k.table("target", c.Target.visit)
	k.table("reference", c.Reference.visit)
	k.table("sampler", c.Sampler.visit)
	k.texts("labels", &c.Labels)
	k.later("baseline", "stop", "plugin", "prior", "init")
}

func (t *Target) visit(k keys) {
	k.need("use", &t.Use, `the name of a built-in target ("sampan target list" shows them), or the path of a plugin such as "./banana.py"`)
	k.flag("isolate", &t.Isolate)
	k.whole("workers", &t.Workers, 1, 1024)
	k.number("timeout_seconds", &t.TimeoutSeconds, "a number of seconds above 0", positive)
	k.whole("chunk_rows", &t.ChunkRows, 0, 1<<20)
	k.choice("on_bad_point", &t.OnBadPoint, "stop", "reject")
	k.text("python", &t.Python)
	k.texts("env", &t.Env)
	k.free("config", &t.Config)
	k.later("init", "fixed")
}

func (r *Reference) visit(k keys) {
	k.choice("use", &r.Use, "auto", "prior", "normal")
	if r.Use == "normal" {
		k.number("scale", &r.Scale, "a number above 0: the standard deviation on the unconstrained scale", positive)
	}
	k.context("with use = \"" + r.Use + "\"")
	k.later("config")
}

func (s *Sampler) visit(k keys) {
	k.choice("use", &s.Use, append(append([]string{}, Populations...), Chained...)...)
	k.context("with use = \"" + s.Use + "\"")
	k.later("transport", "config")
	switch s.Use {
	case "smc", "ais":
		if s.Population == nil {
			s.Population = defaultPopulation()
		}
		s.Population.visit(k, s.Use)
	default:
		if s.Chains == nil {
			s.Chains = defaultChains()
		}
		s.Chains.visit(k, s.Use)
	}
}

func (p *Population) visit(k keys, use string) {
	k.whole("particles", &p.Particles, 2, 1<<24)
	k.whole("islands", &p.Islands, 1, 4096)
	if use == "smc" {
		k.choice("resampling", &p.Resampling, "systematic", "multinomial")
		k.number("threshold", &p.Threshold, "a number from 0 (never resample) to 1 (always)", func(x float64) bool { return x >= 0 && x <= 1 })
	}
	k.choice("schedule", &p.Schedule, "adaptive", "fixed")
	if p.Schedule == "adaptive" {
		k.number("cess", &p.CESS, "a number between 0 and 1: the conditional ESS to keep, as a fraction of the particles", fraction)
		k.flag("freeze", &p.Freeze)
	} else {
		k.numbers("betas", &p.Betas, "increasing numbers above 0 that end with 1", increasingToOne)
		if p.Betas == nil {
			k.whole("stages", &p.Stages, 1, 1<<20)
		}
	}
	k.table("move", p.Move.visit)
}

func (m *Move) visit(k keys) {
	k.choice("use", &m.Use, Moves...)
	k.whole("steps", &m.Steps, 1, 1<<20)
	k.context("with use = \"" + m.Use + "\"")
	m.Kernel.visit(k, m.Use)
}

func (c *Chains) visit(k keys, use string) {
	k.whole("chains", &c.Chains, 1, 1<<20)
	k.whole("warmup", &c.Warmup, 0, 1<<30)
	k.whole("draws", &c.Draws, 1, 1<<30)
	k.whole("thin", &c.Thin, 1, 1<<20)
	c.Kernel.visit(k, use)
}

func (q *Kernel) visit(k keys, use string) {
	k.number("step_size", &q.StepSize, "a number above 0, or 0 to have it adapted", atLeast0)
	k.number("accept", &q.Accept, "a number between 0 and 1, or 0 for the kernel's own best", func(x float64) bool { return x == 0 || fraction(x) })
	if use == "hmc" {
		k.whole("leapfrog", &q.Leapfrog, 1, 1<<16)
	}
}

func increasingToOne(b []float64) bool {
	last := 0.0
	for _, x := range b {
		if !(x > last) {
			return false
		}
		last = x
	}
	return last == 1
}
