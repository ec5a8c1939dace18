package plugin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sampan-mc/sampan/proto/wire"
)

const (
	// maxDeaths of a worker in a row, without a request answered between them, are the end of the plugin.
	maxDeaths    = 5
	firstBackoff = 250 * time.Millisecond
	lastBackoff  = 10 * time.Second
)

// worker is one place in the pool, filled by one process after the other. Its goroutine alone uses it, but for the
// start before it runs and the end after.
type worker struct {
	pool   *pool
	index  int
	link   *link // nil: no process at the moment
	starts int
	deaths int // in a row
}

// run answers jobs until the pool closes.
func (w *worker) run() {
	for {
		select {
		case <-w.pool.closing:
			return
		case j := <-w.pool.queue:
			j.finish(w.do(j))
		}
	}
}

// do answers one job, whatever it takes: a new process and a second try, then the search for the point that kills.
func (w *worker) do(j *job) error {
	if j.call.stop.Load() {
		return nil // another chunk of the same call has failed
	}
	for try := 1; ; try++ {
		err := w.attempt(j.call.ctx, j.try)
		var l *lost
		if !errors.As(err, &l) {
			return err
		}
		if l.gotOn {
			w.deaths = 0
		}
		if err := w.outOfLuck(l); err != nil {
			return err
		}
		switch {
		case j.resumes:
			w.tell(Retried, l.op+" goes on in a new process")
		case try == 2 && j.apart == nil:
			return l
		case try == 2:
			return w.isolate(j, l)
		default:
			w.tell(Retried, "the same request goes to a new process")
		}
		w.pool.counts.retries.Add(1)
	}
}

// attempt makes sure that there is a process and calls try on it. After a *lost there is none any more.
func (w *worker) attempt(ctx context.Context, try func(context.Context, *link) error) error {
	if err := w.revive(ctx); err != nil {
		return err
	}
	err := try(ctx, w.link)
	var l *lost
	switch {
	case err == nil:
		w.deaths = 0
	case errors.As(err, &l):
		w.died(l)
	}
	return err
}

// revive sees to it that there is a process, waiting longer before each new start. The error is ctx's or an *Error.
func (w *worker) revive(ctx context.Context) error {
	if w.link != nil && !w.link.proc.alive() {
		w.deaths++
		w.died(&lost{op: "wait", problem: "the process " + w.link.proc.how, stderr: w.link.proc.out.tail()})
	}
	for w.link == nil {
		if err := w.pause(ctx); err != nil {
			return err
		}
		err := w.start(ctx)
		var l *lost
		if errors.As(err, &l) {
			w.tell(Died, l.Error())
			err = w.outOfLuck(l)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// outOfLuck counts a death and says when there have been too many.
func (w *worker) outOfLuck(l *lost) error {
	if w.deaths++; w.deaths < maxDeaths {
		return nil
	}
	e := l.forUser(w.pool.spec.Name)
	e.Problem = fmt.Sprintf("%s (%d times in a row; given up)", e.Problem, w.deaths)
	w.pool.giveUp(e)
	return e
}

// pause waits before a new start: not at all after the first birth, then 0.25 s doubling to 10 s.
func (w *worker) pause(ctx context.Context) error {
	if w.deaths == 0 {
		return nil
	}
	timer := time.NewTimer(min(firstBackoff<<(w.deaths-1), lastBackoff))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-w.pool.failed:
		return w.pool.failure
	}
}

// start starts a process and makes the component in it.
func (w *worker) start(ctx context.Context) error {
	t := w.pool
	env := append([]string{fmt.Sprintf("%s=%d", wire.WorkerKey, w.index)}, t.env...)
	l, err := dial(ctx, t.house, t.spec, t.options, env, w.log)
	if err != nil {
		return err
	}
	if err := w.prepare(ctx, l); err != nil {
		l.discard()
		return err
	}
	w.link = l
	w.starts++
	if w.starts == 1 {
		w.tell(Started, "")
	} else {
		t.counts.restarts.Add(1)
		w.tell(Restarted, "")
	}
	return nil
}

func (w *worker) prepare(ctx context.Context, l *link) error {
	t := w.pool
	about, err := l.describe(ctx, t.spec, t.options.DescribeTimeout)
	if err != nil {
		return err
	}
	if t.made == nil {
		t.about = about
		c, err := t.component()
		if err != nil {
			return l.failed("describe", err.Error())
		}
		if t.create.Name = c.Name; t.chosen != nil {
			t.chosen(c)
		}
	}
	made, err := l.create(ctx, t.create, t.options.CreateTimeout)
	if err != nil {
		return err
	}
	if t.made == nil {
		t.made = made
	} else if err := t.agree(made); err != nil {
		return l.failed("create", err.Error())
	}
	return nil
}

// died clears up after a process that has ended.
func (w *worker) died(l *lost) {
	w.tell(Died, l.Error())
	w.link.discard()
	w.link = nil
}

func (w *worker) tell(kind EventKind, text string) {
	e := Event{Kind: kind, Plugin: w.pool.spec.Name, Worker: w.index, Text: text}
	if w.link != nil {
		e.PID = w.link.proc.started()
	}
	w.pool.options.Event(e)
}

func (w *worker) log(level, text string) {
	w.pool.options.Log(LogLine{Plugin: w.pool.spec.Name, Worker: w.index, Level: level, Text: text})
}
