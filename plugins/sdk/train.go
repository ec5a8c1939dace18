package sdk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/proto/wire"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/vec/rng"
)

// beatEvery is how often a training says that the process lives.
const beatEvery = time.Second

// training is one Train call under way.
type training struct {
	stream pb.Transport_TrainServer
	order  smc.Training
	work   work

	mu        sync.Mutex // of sending
	reported  time.Time
	every     time.Duration
	wanted    atomic.Bool // a checkpoint is
	stop      atomic.Bool
	lastPhase string
}

func (tr *training) send(e *pb.TrainEvent) error {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.stream.Send(e)
}

func (tr *training) refuse(e *pb.CallError) error {
	return tr.send(&pb.TrainEvent{Event: &pb.TrainEvent_Error{Error: e}})
}

// Train has the transport learn.
func (t *transportServer) Train(stream pb.Transport_TrainServer) error {
	tr := &training{stream: stream}
	in, l, err := tr.begin(t.s)
	var fault *faultyOrder
	switch {
	case errors.As(err, &fault):
		return tr.refuse(invalid(err))
	case err != nil:
		return err // of the stream
	}
	if !in.local {
		tr.work.asks = newAsks(func(m *pb.EvalRequest) error {
			return tr.send(&pb.TrainEvent{Event: &pb.TrainEvent_Ask{Ask: m}})
		})
	}
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	go tr.listen(cancel) // ends with the stream
	go tr.beat(ctx)
	in.exclusive.Lock()
	defer in.exclusive.Unlock()
	tr.order.Report, tr.order.Ask, tr.order.Checkpoint = tr.report, tr.ask, tr.checkpoint
	began := time.Now()
	var learned *smc.Learned
	failed := guard(func() (err error) {
		learned, err = l.Train(tr.work.with(ctx), &tr.order)
		if err == nil && learned == nil {
			err = errors.New("Train returned nothing")
		}
		return err
	})
	in.busy.Add(uint64(time.Since(began)))
	in.count(&tr.work)
	if failed != nil {
		return tr.refuse(failed.message())
	}
	used := tr.work.used()
	if u := learned.Used; u != (smc.Evals{}) { // it counts what came before a resumed checkpoint, too
		used = &pb.CountersReply{Densities: uint64(u.Density), Gradients: uint64(u.Gradient)}
	}
	return tr.send(&pb.TrainEvent{Event: &pb.TrainEvent_Done{Done: &pb.Done{
		Steps: uint64(learned.Steps), StoppedEarly: learned.StoppedEarly, Reason: learned.Reason, Warnings: learned.Warnings, Used: used,
	}}})
}

// faultyOrder is an order to learn that makes no sense.
type faultyOrder struct{ error }

// begin reads what comes before begin. Faults of it are faultyOrders, other errors are the stream's.
func (tr *training) begin(s *server) (*instance, smc.Learner, error) {
	m, err := tr.stream.Recv()
	if err != nil {
		return nil, nil, err
	}
	start := m.GetStart()
	if start == nil {
		return nil, nil, &faultyOrder{errors.New("training begins with start")}
	}
	in, l, err := s.learner(start.Handle)
	if err != nil {
		return nil, nil, &faultyOrder{err}
	}
	o := &tr.order
	o.Key, o.MaxSteps, o.MaxEvaluations = rng.KeyFromUint64(start.Key), int(start.MaxSteps), int64(start.MaxEvaluations)
	tr.every = time.Duration(start.ReportEverySeconds * float64(time.Second))
	var resume wire.Blob
	var pilot wire.Pilot
	for {
		m, err := tr.stream.Recv()
		if err != nil {
			return nil, nil, err
		}
		switch c := m.Command.(type) {
		case *pb.TrainCommand_Resume:
			var data []byte
			var done bool
			if _, data, done, err = resume.Add(c.Resume); done {
				o.Resume = data
			}
		case *pb.TrainCommand_Pilot:
			err = pilot.Add(c.Pilot, in.info.Dim())
		case *pb.TrainCommand_Begin:
			if !resume.Between() {
				return nil, nil, &faultyOrder{errors.New("the checkpoint to resume from came in part")}
			}
			if o.Pilot, err = pilot.Levels(); err == nil {
				return in, l, nil
			}
		default:
			err = fmt.Errorf("%T came before begin", c)
		}
		if err != nil {
			return nil, nil, &faultyOrder{err}
		}
	}
}

// listen takes answers and commands until the stream ends, which ends the training.
func (tr *training) listen(cancel context.CancelFunc) {
	for {
		m, err := tr.stream.Recv()
		if err != nil {
			if tr.work.asks != nil {
				tr.work.asks.end(err)
			}
			cancel()
			return
		}
		switch c := m.Command.(type) {
		case *pb.TrainCommand_Answer:
			if tr.work.asks != nil {
				tr.work.asks.answer(c.Answer)
			}
		case *pb.TrainCommand_Checkpoint:
			tr.wanted.Store(true)
		case *pb.TrainCommand_Stop:
			tr.stop.Store(true)
		}
	}
}

func (tr *training) beat(ctx context.Context) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if tr.send(&pb.TrainEvent{Event: &pb.TrainEvent_Beat{Beat: &pb.Beat{}}}) != nil {
				return
			}
		}
	}
}

// report is the order's Report. It passes on the first report of a phase, and then no more than wanted.
func (tr *training) report(r smc.TrainReport) {
	if r.Phase == tr.lastPhase && time.Since(tr.reported) < tr.every {
		return
	}
	tr.reported, tr.lastPhase = time.Now(), r.Phase
	_ = tr.send(&pb.TrainEvent{Event: &pb.TrainEvent_Progress{Progress: &pb.Progress{
		Phase: r.Phase, Step: uint64(r.Step), Of: uint64(r.Of), Loss: r.Loss, Metrics: r.Metrics, Used: tr.work.used(),
	}}})
}

// ask is the order's Ask.
func (tr *training) ask() (checkpoint, stop bool) {
	return tr.wanted.Swap(false), tr.stop.Load()
}

// checkpoint is the order's Checkpoint.
func (tr *training) checkpoint(state []byte) error {
	return wire.SendBlob("", state, func(b *pb.Blob) error {
		return tr.send(&pb.TrainEvent{Event: &pb.TrainEvent_Checkpoint{Checkpoint: b}})
	})
}
