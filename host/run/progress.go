package run

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/smc/mcmc"
)

// Progress tells how far a run is.
type Progress struct {
	Fraction float64       // done, of the whole run; an estimate
	Evals    int64         // evaluations of the target so far
	Detail   string        // for people: inverse temperature, stage, effective sample size
	Part     string        // of the run, that Detail and Left tell of, where the parts go at speeds of their own; empty: the whole
	Left     time.Duration // until its end; 0: not known
}

// annealing estimates the progress of a population run: a pilot and several islands, each from β = 0 to 1.
type annealing struct {
	mu     sync.Mutex
	frozen bool // there is a pilot, and the islands know their number of stages
	part   map[string]float64
	evals  map[string]int64
	of     int // islands
	first  map[string]float64
}

func newAnnealing(cfg smc.Config) *annealing {
	return &annealing{frozen: !cfg.OnTheFly, of: cfg.Islands, part: map[string]float64{}, evals: map[string]int64{}, first: map[string]float64{}}
}

// report takes in one stage and returns where the run stands.
func (a *annealing) report(r smc.Report) Progress {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.first[r.Stream]; !ok && !math.IsNaN(r.Beta) {
		a.first[r.Stream] = r.Beta
	}
	switch {
	case r.Stages > 0:
		a.part[r.Stream] = float64(r.Stage) / float64(r.Stages)
	case !math.IsNaN(r.Beta):
		a.part[r.Stream] = annealed(r.Beta, a.first[r.Stream])
	}
	a.evals[r.Stream] = r.Tally.Density + r.Tally.Gradient
	return Progress{Fraction: a.fraction(), Evals: sum(a.evals), Detail: stageText(r)}
}

// decided guesses how much of a decision, which takes nobody knows how many pilots, is behind.
func (a *annealing) decided() float64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return 1 - math.Exp2(-sum(a.part))
}

// sampled is the part of the islands' work that is done.
func (a *annealing) sampled() float64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	done := 0.0
	for stream, part := range a.part {
		if !isPilot(stream) {
			done += part
		}
	}
	return done / float64(a.of)
}

// isPilot tells the pilots of a decision, pilot, pilot-2 and so on, from islands.
func isPilot(stream string) bool { return strings.HasPrefix(stream, phasePilot) }

// fraction counts a pilot as one more island. While the pilot runs the islands have done nothing.
func (a *annealing) fraction() float64 {
	streams := float64(a.of)
	if a.frozen {
		streams++
	}
	return sum(a.part) / streams
}

// annealed guesses how much of an adaptive path is behind β. Steps at constant conditional ESS grow in proportion to β
// once the target dominates, so after a first step of size b the stages are spread like log(1 + β/b).
func annealed(beta, first float64) float64 {
	if beta >= 1 {
		return 1
	}
	return math.Log1p(beta/first) / math.Log1p(1/first)
}

func sum[K comparable, V int64 | float64](m map[K]V) V {
	var s V
	for _, v := range m {
		s += v
	}
	return s
}

func stageText(r smc.Report) string {
	of := ""
	if r.Stages > 0 {
		of = fmt.Sprintf("/%d", r.Stages)
	}
	text := fmt.Sprintf("%s  stage %d%s", r.Stream, r.Stage, of)
	if !math.IsNaN(r.Beta) {
		text += fmt.Sprintf("  β %.3g", r.Beta)
	}
	if !math.IsNaN(r.ESS) {
		text += fmt.Sprintf("  ESS %.0f %%", 100*r.ESS)
	}
	if !math.IsNaN(r.Acceptance) {
		text += fmt.Sprintf("  accept %.0f %%", 100*r.Acceptance)
	}
	return text
}

func chainsProgress(p mcmc.Progress, evals int64) Progress {
	phase := "sampling"
	if p.Warmup {
		phase = "warm-up"
	}
	text := fmt.Sprintf("%s  iteration %d/%d  step %.3g  accept %.0f %%", phase, p.Iteration, p.Iterations, p.Step, 100*p.Acceptance)
	if p.Divergent > 0 {
		text += fmt.Sprintf("  %d divergent", p.Divergent)
	}
	return Progress{Fraction: float64(p.Iteration) / float64(p.Iterations), Evals: evals, Detail: text}
}
