package plugin

import (
	"strings"
	"testing"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/proto/wire"
)

// What the host never sends, the Go SDK refuses by saying what is wrong with it.
func TestTransportServiceRefuses(t *testing.T) {
	tr := openTransport(t, animal("mover"), nil, gaussian3(t), Options{})
	l, ctx := tr.workers[0].link, t.Context()
	refused := func(what string, e *pb.CallError, err error, want string) {
		t.Helper()
		if err != nil || e == nil || e.Code != pb.CallError_CODE_INVALID || !strings.Contains(e.Message, want) {
			t.Errorf("%s: %v, %v; wanted %q", what, e, err, want)
		}
	}
	segment := func(m *pb.SegmentCommand) (*pb.CallError, error) {
		stream, err := l.moves.Segment(ctx)
		if err == nil {
			err = stream.Send(m)
		}
		if err != nil {
			return nil, err
		}
		e, err := stream.Recv()
		return e.GetError(), err
	}
	start := func(edit func(*pb.SegmentStart)) *pb.SegmentCommand {
		m := &pb.SegmentStart{Handle: l.handle, Segment: 1, In: wire.FromParticles(crowd(2, 3, 0, 0))}
		edit(m)
		return &pb.SegmentCommand{Command: &pb.SegmentCommand_Start{Start: m}}
	}
	for _, c := range []struct {
		m    *pb.SegmentCommand
		want string
	}{
		{&pb.SegmentCommand{Command: &pb.SegmentCommand_Answer{Answer: &pb.EvalReply{}}}, "a segment begins with start"},
		{start(func(m *pb.SegmentStart) { m.Handle = 99 }), "no component has handle 99"},
		{start(func(m *pb.SegmentStart) { m.Segment = 3 }), "segment 3 of a transport with 2"},
		{start(func(m *pb.SegmentStart) { m.Backward = true }), "does not run backward"},
		{start(func(m *pb.SegmentStart) { m.In = nil }), "there are no particles"},
		{start(func(m *pb.SegmentStart) { m.In.D = 2 }), "dimension 2 with 0 auxiliary numbers, wanted 3"},
	} {
		e, err := segment(c.m)
		refused("segment", e, err, c.want)
	}

	density, err := l.moves.Density(ctx, &pb.DensityRequest{Handle: l.handle, N: 1, Want: 1, X: make([]byte, 24)})
	refused("density", density.GetError(), err, "no reference of its own")
	density, err = l.moves.Density(ctx, &pb.DensityRequest{Handle: l.handle, Cut: 1, N: 1, Want: 1, X: make([]byte, 24)})
	refused("density", density.GetError(), err, "no density of its own at cut 1")
	evaluated, err := l.target.Eval(ctx, &pb.EvalRequest{Handle: l.handle, N: 1, D: 3, Want: 1, X: make([]byte, 24)})
	refused("eval", evaluated.GetError(), err, "is no target")
	draws, err := l.moves.Sample(ctx, &pb.SampleRequest{Handle: l.handle, N: 1})
	if err != nil {
		t.Fatal(err)
	}
	draw, err := draws.Recv()
	refused("sample", draw.GetError(), err, "no reference of its own")
	saving, err := l.moves.Save(ctx, &pb.SaveRequest{Handle: l.handle})
	if err != nil {
		t.Fatal(err)
	}
	saved, err := saving.Recv()
	refused("save", saved.GetError(), err, "nothing to learn")
}

func TestTrainServiceRefuses(t *testing.T) {
	tr := openTransport(t, animal("learner"), nil, gaussian3(t), Options{})
	l, ctx := tr.workers[0].link, t.Context()
	start := &pb.TrainCommand{Command: &pb.TrainCommand_Start{Start: &pb.TrainStart{Handle: l.handle}}}
	begin := &pb.TrainCommand{Command: &pb.TrainCommand_Begin{Begin: true}}
	for _, c := range []struct {
		commands []*pb.TrainCommand
		want     string
	}{
		{[]*pb.TrainCommand{begin}, "training begins with start"},
		{[]*pb.TrainCommand{start, start}, "came before begin"},
		{[]*pb.TrainCommand{start, {Command: &pb.TrainCommand_Pilot{Pilot: &pb.PilotChunk{D: 2}}}}, "pilot level 0 has dimension 2, wanted 3"},
		{[]*pb.TrainCommand{start, {Command: &pb.TrainCommand_Resume{Resume: &pb.Blob{Total: 8, Data: []byte{1}}}}, begin}, "came in part"},
	} {
		stream, err := l.moves.Train(ctx)
		for i := 0; i < len(c.commands) && err == nil; i++ {
			err = stream.Send(c.commands[i])
		}
		if err != nil {
			t.Fatal(err)
		}
		m, err := stream.Recv()
		if e := m.GetError(); err != nil || e == nil || !strings.Contains(e.Message, c.want) {
			t.Errorf("got %v, %v; wanted %q", m, err, c.want)
		}
	}
}
