package sdk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/proto/wire"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// Segment runs one segment, forward or backward.
func (t *transportServer) Segment(stream pb.Transport_SegmentServer) error {
	m, err := stream.Recv()
	if err != nil {
		return err
	}
	var mu sync.Mutex
	send := func(e *pb.SegmentEvent) error {
		mu.Lock()
		defer mu.Unlock()
		return stream.Send(e)
	}
	refuse := func(e *pb.CallError) error { return send(&pb.SegmentEvent{Event: &pb.SegmentEvent_Error{Error: e}}) }
	start := m.GetStart()
	if start == nil {
		return refuse(invalid(errors.New("a segment begins with start")))
	}
	in, err := t.s.transport(start.Handle)
	if err != nil {
		return refuse(invalid(err))
	}
	w := &work{}
	if !in.local {
		w.asks = newAsks(func(m *pb.EvalRequest) error {
			return send(&pb.SegmentEvent{Event: &pb.SegmentEvent_Ask{Ask: m}})
		})
	}
	go func() { // ends with the stream
		for {
			m, err := stream.Recv()
			if w.asks != nil && err != nil {
				w.asks.end(err)
			} else if answer := m.GetAnswer(); w.asks != nil && answer != nil {
				w.asks.answer(answer)
			}
			if err != nil {
				return
			}
		}
	}()
	in.exclusive.RLock()
	defer in.exclusive.RUnlock()
	done, failed := in.segment(w.with(stream.Context()), w, start)
	if failed != nil {
		return refuse(failed)
	}
	return send(&pb.SegmentEvent{Event: &pb.SegmentEvent_Done{Done: done}})
}

// segment does the work of a Segment.
func (in *instance) segment(ctx context.Context, w *work, m *pb.SegmentStart) (*pb.SegmentDone, *pb.CallError) {
	t := in.transport
	cuts, a, k := t.Cuts(), t.Info().Aux, int(m.Segment)
	if k < 1 || k > len(cuts) {
		return nil, invalid(fmt.Errorf("segment %d of a transport with %d", k, len(cuts)))
	}
	from, err := wire.ToParticles(m.In, in.info.Dim(), a, m.First)
	if err != nil {
		return nil, invalid(err)
	}
	run, to := t.Segment, k // cut k is the end of segment k
	if m.Backward {
		b, ok := t.(smc.Backward)
		if !ok {
			return nil, invalid(fmt.Errorf("%s does not run backward", t.Info().Name))
		}
		run, to = b.Backward, k-1
	}
	n := from.N
	out := &smc.Particles{N: n, D: from.D, A: a, First: from.First, X: make([]float64, n*from.D)}
	if a > 0 {
		out.Aux = make([]float64, n*a)
	}
	if to > 0 && cuts[to-1].Kind == smc.CutOwn {
		out.LogOwn = make([]float64, n)
	}
	logRatio, status := make([]float64, n), make([]targets.Status, n)
	began := time.Now()
	failed := guard(func() error { return run(ctx, k, from, out, logRatio, status, rng.KeyFromUint64(m.Key)) })
	busy := time.Since(began)
	if w.asks != nil {
		busy -= w.asks.idle()
	}
	in.busy.Add(uint64(max(busy, 0)))
	in.count(w)
	if failed != nil {
		return nil, failed.message()
	}
	done := wire.FromSegment(out, logRatio, status)
	done.BusyNs, done.Used = uint64(max(busy, 0)), w.used()
	return done, nil
}

// count takes the evaluations of a piece of work into the instance's own.
func (in *instance) count(w *work) {
	in.calls.Add(1)
	in.densities.Add(w.densities.Load())
	in.gradients.Add(w.gradients.Load())
}
