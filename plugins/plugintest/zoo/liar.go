package zoo

import (
	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/proto/wire"
)

// liars are transports written from docs/protocol.md alone that answer a segment wrongly, but for the first.
var liars = map[string]func(*pb.SegmentDone){
	"plainmover": func(*pb.SegmentDone) {},                                                       // nothing
	"cropped":    func(m *pb.SegmentDone) { m.LogRatio = m.LogRatio[8:] },                        // one log ratio too few
	"narrow":     func(m *pb.SegmentDone) { m.Out.D--; m.Out.X = m.Out.X[8*m.Out.N:] },           // one coordinate too few
	"empty":      func(m *pb.SegmentDone) { m.Out = nil },                                        // no particles
	"odd":        func(m *pb.SegmentDone) { m.Status = make([]byte, m.Out.N); m.Status[1] = 77 }, // a status that nobody knows
}

func init() {
	for name, spoil := range liars {
		animals[name] = func(string) {
			serveRaw(&rawServer{name: name, kind: pb.Kind_KIND_TRANSPORT}, &liar{spoil: spoil})
		}
	}
	animals["mute"] = func(name string) { // ends the stream without an answer
		serveRaw(&rawServer{name: name, kind: pb.Kind_KIND_TRANSPORT}, &liar{})
	}
	animals["cadger"] = func(name string) { // asks for the target at points of another dimension
		ask := &pb.EvalRequest{Seq: 1, N: 1, D: 9, Want: uint32(pb.Want_WANT_LOGP), X: make([]byte, 72)}
		serveRaw(&rawServer{name: name, kind: pb.Kind_KIND_TRANSPORT}, &liar{spoil: func(*pb.SegmentDone) {}, asks: ask})
	}
}

// liar moves nothing, in one segment.
type liar struct {
	pb.UnimplementedTransportServer
	spoil func(*pb.SegmentDone)
	asks  *pb.EvalRequest // before it answers
}

func (l *liar) Segment(stream pb.Transport_SegmentServer) error {
	m, err := stream.Recv()
	if err != nil || l.spoil == nil {
		return err
	}
	if l.asks != nil {
		if err := stream.Send(&pb.SegmentEvent{Event: &pb.SegmentEvent_Ask{Ask: l.asks}}); err != nil {
			return err
		}
		if _, err := stream.Recv(); err != nil {
			return err
		}
	}
	in := m.GetStart().In
	done := &pb.SegmentDone{
		LogRatio: wire.Bytes(make([]float64, in.N)),
		Out:      &pb.Particles{N: in.N, D: in.D, X: in.X},
	}
	l.spoil(done)
	return stream.Send(&pb.SegmentEvent{Event: &pb.SegmentEvent_Done{Done: done}})
}

func (s *rawServer) createTransport() *pb.CreateReply {
	return &pb.CreateReply{
		Handle:    1,
		Transport: &pb.TransportInfo{Name: s.name, Deterministic: true, Cuts: []*pb.Cut{{At: &pb.Cut_Beta{Beta: 1}}}},
	}
}
