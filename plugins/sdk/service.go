package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/proto/wire"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// server serves the Plugin and Target services; transportServer serves that of transports. The Sampler service is left
// to gRPC, which answers Unimplemented.
type server struct {
	pb.UnimplementedPluginServer
	pb.UnimplementedTargetServer
	components []component
	leave      func() // the host is gone

	mu     sync.Mutex
	last   uint64
	served map[uint64]*instance
}

// instance is a component made from its configuration.
type instance struct {
	density   targets.Density
	transport smc.Transport
	info      targets.Info // of the density; of a transport, of its target

	local     bool         // a transport's target is in this process
	exclusive sync.RWMutex // held by what changes a transport, shared by what uses it

	calls, densities, gradients, busy atomic.Uint64
}

func newServer(components []Component) (*server, error) {
	s := &server{served: map[uint64]*instance{}}
	for _, c := range components {
		s.components = append(s.components, c.component())
	}
	return s, checkNames(s.components)
}

// A description is what `describe` prints.
type description struct {
	Name       string          `json:"name"`
	Version    string          `json:"version"`
	SDK        string          `json:"sdk"`
	Protocol   []int           `json:"protocol"`
	Components []componentJSON `json:"components"`
}

type componentJSON struct {
	Kind    string          `json:"kind"`
	Name    string          `json:"name"`
	Summary string          `json:"summary,omitempty"`
	Schema  json.RawMessage `json:"config_schema,omitempty"`
}

func (s *server) description() description {
	d := description{Name: s.components[0].name, Version: s.components[0].version, SDK: "go " + Version, Protocol: []int{wire.ProtocolMajor}}
	for _, c := range s.components {
		d.Components = append(d.Components, componentJSON{kindName(c.kind), c.name, c.summary, json.RawMessage(c.spec)})
	}
	return d
}

func kindName(k pb.Kind) string {
	if k == pb.Kind_KIND_TRANSPORT {
		return "transport"
	}
	return "target"
}

func (s *server) Describe(context.Context, *pb.DescribeRequest) (*pb.DescribeReply, error) {
	d := s.description()
	reply := &pb.DescribeReply{Name: d.Name, Version: d.Version, Sdk: d.SDK}
	for _, c := range s.components {
		one := &pb.Component{Kind: c.kind, Name: c.name, Summary: c.summary, ConfigSchemaJson: []byte(c.spec)}
		if c.kind == pb.Kind_KIND_TRANSPORT {
			one.Caps = []pb.Cap{pb.Cap_CAP_BUILTIN_TARGETS}
		}
		reply.Components = append(reply.Components, one)
	}
	return reply, nil
}

func (s *server) Create(_ context.Context, m *pb.CreateRequest) (*pb.CreateReply, error) {
	var comp *component
	for i, c := range s.components {
		if c.kind == m.Kind && c.name == m.Name {
			comp = &s.components[i]
		}
	}
	if comp == nil {
		return nil, status.Errorf(codes.InvalidArgument, "this plugin has no component %q of kind %v", m.Name, m.Kind)
	}
	config := m.ConfigJson
	if len(config) == 0 {
		config = []byte("{}")
	}
	in := &instance{}
	failed := guard(func() (err error) {
		if comp.newTransport != nil {
			return in.makeTransport(comp, m, config)
		}
		if in.density, err = comp.newDensity(config, m.Folder); err == nil {
			in.info = in.density.Info()
		}
		return err
	})
	var one *targets.ConfigError
	var all targets.ConfigErrors
	switch {
	case failed == nil:
	case errors.As(failed.err, &all):
		return &pb.CreateReply{Problems: problems(all)}, nil
	case errors.As(failed.err, &one):
		return &pb.CreateReply{Problems: problems(targets.ConfigErrors{one})}, nil
	default:
		return &pb.CreateReply{Error: failed.message()}, nil
	}
	reply := &pb.CreateReply{Limits: comp.limits}
	if in.transport != nil {
		reply.Transport, reply.Caps = wire.FromTransport(in.transport)
	} else {
		reply.Target, reply.Caps = wire.FromDensity(in.density)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	reply.Handle = s.last
	s.served[s.last] = in
	return reply, nil
}

func problems(faults targets.ConfigErrors) []*pb.ConfigProblem {
	out := make([]*pb.ConfigProblem, len(faults))
	for i, f := range faults {
		out[i] = &pb.ConfigProblem{Path: f.Path, Found: f.Found, Accepted: f.Accepted}
	}
	return out
}

func (s *server) Release(_ context.Context, m *pb.ReleaseRequest) (*pb.ReleaseReply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.served, m.Handle)
	return &pb.ReleaseReply{}, nil
}

