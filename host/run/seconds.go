package run

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/sampan-mc/sampan/host/record"
)

// seconds is where the time of a run went; what is left of Total is the sampler's.
type seconds struct {
	Total  float64 `json:"total"`
	Target float64 `json:"target"`
	Wire   float64 `json:"wire"`
}

// seconds is the time spent so far, that of earlier processes included.
func (s *session) seconds() seconds {
	_, evaluating := s.meter.read()
	wire := evaluating * s.target.wireShare()
	return seconds{
		Total:  s.before.Total + time.Since(s.began).Seconds(),
		Target: s.before.Target + evaluating - wire,
		Wire:   s.before.Wire + wire,
	}
}

func (t seconds) fields() record.Fields {
	return record.Fields{"total": t.Total, "target": t.Target, "wire": t.Wire}
}

func (t seconds) summary() record.Seconds {
	return record.Seconds{
		Total: record.Float(t.Total), Target: record.Float(t.Target), Wire: record.Float(t.Wire),
		Sampler: record.Float(max(0, t.Total-t.Target-t.Wire)),
	}
}

// secondsBefore is the time the processes before this one spent on the run, as far as they lived to tell.
func secondsBefore(v record.View) (seconds, error) {
	var last seconds
	events, err := v.Events()
	if err != nil {
		return last, err
	}
	for _, e := range events {
		var f struct {
			Seconds *seconds `json:"seconds"`
		}
		if len(e.Fields) == 0 {
			continue
		}
		if err := json.Unmarshal(e.Fields, &f); err != nil {
			return last, fmt.Errorf("%s: event %s: %w", v.Path(record.EventsFile), e.Kind, err)
		}
		if f.Seconds != nil {
			last = *f.Seconds
		}
	}
	return last, nil
}
