package config

import (
	"math"

	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/smc/mcmc"
)

// The visits below are the format of the run file: its keys and the accepted values. The defaults come before them; those
// of the algorithms are the algorithms' own.

func defaultRun(folder string) *Run {
	return &Run{
		Folder: folder,
		Seed:   1,
		Target: Target{Processes: defaultProcesses(), OnBadPoint: "stop"},
		Reference: Reference{
			Use: "auto", Location: []float64{0}, Scale: []float64{1}, DOF: 5, Lower: []float64{-1}, Upper: []float64{1},
		},
		Sampler: Sampler{Use: "smc"},
	}
}

func defaultProcesses() Processes { return Processes{TimeoutSeconds: 60, Threads: 1} }

func defaultTransport() *Transport {
	t := &Transport{Decide: true, Processes: defaultProcesses(), Train: Train{Evaluate: 10000}}
	t.TimeoutSeconds = 600
	return t
}

func defaultPopulation(use string) *Population {
	c := smc.Defaults()
	if use == "ais" {
		c = smc.AISDefaults()
	}
	return &Population{
		Islands: c.Islands, Resampling: c.Resampler.String(), Threshold: c.Threshold,
		Schedule: "adaptive", CESS: c.Schedule.CESS, MaxStages: c.Schedule.MaxStages, Stages: 100, Power: 3, Freeze: !c.OnTheFly,
		Move: moveOf(c.Move),
	}
}

func defaultMove(use string) Move {
	kind, _ := mcmc.ParseKind(use) // a wrong name is a fault already
	return moveOf(smc.DefaultMove(kind))
}

func moveOf(m smc.Move) Move {
	return Move{Use: m.Kernel.Kind.String(), Steps: m.Steps, Kernel: Kernel{m.Step, m.Accept, m.Kernel.Leapfrogs, m.Kernel.Jitter}}
}

func defaultChains(use string) *Chains {
	kind, _ := mcmc.ParseKind(use)
	c := mcmc.Defaults(kind)
	return &Chains{
		Chains: c.Chains, Warmup: c.Warmup, Draws: c.Draws, Thin: c.Thin,
		Kernel: Kernel{c.Step, c.Accept, c.Kernel.Leapfrogs, c.Kernel.Jitter},
	}
}

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
	k.choice("on_bad_point", &t.OnBadPoint, "stop", "reject")
	t.Processes.visit(k)
	k.free("config", &t.Config)
	k.later("init", "fixed")
}

func (p *Processes) visit(k keys) {
	k.whole("workers", &p.Workers, 0, 1024)
	k.whole("threads", &p.Threads, 1, 1024)
	k.number("timeout_seconds", &p.TimeoutSeconds, "a number of seconds above 0", positive)
	k.number("start_timeout_seconds", &p.StartSeconds, "a number of seconds, or 0 for 60 s for Python and 10 s for others", atLeast0)
	k.whole("chunk_rows", &p.ChunkRows, 0, 1<<20)
	k.text("python", &p.Python)
	k.texts("env", &p.Env)
}

func (t *Transport) visit(k keys) {
	k.need("use", &t.Use, `"diffusion", the name of another plugin, or the path of one such as "./flow.py"`)
	k.flag("decide", &t.Decide)
	k.flag("beside", &t.Beside)
	k.whole("beside_particles", &t.BesideParticles, 0, 1<<24)
	k.flag("ask", &t.Ask)
	k.text("artefact", &t.Artefact)
	t.Processes.visit(k)
	k.free("config", &t.Config)
	k.table("pilot", func(k keys) {
		k.flag("skip", &t.Pilot.Skip)
		k.whole("particles", &t.Pilot.Particles, 0, 1<<24)
		k.whole("max_evaluations", &t.Pilot.MaxEvaluations, 0, math.MaxInt)
	})
	k.table("train", func(k keys) {
		k.whole("max_steps", &t.Train.MaxSteps, 0, math.MaxInt)
		k.whole("max_evaluations", &t.Train.MaxEvaluations, 0, math.MaxInt)
		k.number("max_seconds", &t.Train.MaxSeconds, "a number of seconds, or 0 for no limit; with max_steps, leave it out", func(x float64) bool {
			return atLeast0(x) && (x == 0 || t.Train.MaxSteps == 0)
		})
		k.whole("evaluate", &t.Train.Evaluate, 2, 1<<24)
	})
}

func (r *Reference) visit(k keys) {
	k.choice("use", &r.Use, "auto", "prior", "normal", "student", "uniform")
	k.context("with use = \"" + r.Use + "\"")
	k.later("config", "draws", "laplace")
	switch r.Use {
	case "normal", "student":
		k.each("location", &r.Location, "a finite number", finite)
		k.each("scale", &r.Scale, "a number above 0, on the unconstrained scale", positive)
		if r.Use == "student" {
			k.number("dof", &r.DOF, "a number above 0", positive)
		} else {
			k.flag("assumed", &r.Assumed)
		}
	case "uniform":
		k.each("lower", &r.Lower, "a finite number", finite)
		k.each("upper", &r.Upper, "a finite number", finite)
	}
}

func (s *Sampler) visit(k keys) {
	k.choice("use", &s.Use, append(append([]string{}, Populations...), Chained...)...)
	k.context("with use = \"" + s.Use + "\"")
	k.later("config")
	switch s.Use {
	case "smc", "ais":
		if s.Population == nil {
			s.Population = defaultPopulation(s.Use)
		}
		s.Population.visit(k, s.Use)
	default:
		if s.Chains == nil {
			s.Chains = defaultChains(s.Use)
		}
		s.Chains.visit(k, s.Use)
	}
}

func (p *Population) visit(k keys, use string) {
	k.whole("particles", &p.Particles, 0, 1<<24)
	k.whole("islands", &p.Islands, 1, 4096)
	if use == "smc" {
		k.choice("resampling", &p.Resampling, "systematic", "multinomial")
		k.number("threshold", &p.Threshold, "a number from 0 (never resample) to 1 (always)", func(x float64) bool { return x >= 0 && x <= 1 })
	}
	k.choice("schedule", &p.Schedule, "adaptive", "fixed")
	if p.Schedule == "adaptive" {
		k.number("cess", &p.CESS, "a number between 0 and 1: the conditional ESS to keep, as a fraction of the particles", fraction)
		k.whole("max_stages", &p.MaxStages, 1, 1<<20)
	} else {
		k.numbers("betas", &p.Betas, "increasing numbers above 0 that end with 1", increasingToOne)
		if p.Betas == nil {
			k.whole("stages", &p.Stages, 1, 1<<20)
			k.number("power", &p.Power, "a number above 0: stage k of K is at (k/K)^power", positive)
		}
	}
	k.flag("freeze", &p.Freeze)
	k.table("move", p.Move.visit)
	k.optional("transport", p.Transport != nil, func(k keys) {
		if p.Transport == nil {
			p.Transport = defaultTransport()
		}
		p.Transport.visit(k)
	})
}

func (m *Move) visit(k keys) {
	used := m.Use
	k.choice("use", &m.Use, Moves...)
	if m.Use != used {
		*m = defaultMove(m.Use)
	}
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
	k.number("accept", &q.Accept, "a number between 0 and 1, or 0 for the kernel's own", func(x float64) bool { return x == 0 || fraction(x) })
	if use == "hmc" {
		k.whole("leapfrog", &q.Leapfrog, 1, 1<<16)
		k.number("jitter", &q.Jitter, "a number from 0 up to, not including, 1", func(x float64) bool { return x >= 0 && x < 1 })
	}
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

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