func (s *server) Counters(_ context.Context, m *pb.CountersRequest) (*pb.CountersReply, error) {
	in, err := s.instance(m.Handle)
	if err != nil {
		return nil, status.Error(codes.FailedPrecondition, err.Error())
	}
	return &pb.CountersReply{
		Calls: in.calls.Load(), Densities: in.densities.Load(), Gradients: in.gradients.Load(), BusyNs: in.busy.Load(),
	}, nil
}

// Lifeline sends beats back until the stream ends, which means that the host is gone.
func (s *server) Lifeline(stream pb.Plugin_LifelineServer) error {
	for {
		b, err := stream.Recv()
		if err == nil {
			err = stream.Send(b)
		}
		if err != nil {
			s.leave()
			return nil
		}
	}
}

func (s *server) instance(handle uint64) (*instance, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if in := s.served[handle]; in != nil {
		return in, nil
	}
	return nil, fmt.Errorf("no component has handle %d", handle)
}

// target is the instance of that handle, if it is a target.
func (s *server) target(handle uint64) (*instance, error) {
	in, err := s.instance(handle)
	if err == nil && in.density == nil {
		err = fmt.Errorf("handle %d is no target", handle)
	}
	return in, err
}

func invalid(err error) *pb.CallError {
	return &pb.CallError{Code: pb.CallError_CODE_INVALID, Message: err.Error()}
}

// evaluate answers m into reply, which shares a's memory.
func (s *server) evaluate(ctx context.Context, a *wire.Answer, m *pb.EvalRequest, reply *pb.EvalReply) {
	reply.Seq = m.Seq
	in, err := s.target(m.Handle)
	if err == nil {
		err = a.ReadRequest(m, in.info)
	}
	if err != nil {
		reply.Error = invalid(err)
		return
	}
	start := time.Now()
	failed := guard(func() error { return in.density.Eval(ctx, &a.Batch) })
	busy := uint64(time.Since(start))
	reply.BusyNs = busy
	in.calls.Add(1)
	in.busy.Add(busy)
	if failed != nil {
		reply.Error = failed.message()
		return
	}
	if a.Batch.Want&(targets.LogP|targets.Parts) != 0 {
		in.densities.Add(uint64(m.N))
	}
	if a.Batch.Want.Has(targets.Grad) {
		in.gradients.Add(uint64(m.N))
	}
	a.SetReply(reply)
}

func (s *server) Eval(ctx context.Context, m *pb.EvalRequest) (*pb.EvalReply, error) {
	var a wire.Answer
	reply := &pb.EvalReply{}
	s.evaluate(ctx, &a, m, reply)
	return reply, nil
}

// EvalStream answers one request after the other, with memory used again from one to the next.
func (s *server) EvalStream(stream pb.Target_EvalStreamServer) error {
	var a wire.Answer
	var m pb.EvalRequest
	var reply pb.EvalReply
	for {
		if err := stream.RecvMsg(&m); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		reply.Reset()
		s.evaluate(stream.Context(), &a, &m, &reply)
		if err := stream.Send(&reply); err != nil {
			return err
		}
	}
}
