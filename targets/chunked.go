package targets

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// Chunked cuts every batch into chunks of rows points, the last one shorter, and evaluates up to workers chunks at a
// time: all calls together, so that several islands may share one. The cuts never depend on workers, so a density whose
// last bits depend on the batch gives the same bytes for any number of them. If chunks fail, the error is that of the
// first of them in the batch. No goroutine outlives the call that started it. The optional interfaces of d are kept.
func Chunked(d Density, rows, workers int) Density {
	c := &chunked{Density: d, info: d.Info(), rows: max(rows, 1), slots: make(chan struct{}, max(workers, 1))}
	return forward(c, d)
}

type chunked struct {
	Density
	info  Info
	rows  int
	slots chan struct{} // one held by each goroutine that evaluates
	calls sync.Pool     // of *chunkCall
	views sync.Pool     // of *Batch
}

func (c *chunked) Unwrap() Density { return c.Density }

// chunkCall is one Eval under way.
type chunkCall struct {
	of      *chunked
	ctx     context.Context
	batch   *Batch
	chunks  int64
	next    atomic.Int64 // first chunk not yet taken
	stop    atomic.Bool
	helpers sync.WaitGroup
	mu      sync.Mutex
	failed  int64 // lowest chunk that failed, with err
	err     error
}

func (c *chunked) Eval(ctx context.Context, b *Batch) error {
	if err := b.Check(c.info); err != nil {
		return err
	}
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	call, _ := c.calls.Get().(*chunkCall)
	if call == nil {
		call = &chunkCall{of: c}
	}
	call.ctx, call.batch, call.chunks = ctx, b, int64((b.N+c.rows-1)/c.rows)
	call.next.Store(0)
	call.stop.Store(false)
	call.err = nil
	call.work()
	<-c.slots
	call.helpers.Wait()
	err := call.err
	call.ctx, call.batch = nil, nil
	c.calls.Put(call)
	return err
}

// work takes chunks in order until there are none, and before each calls in one more goroutine if there is a chunk left
// for it and a slot is free. Chunks are taken in order and those taken are finished, so the lowest failure is found
// whoever hits it.
func (c *chunkCall) work() {
	view, _ := c.of.views.Get().(*Batch)
	if view == nil {
		view = new(Batch)
	}
	for !c.stop.Load() {
		k := c.next.Add(1) - 1
		if k >= c.chunks {
			break
		}
		if err := c.ctx.Err(); err != nil {
			c.fail(k, err)
			break
		}
		if k+1 < c.chunks {
			c.help()
		}
		lo := int(k) * c.of.rows
		hi := min(lo+c.of.rows, c.batch.N)
		c.batch.Rows(lo, hi, view)
		if err := c.of.Density.Eval(c.ctx, view); err != nil {
			c.fail(k, fmt.Errorf("points %d to %d: %w", lo, hi-1, err))
		}
	}
	*view = Batch{}
	c.of.views.Put(view)
}

func (c *chunkCall) help() {
	select {
	case c.of.slots <- struct{}{}:
		c.helpers.Go(func() {
			c.work()
			<-c.of.slots
		})
	default:
	}
}

func (c *chunkCall) fail(k int64, err error) {
	c.stop.Store(true)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil || k < c.failed {
		c.failed, c.err = k, err
	}
}
