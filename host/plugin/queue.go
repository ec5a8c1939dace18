package plugin

import (
	"context"
	"sync"
	"sync/atomic"
)

// call is one call to the component under way; its jobs are its chunks.
type call struct {
	ctx  context.Context
	stop atomic.Bool // a job has failed: those not yet begun need not
	jobs sync.WaitGroup

	mu     sync.Mutex
	err    error
	failed int // first row of the lowest chunk that failed, with err
}

// job is one chunk of a call, for whichever worker is free.
type job struct {
	call  *call
	first int // row or slot
	try   func(context.Context, *link) error
	apart func() chunk // gives what can be taken apart to find the row that kills; nil: nothing can
	// resumes says that a try goes on where the one before was, and so may be one of many.
	resumes bool
}

// finish takes the outcome of a job. Jobs are handed out in order and those begun are finished, so the lowest failure is
// found whoever hits it.
func (j *job) finish(err error) {
	c := j.call
	if err != nil {
		c.stop.Store(true)
		c.mu.Lock()
		if c.err == nil || j.first < c.failed {
			c.err, c.failed = err, j.first
		}
		c.mu.Unlock()
	}
	c.jobs.Done()
}

// submit cuts n rows into chunks, has the workers answer each, and waits for all.
func (p *pool) submit(ctx context.Context, n int, chunk func(lo, hi int) *job) error {
	c := &call{ctx: ctx}
	var refused error
	for lo := 0; lo < n && refused == nil && !c.stop.Load(); lo += p.rows {
		j := chunk(lo, min(lo+p.rows, n))
		j.call, j.first = c, lo
		c.jobs.Add(1)
		select {
		case p.queue <- j:
			continue
		case <-ctx.Done():
			refused = ctx.Err()
		case <-p.failed:
			refused = p.failure
		case <-p.closing:
			refused = errClosed
		}
		c.jobs.Done()
	}
	c.jobs.Wait()
	if c.err != nil {
		return p.forUser(c.err)
	}
	return refused
}
