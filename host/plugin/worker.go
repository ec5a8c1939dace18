package plugin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sampan-mc/sampan/proto/wire"
)

const (
	// maxDeaths of a worker in a row, without a request answered between them, are the end of the target.
	maxDeaths    = 5
	firstBackoff = 250 * time.Millisecond
	lastBackoff  = 10 * time.Second
)

// worker is one place in the pool, filled by one process after the other. Its goroutine alone uses it, but for the
// start before it runs and the end after.
type worker struct {
	target *Target
	index  int
	link   *link // nil: no process at the moment
	starts int
	deaths int // in a row
}

// run answers jobs until the target closes.
func (w *worker) run() {
	for {
		select {
		case <-w.target.closing:
			return
		case j := <-w.target.queue:
			j.finish(w.do(j))
		}
	}
}

// do answers one job, whatever it takes: a new process and a second try, then, for an evaluation, the search for the
// point that kills.
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
		if err := w.outOfLuck(l); err != nil {
			return err
		}
		if try == 2 {
			if j.batch == nil {
				return l
			}
			return w.isolate(j, l)
		}
		w.target.counts.retries.Add(1)
		w.tell(Retried, "the same request goes to a new process")
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
	e := l.forUser(w.target.spec.Name)
	e.Problem = fmt.Sprintf("%s (%d times in a row; given up)", e.Problem, w.deaths)
	w.target.giveUp(e)
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
	case <-w.target.failed:
		return w.target.failure
	}
}

// start starts a process and makes the target in it.
func (w *worker) start(ctx context.Context) error {
	t := w.target
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
	t := w.target
	about, err := l.describe(ctx, t.spec, t.options.DescribeTimeout)
	if err != nil {
		return err
	}
	if t.made == nil {
		t.about = about
		if t.create.Name, err = t.component(); err != nil {
			return l.failed("describe", err.Error())
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
	e := Event{Kind: kind, Plugin: w.target.spec.Name, Worker: w.index, Text: text}
	if w.link != nil {
		e.PID = w.link.proc.started()
	}
	w.target.options.Event(e)
}

func (w *worker) log(level, text string) {
	w.target.options.Log(LogLine{Plugin: w.target.spec.Name, Worker: w.index, Level: level, Text: text})
}
