package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/proto/wire"
	"github.com/sampan-mc/sampan/smc"
)

const (
	// reportEvery is how often a training reports at most, and askEvery how often its order is asked what it wants.
	reportEvery = 250 * time.Millisecond
	askEvery    = 100 * time.Millisecond
	// checkpointEvery is how often a checkpoint is wanted so that the death of a process costs little.
	checkpointEvery = 30 * time.Second
	// leastLife is the least time without a sign of life, of which there is one a second, that is taken for death.
	leastLife = 10 * time.Second
	// askedAtOnce is how many asks are answered at the same time at most; those that follow wait.
	askedAtOnce = 64
	// stuckFactor times that is how long a training may show that it lives, but no progress.
	stuckFactor = 10
)

// lesson is a training under way, over the lives of the processes that do it.
type lesson struct {
	t       *Transport
	order   *smc.Training
	resume  []byte // the last checkpoint
	gotOn   bool   // there is a new one since the last process started
	learned *smc.Learned
	next    state
}

// train is smc.Learner's Train: one process learns, and what it has learned is loaded by all.
func (t *Transport) train(ctx context.Context, order *smc.Training) (*smc.Learned, error) {
	le := &lesson{t: t, order: order, resume: order.Resume}
	if order.Resume != nil && !t.can(pb.Cap_CAP_RESUME) {
		return nil, fmt.Errorf("plugin %s: takes no checkpoints back", t.spec.Name)
	}
	err := t.submit(ctx, 1, func(int, int) *job { return &job{try: t.work(le.try), resumes: true} })
	if err != nil {
		return nil, err
	}
	t.change(le.next)
	return le.learned, nil
}

// try has one process learn to the end.
func (le *lesson) try(ctx context.Context, l *link) error {
	t := le.t
	l.version = dirty
	le.gotOn = false
	a := t.asking()
	done, err := le.attend(ctx, l, a)
	if err == nil {
		err = le.keep(ctx, l)
	}
	var gone *lost
	if errors.As(err, &gone) {
		gone.gotOn = le.gotOn
		return gone
	}
	if err != nil {
		return err
	}
	whole := a.used.Evals
	if u := done.Used; u != nil { // from the start, whatever was resumed
		whole = smc.Evals{Density: int64(u.Densities), Gradient: int64(u.Gradients)}
	}
	le.learned = &smc.Learned{Steps: int(done.Steps), Used: whole, StoppedEarly: done.StoppedEarly, Reason: done.Reason, Warnings: done.Warnings}
	t.counts.calls.Add(1)
	t.counts.densities.Add(uint64(whole.Density))
	t.counts.gradients.Add(uint64(whole.Gradient))
	return nil
}

// keep fetches the artefact and has the process load it again, as every other will, so that all are in the same state.
func (le *lesson) keep(ctx context.Context, l *link) error {
	t, timeout := le.t, le.t.options.CreateTimeout
	le.next = t.now()
	var m *pb.TransportInfo
	files, err := l.save(ctx, timeout)
	if err == nil {
		m, err = l.load(ctx, timeout, files)
	}
	if err == nil && le.next.cuts > 0 {
		m, err = l.setCuts(ctx, timeout, le.next.cuts)
	}
	if err != nil {
		return err
	}
	le.next.files = files
	if err := le.next.describe(m, le.t.info.Dim()); err != nil {
		return l.failed("train", err.Error())
	}
	l.version = le.next.version + 1
	return nil
}

// attendance is one process's share of a lesson.
type attendance struct {
	*lesson
	l       *link
	stream  pb.Transport_TrainClient
	asking  *asking
	answers chan *answer // those that are ready
	idle    []*answer
	busy    int       // how many are being made
	alive   *patience // any sign of life
	stuck   *patience // signs of progress
	blob    wire.Blob
	wanted  bool // the order wants a checkpoint
	last    time.Time
	pending bool // a checkpoint has been asked for
	stopped bool
}

// attend sends the order to the process behind l and attends to it until it is done.
func (le *lesson) attend(ctx context.Context, l *link, a *asking) (*pb.Done, error) {
	const op = "train"
	open, cancel := context.WithCancel(ctx)
	at := &attendance{
		lesson: le, l: l, asking: a, answers: make(chan *answer, askedAtOnce), last: time.Now(),
		alive: newPatience(le.t.alive, cancel), stuck: newPatience(le.t.stuck, cancel),
	}
	defer func() {
		cancel()
		at.alive.stop()
		at.stuck.stop()
		for ; at.busy > 0; at.busy-- {
			<-at.answers
		}
	}()
	fail := func(err error) error {
		if at.stuck.late.Load() {
			return l.diagnose(ctx, op, err, true, le.t.stuck)
		}
		return l.diagnose(ctx, op, err, at.alive.late.Load(), le.t.alive)
	}
	var err error
	if at.stream, err = l.moves.Train(open); err != nil {
		return nil, fail(err)
	}
	if err := at.begin(); err != nil && !errors.Is(err, io.EOF) {
		return nil, fail(err)
	}
	events, ended := make(chan *pb.TrainEvent), make(chan error, 1)
	go func() {
		for {
			m, err := at.stream.Recv()
			if err != nil {
				ended <- err
				return
			}
			select {
			case events <- m:
			case <-open.Done():
				ended <- open.Err()
				return
			}
		}
	}()
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		var done *pb.Done
		var err error
		more := events
		if at.busy == askedAtOnce {
			more = nil
		}
		select {
		case m := <-more:
			done, err = at.event(open, m)
		case w := <-at.answers:
			err = at.answered(w)
		case err := <-ended:
			if errors.Is(err, io.EOF) && l.proc.alive() {
				return nil, l.failed(op, "ended the stream without saying that it is done")
			}
			return nil, fail(err)
		case <-tick.C:
			err = at.consult()
		}
		switch {
		case done != nil:
			return done, nil
		case errors.Is(err, io.EOF): // the reason comes with the receiving end
		case err != nil && ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil && (at.alive.late.Load() || at.stuck.late.Load()):
			return nil, fail(err)
		case err != nil:
			return nil, err
		}
	}
}

