package plugin

import (
	"context"
	"sync/atomic"
	"time"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/proto/wire"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
)

// used is what one piece of work has used of the target.
type used struct {
	smc.Evals
	answering time.Duration // by the host
}

// add takes in what a plugin says it has evaluated by itself.
func (u *used) add(m *pb.CountersReply) {
	u.Density += int64(m.GetDensities())
	u.Gradient += int64(m.GetGradients())
}

// asking answers what a piece of work asks of the target.
type asking struct {
	density targets.Density
	info    targets.Info
	name    string // of the plugin
	one     answer
	used    used
}

// answer is the memory of an answer.
type answer struct {
	wire.Answer
	reply pb.EvalReply
	used  used
	err   error
}

// asking gives the one who answers a piece of work; nil if the target is in the plugin and nothing may be asked.
func (t *Transport) asking() *asking {
	a := &asking{info: t.info, name: t.spec.Name}
	if t.asked {
		a.density = t.target
	}
	return a
}

// eval answers one ask. The error is the target's, or an *Error of a plugin that asks what it may not.
func (a *asking) eval(ctx context.Context, op string, m *pb.EvalRequest) (*pb.EvalReply, error) {
	a.fill(ctx, op, m, &a.one)
	a.count(&a.one)
	return &a.one.reply, a.one.err
}

// fill answers one ask with w's memory; several may go on at once.
func (a *asking) fill(ctx context.Context, op string, m *pb.EvalRequest, w *answer) {
	began := time.Now()
	w.used, w.err = used{}, nil
	defer func() { w.used.answering = time.Since(began) }()
	if a.density == nil {
		w.err = &Error{Plugin: a.name, Op: op, Problem: "asked for the target, which was made in its own process"}
		return
	}
	if err := w.ReadRequest(m, a.info); err != nil {
		w.err = &Error{Plugin: a.name, Op: op, Problem: "asked for the target: " + err.Error()}
		return
	}
	if w.err = a.density.Eval(ctx, &w.Batch); w.err != nil {
		return
	}
	if w.Batch.Want.Has(targets.Grad) {
		w.used.Gradient = int64(m.N)
	} else {
		w.used.Density = int64(m.N)
	}
	w.reply.Reset()
	w.reply.Seq = m.Seq
	w.SetReply(&w.reply)
}

// count takes in what an answer took.
func (a *asking) count(w *answer) {
	a.used.Density += w.used.Density
	a.used.Gradient += w.used.Gradient
	a.used.answering += w.used.answering
}

// patience is a deadline that stands still while it is not the plugin that is waited for.
type patience struct {
	limit  time.Duration
	left   time.Duration
	since  time.Time
	timer  *time.Timer
	late   atomic.Bool
	expire func()
}

func newPatience(limit time.Duration, expire func()) *patience {
	p := &patience{limit: limit, expire: expire}
	p.renew()
	return p
}

// renew gives the whole time again.
func (p *patience) renew() {
	if p.timer != nil {
		p.timer.Stop()
	}
	p.left = p.limit
	p.resume()
}

// pause stops the clock.
func (p *patience) pause() {
	p.timer.Stop()
	p.left -= time.Since(p.since)
}

// resume lets the clock go on.
func (p *patience) resume() {
	p.since = time.Now()
	p.timer = time.AfterFunc(max(p.left, 0), func() {
		p.late.Store(true)
		p.expire()
	})
}

// stop ends the watch.
func (p *patience) stop() { p.timer.Stop() }
