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
	answer  wire.Answer
	reply   pb.EvalReply
	used    used
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
	began := time.Now()
	defer func() { a.used.answering += time.Since(began) }()
	if a.density == nil {
		return nil, &Error{Plugin: a.name, Op: op, Problem: "asked for the target, which was made in its own process"}
	}
	if err := a.answer.ReadRequest(m, a.info); err != nil {
		return nil, &Error{Plugin: a.name, Op: op, Problem: "asked for the target: " + err.Error()}
	}
	if err := a.density.Eval(ctx, &a.answer.Batch); err != nil {
		return nil, err
	}
	if a.answer.Batch.Want.Has(targets.Grad) {
		a.used.Gradient += int64(m.N)
	} else {
		a.used.Density += int64(m.N)
	}
	a.reply.Reset()
	a.reply.Seq = m.Seq
	a.answer.SetReply(&a.reply)
	return &a.reply, nil
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