func (at *attendance) send(c *pb.TrainCommand) error { return at.stream.Send(c) }

// begin sends the order.
func (at *attendance) begin() error {
	o := at.order
	start := &pb.TrainStart{
		Handle: at.l.handle, Key: o.Key.Uint64(), MaxSteps: uint64(o.MaxSteps), MaxEvaluations: uint64(o.MaxEvaluations),
		ReportEverySeconds: reportEvery.Seconds(),
	}
	err := at.send(&pb.TrainCommand{Command: &pb.TrainCommand_Start{Start: start}})
	if err == nil && at.resume != nil {
		err = wire.SendBlob("", at.resume, func(b *pb.Blob) error {
			return at.send(&pb.TrainCommand{Command: &pb.TrainCommand_Resume{Resume: b}})
		})
	}
	if err == nil {
		err = wire.SendPilot(o.Pilot, func(m *pb.PilotChunk) error {
			return at.send(&pb.TrainCommand{Command: &pb.TrainCommand_Pilot{Pilot: m}})
		})
	}
	if err == nil {
		err = at.send(&pb.TrainCommand{Command: &pb.TrainCommand_Begin{Begin: true}})
	}
	return err
}

// consult asks the order what it wants, and passes that on.
func (at *attendance) consult() error {
	if at.order.Ask != nil && !at.stopped {
		checkpoint, stop := at.order.Ask()
		at.wanted = at.wanted || checkpoint
		if stop {
			at.stopped = true
			if err := at.send(&pb.TrainCommand{Command: &pb.TrainCommand_Stop{Stop: true}}); err != nil {
				return err
			}
		}
	}
	own := time.Since(at.last) >= checkpointEvery && at.t.can(pb.Cap_CAP_RESUME)
	if at.pending || !at.wanted && !own {
		return nil
	}
	at.pending = true
	return at.send(&pb.TrainCommand{Command: &pb.TrainCommand_Checkpoint{Checkpoint: true}})
}

// event takes one event of the plugin.
func (at *attendance) event(ctx context.Context, m *pb.TrainEvent) (*pb.Done, error) {
	const op = "train"
	at.sign(m.GetBeat() == nil && m.GetLog() == nil)
	switch e := m.Event.(type) {
	case *pb.TrainEvent_Ask:
		at.answer(ctx, e.Ask)
	case *pb.TrainEvent_Progress:
		if at.order.Report != nil {
			p := e.Progress
			at.order.Report(smc.TrainReport{Phase: p.Phase, Step: int(p.Step), Of: int(p.Of), Loss: p.Loss, Metrics: p.Metrics})
		}
		return nil, at.consult()
	case *pb.TrainEvent_Checkpoint:
		return nil, at.checkpoint(e.Checkpoint)
	case *pb.TrainEvent_Log:
		levels := []string{"debug", "info", "warn", "error"}
		at.t.options.Log(LogLine{Plugin: at.t.spec.Name, Worker: -1, Level: levels[min(e.Log.Level, 3)], Text: e.Log.Text})
	case *pb.TrainEvent_Done:
		return e.Done, nil
	case *pb.TrainEvent_Error:
		return nil, at.l.refused(op, e.Error)
	case *pb.TrainEvent_Beat:
	default:
		return nil, at.l.failed(op, "sent an event that this version does not know")
	}
	return nil, nil
}

// sign is one of life, or of progress too. No time runs for a plugin while it is answered.
func (at *attendance) sign(progress bool) {
	for _, p := range []*patience{at.alive, at.stuck} {
		if p == at.alive || progress {
			p.renew()
			if at.busy > 0 {
				p.pause()
			}
		}
	}
}

// answer begins to answer an ask, beside those that are being answered: there may be several processes to ask.
func (at *attendance) answer(ctx context.Context, m *pb.EvalRequest) {
	if at.busy++; at.busy == 1 {
		at.alive.pause()
		at.stuck.pause()
	}
	w := &answer{}
	if n := len(at.idle); n > 0 {
		w, at.idle = at.idle[n-1], at.idle[:n-1]
	}
	go func() {
		at.asking.fill(ctx, "train", m, w)
		at.answers <- w
	}()
}

// answered sends an answer that is ready.
func (at *attendance) answered(w *answer) error {
	at.busy--
	at.sign(true)
	at.asking.count(w)
	if w.err != nil {
		return w.err
	}
	at.idle = append(at.idle, w)
	return at.send(&pb.TrainCommand{Command: &pb.TrainCommand_Answer{Answer: &w.reply}})
}

// checkpoint takes a piece of a checkpoint, and with the last one passes it on to whom it may concern.
func (at *attendance) checkpoint(b *pb.Blob) error {
	_, data, done, err := at.blob.Add(b)
	if err != nil {
		return at.l.failed("train", "checkpoint: "+err.Error())
	}
	if !done {
		return nil
	}
	if at.t.can(pb.Cap_CAP_RESUME) {
		at.resume, at.gotOn = data, true
	}
	at.pending, at.last = false, time.Now()
	if !at.wanted || at.order.Checkpoint == nil {
		return nil
	}
	at.wanted = false
	return at.order.Checkpoint(data)
}
