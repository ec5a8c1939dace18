package smc

import (
	"errors"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/smc/mcmc"
)

// Config describes a run. Start from Defaults or AISDefaults.
type Config struct {
	Seed      uint64
	Particles int // in each island
	Islands   int // independent populations; their spread is an error estimate
	Schedule  Schedule
	Resampler Resampler
	Threshold float64 // resample below this effective sample size, as a fraction of the particles; 0 never (AIS), 1 always
	Move      Move
	// OnTheFly adapts schedule, step sizes and scales in the very populations that give the result: cheaper by the pilot,
	// and log Z is consistent but not unbiased. Otherwise a pilot population of its own adapts them, they are frozen, and
	// the islands run with fresh randomness: the estimate of Z is then exactly unbiased.
	OnTheFly bool

	// Transport carries the particles from cut to cut of a path of its own; nil: there is none. Schedule then is only for
	// tempered stages in place of its segments.
	Transport Transport
	// AsIs keeps every segment of the transport, with moves at every cut where γ is known. Otherwise the pilot decides
	// segment by segment; see Decision.
	AsIs bool
	// Tempered, if it is known, is what a tempered run without the transport found. A transport that finds much less mass
	// has lost part of the target, and is not used.
	Tempered *Tempered
}

// Move describes the Markov moves of each stage.
type Move struct {
	Kernel mcmc.Kernel
	Steps  int     // applications of the kernel a stage
	Step   float64 // step size, in units of the particles' standard deviations; 0: tuned
	Accept float64 // acceptance probability that tuning aims at; 0: the kernel's own
}

// Schedule says how β goes from 0 to 1.
type Schedule struct {
	// Betas, if not nil, is a fixed schedule: increasing, above 0, the last exactly 1. Power makes common ones.
	Betas []float64
	// CESS makes the schedule adaptive: each step is the largest that keeps the conditional effective sample size at this
	// fraction of what a step of size nought would leave.
	CESS float64
	// MaxStages bounds an adaptive schedule.
	MaxStages int
}

// Power is the schedule β_k = (k/stages)^exponent, k = 1 … stages: 1 is linear; higher exponents are slower near the
// reference, where a wide prior needs it.
func Power(stages int, exponent float64) []float64 {
	b := make([]float64, stages)
	for k := range b {
		b[k] = math.Pow(float64(k+1)/float64(stages), exponent)
	}
	return b
}

// Defaults is the configuration of tempered sequential Monte Carlo as it is used where nothing is said.
func Defaults() Config {
	return Config{
		Particles: 1024, Islands: 4,
		Schedule:  Schedule{CESS: 0.9, MaxStages: 10000},
		Resampler: Systematic, Threshold: 0.5,
		Move: DefaultMove(mcmc.HMC),
	}
}

// AISDefaults is the same for annealed importance sampling: no resampling, so many smaller steps.
func AISDefaults() Config {
	c := Defaults()
	c.Threshold = 0
	c.Schedule.CESS = 0.995
	c.Move.Steps = 1
	return c
}

// DefaultMove is the move by kernel k as it is used where nothing is said.
func DefaultMove(k mcmc.Kind) Move {
	m := Move{Kernel: mcmc.Kernel{Kind: k}}
	switch k {
	case mcmc.HMC:
		m.Kernel.Leapfrogs, m.Kernel.Jitter, m.Steps = 4, 0.5, 4
	case mcmc.MALA:
		m.Steps = 16
	case mcmc.RWM:
		m.Steps = 32
	}
	return m
}

// Validate reports every fault of c.
func (c *Config) Validate() error {
	var faults []error
	say := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if c.Particles < 2 || c.Particles > math.MaxInt32 {
		say("particles: %d found; accepted: 2 or more", c.Particles)
	}
	if c.Islands < 1 {
		say("islands: %d found; accepted: 1 or more", c.Islands)
	}
	if !(c.Threshold >= 0 && c.Threshold <= 1) {
		say("threshold: %v found; accepted: 0, never, to 1, always", c.Threshold)
	}
	if c.Resampler > Multinomial {
		say("resampling: %v found; accepted: systematic, multinomial", c.Resampler)
	}
	least := 1
	if c.Transport != nil {
		faults = append(faults, validateCuts(c.Transport.Cuts()))
		if c.AsIs {
			least = 0
		}
	}
	faults = append(faults, c.Schedule.validate(), c.Move.validate(least))
	return errors.Join(faults...)
}

func (s *Schedule) validate() error {
	if s.Betas == nil {
		if !(s.CESS > 0 && s.CESS < 1) {
			return fmt.Errorf("cess: %v found; accepted: above 0, below 1", s.CESS)
		}
		if s.MaxStages < 1 {
			return fmt.Errorf("max stages: %d found; accepted: 1 or more", s.MaxStages)
		}
		return nil
	}
	before := 0.0
	for _, b := range s.Betas {
		if !(b > before && b <= 1) {
			return fmt.Errorf("betas: %v after %v found; accepted: increasing numbers above 0 that end with 1", b, before)
		}
		before = b
	}
	if before != 1 {
		return fmt.Errorf("betas: the last is %v; accepted: increasing numbers above 0 that end with 1", before)
	}
	return nil
}

func (m *Move) validate(least int) error {
	if err := m.Kernel.Validate(); err != nil {
		return err
	}
	switch {
	case m.Steps < least:
		return fmt.Errorf("move steps: %d found; accepted: %d or more", m.Steps, least)
	case !(m.Step >= 0) || math.IsInf(m.Step, 1):
		return fmt.Errorf("step: %v found; accepted: a positive step size, or 0 to tune it", m.Step)
	case !(m.Accept >= 0 && m.Accept < 1):
		return fmt.Errorf("accept: %v found; accepted: above 0, below 1, or 0 for the kernel's own", m.Accept)
	}
	return nil
}

// validateCuts checks the cuts of a transport.
func validateCuts(cuts []Cut) error {
	if len(cuts) == 0 {
		return errors.New("transport: no cuts found; accepted: one for each segment's end, the last of which is the target")
	}
	before := 0.0
	for k, c := range cuts {
		if c.Kind > CutNone {
			return fmt.Errorf("transport: cut %d is of kind %d; accepted: CutBeta, CutOwn, CutNone", k+1, c.Kind)
		}
		if c.Kind != CutBeta {
			continue
		}
		if !(c.Beta >= before && c.Beta > 0 && c.Beta <= 1) {
			return fmt.Errorf("transport: cut %d is at β = %v after %v; accepted: numbers above 0, up to 1, that do not fall", k+1, c.Beta, before)
		}
		before = c.Beta
	}
	if last := cuts[len(cuts)-1]; last.Kind != CutBeta || last.Beta != 1 {
		return errors.New("transport: the last cut is not the target; accepted: CutBeta with β = 1")
	}
	return nil
}

func (m *Move) accept() float64 {
	if m.Accept > 0 {
		return m.Accept
	}
	return m.Kernel.Kind.TargetAccept()
}
