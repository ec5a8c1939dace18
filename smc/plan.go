package smc

import (
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/smc/mcmc"
)

// Plan is everything that adaptation finds: the stages, with the tuning of the moves of each.
type Plan struct {
	Stages []PlannedStage
	// Of a run with a transport: the number of cuts it was set to, 0 if they are its own, and what was decided about its
	// segments.
	Cuts      int
	Decisions []Decision
}

// PlannedStage is one stage of a Plan.
type PlannedStage struct {
	Segment int     // of the transport, from 1; 0: the particles stay where they are
	Cut     int     // of the transport, from 1, that the stage ends at; 0: none
	Beta    float64 // at its end; NaN where the cut has none
	Moves   int     // applications of the kernel
	Finer   int     // levels of finer moves after these, as many at each
	Tuning  mcmc.Tuning
}

// Lines tells the decisions in words, neighbours of one verdict together, with the worst of their figures.
func (p *Plan) Lines() []string {
	var merged []Decision
	for _, d := range p.Decisions {
		n := len(merged) - 1
		if n < 0 || merged[n].Verdict != d.Verdict {
			merged = append(merged, d)
			continue
		}
		m := &merged[n]
		m.Last = d.Last
		m.Stages += d.Stages
		if worse(d.ParetoK, m.ParetoK) {
			m.ParetoK, m.Why = d.ParetoK, d.Why
		}
		if !(d.CESS >= m.CESS) {
			m.CESS = d.CESS
		}
	}
	var lines []string
	for _, d := range merged {
		lines = append(lines, d.String())
	}
	return lines
}

// Verdict says what becomes of segments of a transport.
type Verdict uint8

// The verdicts. A kept segment is used as it is; a refined one is followed by moves; replaced ones are not used: tempered
// stages take their place.
const (
	Kept Verdict = iota
	Refined
	Replaced
)

// String is the verdict as people say it.
func (v Verdict) String() string {
	switch v {
	case Kept:
		return "kept"
	case Refined:
		return "refined"
	case Replaced:
		return "replaced"
	}
	return fmt.Sprintf("verdict %d", uint8(v))
}

// Decision is what the pilot decided about neighbouring segments, usually one, between two cuts of the geometric path.
// It looks at the Pareto k and the conditional effective sample size of their weights, and never at the particles of the
// run that follows, whose estimate of Z therefore stays unbiased.
type Decision struct {
	First, Last int // segments, from 1
	Verdict     Verdict
	ParetoK     float64 // of the weights of the worst of them; NaN if they hardly vary, or it was not tried
	CESS        float64 // conditional effective sample size, as a fraction, of the worst of them; NaN if it was not tried
	Stages      int     // of tempering in place of them
	Why         string  // in words
}

// String tells it in a line.
func (d Decision) String() string {
	name := fmt.Sprintf("segment %d", d.First)
	if d.Last > d.First {
		name = fmt.Sprintf("segments %d to %d", d.First, d.Last)
	}
	text := fmt.Sprintf("%s: %v", name, d.Verdict)
	if d.Verdict == Replaced {
		text += fmt.Sprintf(" by %d tempered stage", d.Stages)
		if d.Stages != 1 {
			text += "s"
		}
	}
	if !math.IsNaN(d.ParetoK) {
		text += fmt.Sprintf(", Pareto k %.2f", d.ParetoK)
	}
	if !math.IsNaN(d.CESS) {
		text += fmt.Sprintf(", CESS %.2f", d.CESS)
	}
	if d.Why != "" {
		text += ": " + d.Why
	}
	return text
}
