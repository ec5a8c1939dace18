package sdk

import (
	"context"
	"errors"
	"sync"
	"time"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/proto/wire"
	"github.com/sampan-mc/sampan/targets"
)

// asks sends evaluations of the target up the stream that the work came by, and hands the answers to those who wait.
type asks struct {
	send func(*pb.EvalRequest) error // safe for concurrent use

	mu      sync.Mutex
	seq     uint64
	waiting map[uint64]chan *pb.EvalReply
	over    error // the stream has ended
	since   time.Time
	waited  time.Duration // with at least one ask unanswered
}

func newAsks(send func(*pb.EvalRequest) error) *asks {
	return &asks{send: send, waiting: map[uint64]chan *pb.EvalReply{}}
}

// eval asks for b, in parts if it is large.
func (a *asks) eval(ctx context.Context, b *targets.Batch) error {
	rows := wire.Rows(b.D, max(b.N, 1), 0, 0)
	var part targets.Batch
	for lo := 0; lo < b.N; lo += rows {
		b.Rows(lo, min(lo+rows, b.N), &part)
		if err := a.ask(ctx, &part); err != nil {
			return err
		}
	}
	return nil
}

func (a *asks) ask(ctx context.Context, b *targets.Batch) error {
	seq, answer, err := a.expect()
	if err != nil {
		return err
	}
	defer a.forget(seq)
	m := &pb.EvalRequest{}
	wire.SetRequest(m, 0, seq, b)
	if err := a.send(m); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case reply, ok := <-answer:
		switch {
		case !ok:
			return a.over
		case reply.Error != nil:
			return errors.New("the target: " + reply.Error.Message)
		}
		return wire.ReadReply(reply, b)
	}
}

func (a *asks) expect() (uint64, chan *pb.EvalReply, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over != nil {
		return 0, nil, a.over
	}
	if len(a.waiting) == 0 {
		a.since = time.Now()
	}
	a.seq++
	answer := make(chan *pb.EvalReply, 1)
	a.waiting[a.seq] = answer
	return a.seq, answer, nil
}

// forget ends the wait for an answer.
func (a *asks) forget(seq uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.waiting, seq)
	if len(a.waiting) == 0 {
		a.waited += time.Since(a.since)
	}
}

// answer hands an answer on. One that nobody waits for is too late.
func (a *asks) answer(m *pb.EvalReply) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if answer := a.waiting[m.Seq]; answer != nil {
		select {
		case answer <- m:
		default: // a second one
		}
	}
}

// end tells those who wait that there will be no answer.
func (a *asks) end(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over != nil {
		return
	}
	a.over = err
	for _, answer := range a.waiting {
		close(answer)
	}
}

// idle is the time spent waiting for answers.
func (a *asks) idle() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.waited
}
