package run

import (
	"encoding/json"
	"fmt"

	"github.com/sampan-mc/sampan/host/record"
	"github.com/sampan-mc/sampan/smc"
)

// The events that tell how far a run has come.
const (
	eventStage      = "stage"      // of a population
	eventIterations = "iterations" // of chains
	eventTrain      = "train"      // of a transport
	eventPhaseBegan = "phase_began"
	eventPhaseEnded = "phase_ended"
	eventDecided    = "decided" // about the segments of a transport
)

// stageEvent is the part of an event that a resumed run wants to know again.
type stageEvent struct {
	Stream   string   `json:"stream"`
	Stage    int      `json:"stage"`
	Stages   int      `json:"stages"`
	Beta     float64  `json:"beta"`
	Density  int64    `json:"density"`
	Gradient int64    `json:"gradient"`
	Phase    string   `json:"phase"`
	Seconds  *seconds `json:"seconds"`
}

// recall takes from the events of earlier processes the time that they spent and how far they came, as far as they lived
// to tell. Results do not depend on it.
func (s *session) recall(v record.View) error {
	s.resumed = true
	events, err := v.Events()
	if err != nil {
		return err
	}
	for _, e := range events {
		if len(e.Fields) == 0 {
			continue
		}
		var f stageEvent
		if err := json.Unmarshal(e.Fields, &f); err != nil {
			return fmt.Errorf("%s: event %s: %w", v.Path(record.EventsFile), e.Kind, err)
		}
		if f.Seconds != nil {
			s.before = *f.Seconds
		}
		switch a := s.algorithm.(type) {
		case *populationRun:
			if e.Kind == eventStage {
				r := smc.Report{Stream: f.Stream, Stage: f.Stage, Stages: f.Stages, Beta: f.Beta}
				r.Tally.Density, r.Tally.Gradient = f.Density, f.Gradient
				a.annealing.report(r)
			}
		case *hybridRun:
			a.phases.recall(e.Kind, &f)
		}
	}
	return nil
}

// recall takes in the event that a phase began or ended.
func (p *phases) recall(kind string, f *stageEvent) {
	into := map[string]map[string]float64{eventPhaseBegan: p.began, eventPhaseEnded: p.ended}[kind]
	if _, known := into[f.Phase]; into != nil && !known && f.Seconds != nil {
		into[f.Phase] = f.Seconds.Total
	}
}
