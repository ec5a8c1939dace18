package run

import (
	"context"
	"sync"
	"time"

	"github.com/sampan-mc/sampan/targets"
)

// meter counts the points evaluated, and measures how long at least one evaluation was under way. Islands evaluate side
// by side, so the times of calls do not add up; this one does, with the time in which no evaluation was under way, to
// the time that passed.
type meter struct {
	targets.Density
	mu     sync.Mutex
	points int64
	open   int
	since  time.Time
	total  time.Duration
}

// whole is the metered density with the draws of its prior, where it has them.
func (m *meter) whole() targets.Density {
	if p, ok := m.Density.(targets.PriorSampler); ok {
		return struct {
			*meter
			targets.PriorSampler
		}{m, p}
	}
	return m
}

func (m *meter) Eval(ctx context.Context, b *targets.Batch) error {
	m.enter()
	defer m.leave(b.N)
	return m.Density.Eval(ctx, b)
}

func (m *meter) enter() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.open == 0 {
		m.since = time.Now()
	}
	m.open++
}

func (m *meter) leave(points int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.points += int64(points)
	m.open--
	if m.open == 0 {
		m.total += time.Since(m.since)
	}
}

func (m *meter) read() (points int64, seconds float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.points, m.total.Seconds()
}
