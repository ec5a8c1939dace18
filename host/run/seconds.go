package run

import (
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
