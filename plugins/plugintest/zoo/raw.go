package zoo

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/proto/wire"
	"github.com/sampan-mc/sampan/targets"
	"google.golang.org/grpc"
)

// raw makes an animal of a plugin written from docs/protocol.md alone, the smallest that works: Describe, Create and
// Eval. spoil, if not nil, changes its answers.
func raw(spoil func(*pb.EvalReply)) func(string) {
	return func(name string) { serveRaw(&rawServer{name: name, kind: pb.Kind_KIND_TARGET, spoil: spoil}, nil) }
}

// serveRaw serves s and, if not nil, a transport.
func serveRaw(s *rawServer, transport pb.TransportServer) {
	if os.Getenv("SAMPAN_PLUGIN_COOKIE") != wire.CookieValue {
		fmt.Fprintln(os.Stderr, "sampan starts this program by itself")
		os.Exit(1)
	}
	listener, err := net.Listen("unix", filepath.Join(os.Getenv("PLUGIN_UNIX_SOCKET_DIR"), "s"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(wire.MaxMessage))
	pb.RegisterPluginServer(server, s)
	pb.RegisterTargetServer(server, s)
	if transport != nil {
		pb.RegisterTransportServer(server, transport)
	}
	fmt.Printf("1|1|unix|%s|grpc|\n", listener.Addr())
	_ = server.Serve(listener)
}

type rawServer struct {
	pb.UnimplementedPluginServer
	pb.UnimplementedTargetServer
	name   string
	kind   pb.Kind
	spoil  func(*pb.EvalReply)
	target normal
}

func (s *rawServer) Describe(context.Context, *pb.DescribeRequest) (*pb.DescribeReply, error) {
	return &pb.DescribeReply{Name: s.name, Version: "1.0.0", Components: []*pb.Component{{Kind: s.kind, Name: s.name}}}, nil
}

func (s *rawServer) Create(_ context.Context, m *pb.CreateRequest) (*pb.CreateReply, error) {
	if s.kind == pb.Kind_KIND_TRANSPORT {
		return s.createTransport(), nil
	}
	c, err := parse(m.ConfigJson)
	if err != nil {
		return &pb.CreateReply{Error: &pb.CallError{Code: pb.CallError_CODE_FAILED, Message: err.Error()}}, nil
	}
	s.target = normal{config: c}
	return &pb.CreateReply{
		Handle: 1, Caps: []pb.Cap{pb.Cap_CAP_GRAD},
		Target: &pb.TargetInfo{Name: "zoo", Params: []*pb.Param{{Name: "x", Shape: []uint32{uint32(c.Dim)}}}},
	}, nil
}

func (s *rawServer) Eval(ctx context.Context, m *pb.EvalRequest) (*pb.EvalReply, error) {
	b := targets.NewBatch(int(m.N), int(m.D), targets.Want(m.Want))
	if err := wire.Floats(b.X, m.X, "x"); err != nil {
		return nil, err
	}
	if err := s.target.Eval(ctx, b); err != nil {
		return nil, err
	}
	reply := &pb.EvalReply{Seq: m.Seq, Logp: wire.Bytes(b.LogP), Grad: wire.Bytes(b.Grad)}
	if s.spoil != nil {
		s.spoil(reply)
	}
	return reply, nil
}

func dropLast(m *pb.EvalReply)  { m.Logp = m.Logp[:len(m.Logp)-8] }
func halfValue(m *pb.EvalReply) { m.Logp = m.Logp[:len(m.Logp)-4] }
func otherSeq(m *pb.EvalReply)  { m.Seq++ }

// stubborn is raw, deaf to signals, and watches nothing.
func stubborn(name string) {
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE)
	raw(nil)(name)
}
