package sdk

import (
	"context"
	"fmt"
	"time"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/proto/wire"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
	"google.golang.org/grpc"
)

// Sample draws from the target or its prior, in chunks.
func (s *server) Sample(m *pb.SampleRequest, stream pb.Target_SampleServer) error {
	refuse := func(e *pb.CallError) error { return stream.Send(&pb.SampleReply{First: m.First, Error: e}) }
	in, err := s.target(m.Handle)
	if err != nil {
		return refuse(invalid(err))
	}
	draw, err := in.drawer(m.Prior)
	if err != nil {
		return refuse(invalid(err))
	}
	return in.sendDraws(m, draw, stream)
}

// sendDraws sends the draws that m asks for, chunk by chunk.
func (in *instance) sendDraws(m *pb.SampleRequest, draw drawFunc, stream grpc.ServerStreamingServer[pb.SampleReply]) error {
	d := in.info.Dim()
	rows := wire.Rows(d, 0, 0, 0)
	x := make([]float64, min(rows, int(m.N))*d)
	for done := 0; done < int(m.N); done += rows {
		n, first := min(rows, int(m.N)-done), m.First+uint64(done)
		start := time.Now()
		failed := guard(func() error {
			return draw(stream.Context(), int(first), n, rng.KeyFromUint64(m.Key), x[:n*d])
		})
		in.busy.Add(uint64(time.Since(start)))
		if failed != nil {
			return stream.Send(&pb.SampleReply{First: m.First, Error: failed.message()})
		}
		if err := stream.Send(&pb.SampleReply{First: first, N: uint32(n), X: wire.Bytes(x[:n*d])}); err != nil {
			return err
		}
	}
	return nil
}

// drawFunc fills x with the draws of n slots from first on.
type drawFunc = func(ctx context.Context, first, n int, key rng.Key, x []float64) error

func (in *instance) drawer(prior bool) (drawFunc, error) {
	if prior {
		if p, ok := in.density.(targets.PriorSampler); ok {
			return p.SamplePrior, nil
		}
		return nil, fmt.Errorf("%s cannot draw from its prior", in.info.Name)
	}
	if t, ok := in.density.(targets.Sampler); ok {
		return t.Sample, nil
	}
	return nil, fmt.Errorf("%s cannot draw from itself", in.info.Name)
}

// Derive computes the derived quantities of n points.
func (s *server) Derive(ctx context.Context, m *pb.DeriveRequest) (*pb.DeriveReply, error) {
	in, err := s.target(m.Handle)
	if err != nil {
		return &pb.DeriveReply{Error: invalid(err)}, nil
	}
	o, ok := in.density.(targets.Outputs)
	if !ok {
		return &pb.DeriveReply{Error: invalid(fmt.Errorf("%s has no derived quantities", in.info.Name))}, nil
	}
	n, width := int(m.N), 0
	for _, p := range o.Outputs() {
		width += p.Size()
	}
	x := make([]float64, n*in.info.Dim())
	if err := wire.Floats(x, m.X, "x"); err != nil {
		return &pb.DeriveReply{Error: invalid(err)}, nil
	}
	out := make([]float64, n*width)
	start := time.Now()
	failed := guard(func() error { return o.Derive(ctx, n, x, out) })
	in.busy.Add(uint64(time.Since(start)))
	if failed != nil {
		return &pb.DeriveReply{Error: failed.message()}, nil
	}
	return &pb.DeriveReply{Out: wire.Bytes(out)}, nil
}
