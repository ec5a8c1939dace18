package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/proto/wire"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// evaluations is the stream that a link's evaluations go over, one at a time.
type evaluations struct {
	stream pb.Target_EvalStreamClient // nil: to be opened
	cancel context.CancelFunc
	unary  bool // the plugin serves Eval only
	req    pb.EvalRequest
	reply  pb.EvalReply
}

// eval evaluates b and returns the time spent in the target's own code. The error is a *lost, an *Error, or ctx's.
func (l *link) eval(ctx context.Context, timeout time.Duration, b *targets.Batch) (busy time.Duration, err error) {
	const op = "evaluate"
	e := &l.evals
	wire.SetRequest(&e.req, l.handle, e.req.Seq+1, b)
	reply := &e.reply
	if !e.unary {
		var timedOut bool
		timedOut, err = e.roundTrip(ctx, l.target, timeout)
		if e.unary = status.Code(err) == codes.Unimplemented; err != nil && !e.unary {
			err = l.diagnose(ctx, op, err, timedOut, timeout)
		}
	}
	if e.unary {
		err = l.call(ctx, op, timeout, func(ctx context.Context) (err error) {
			reply, err = l.target.Eval(ctx, &e.req)
			return err
		})
	}
	e.req.X, e.req.V = nil, nil // the caller's memory
	switch {
	case err != nil:
		return 0, err
	case reply.Error != nil:
		return 0, l.refused(op, reply.Error)
	case reply.Seq != e.req.Seq:
		return 0, l.failed(op, fmt.Sprintf("request %d was answered with seq %d", e.req.Seq, reply.Seq))
	}
	if err := wire.ReadReply(reply, b); err != nil {
		return 0, l.failed(op, err.Error())
	}
	return time.Duration(reply.BusyNs), nil
}

// roundTrip sends e.req over the stream and waits for e.reply. After an error, and after a time-out or the end of ctx at
// the last moment, the stream is given up: what may still come over it is nobody's.
func (e *evaluations) roundTrip(ctx context.Context, target pb.TargetClient, timeout time.Duration) (timedOut bool, err error) {
	if e.stream == nil {
		open, cancel := context.WithCancel(context.Background())
		if e.stream, err = target.EvalStream(open); err != nil {
			cancel()
			return false, err
		}
		e.cancel = cancel
	}
	var late atomic.Bool
	timer := time.AfterFunc(timeout, func() {
		late.Store(true)
		e.cancel()
	})
	stop := context.AfterFunc(ctx, e.cancel)
	// A failed Send says io.EOF; the reason comes with the receiving end.
	if err = e.stream.Send(&e.req); err == nil || errors.Is(err, io.EOF) {
		err = e.stream.RecvMsg(&e.reply)
	}
	quiet := timer.Stop()
	quiet = stop() && quiet
	if err != nil || !quiet {
		e.cancel()
		e.stream = nil
	}
	return late.Load(), err
}

// describe asks the plugin about itself and holds the answer against what discovery found.
func (l *link) describe(ctx context.Context, s *Spec, timeout time.Duration) (reply *pb.DescribeReply, err error) {
	const op = "describe"
	err = l.call(ctx, op, timeout, func(ctx context.Context) (err error) {
		reply, err = l.plugin.Describe(ctx, &pb.DescribeRequest{Host: "sampan"})
		return err
	})
	if err != nil {
		return nil, err
	}
	if s.manifest && reply.Name != s.Name {
		return nil, l.failed(op, fmt.Sprintf("%s says that its name is %q, the plugin says %q", manifestName, s.Name, reply.Name))
	}
	return reply, nil
}

// create makes the component. Faults of the configuration are targets.ConfigErrors.
func (l *link) create(ctx context.Context, m *pb.CreateRequest, timeout time.Duration) (reply *pb.CreateReply, err error) {
	const op = "create"
	err = l.call(ctx, op, timeout, func(ctx context.Context) (err error) {
		reply, err = l.plugin.Create(ctx, m)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(reply.Problems) > 0 {
		var faults targets.ConfigErrors
		for _, p := range reply.Problems {
			faults = append(faults, &targets.ConfigError{Path: p.Path, Found: p.Found, Accepted: p.Accepted})
		}
		return nil, faults
	}
	if err := l.refused(op, reply.Error); err != nil {
		return nil, err
	}
	l.handle = reply.Handle
	return reply, nil
}

// drawing is the call that asks for draws, of a target or of a transport's reference.
type drawing = func(context.Context, *pb.SampleRequest, ...grpc.CallOption) (grpc.ServerStreamingClient[pb.SampleReply], error)

// sample fills x with draws of n slots from first on.
func (l *link) sample(ctx context.Context, open drawing, timeout time.Duration, prior bool, key rng.Key, first, n int, x []float64) error {
	const op = "sample"
	d := len(x) / n
	return l.call(ctx, op, timeout, func(ctx context.Context) error {
		stream, err := open(ctx, &pb.SampleRequest{Handle: l.handle, Prior: prior, Key: key.Uint64(), First: uint64(first), N: uint32(n)})
		if err != nil {
			return err
		}
		for done := 0; done < n; {
			m, err := stream.Recv()
			switch {
			case errors.Is(err, io.EOF):
				return l.failed(op, fmt.Sprintf("sent %d draws, wanted %d", done, n))
			case err != nil:
				return err
			case m.Error != nil:
				return l.refused(op, m.Error)
			case int(m.First) != first+done || int(m.N) > n-done || m.N == 0:
				return l.failed(op, fmt.Sprintf("sent the draws of slots %d to %d, wanted the next of %d to %d", m.First, m.First+uint64(m.N)-1, first+done, first+n-1))
			}
			if err := wire.Floats(x[done*d:(done+int(m.N))*d], m.X, "x"); err != nil {
				return l.failed(op, err.Error())
			}
			done += int(m.N)
		}
		return nil
	})
}

// derive fills out with the derived quantities of n points.
func (l *link) derive(ctx context.Context, timeout time.Duration, n int, x, out []float64) error {
	const op = "derive"
	return l.call(ctx, op, timeout, func(ctx context.Context) error {
		reply, err := l.target.Derive(ctx, &pb.DeriveRequest{Handle: l.handle, N: uint32(n), X: wire.Bytes(x)})
		if err != nil {
			return err
		}
		if reply.Error != nil {
			return l.refused(op, reply.Error)
		}
		if err := wire.Floats(out, reply.Out, "out"); err != nil {
			return l.failed(op, err.Error())
		}
		return nil
	})
}
