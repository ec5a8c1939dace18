package sdk

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/proto/wire"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// serve runs the plugin's end of the handshake and answers calls until Shutdown, or until the host is gone. It is
// go-plugin's server for gRPC without its redirection of standard output and error through the socket, by which a
// plugin's last words are lost when it crashes.
func (s *server) serve() error {
	if os.Getenv(wire.CookieKey) != wire.CookieValue {
		return ErrByHand
	}
	if err := s.checkVersion(); err != nil {
		return err
	}
	handshake, lifeline, err := takeStdio()
	if err != nil {
		return fmt.Errorf("plugin: redirect standard input and output: %w", err)
	}
	dir := os.Getenv(wire.SocketDirKey)
	if dir == "" {
		dir = os.TempDir()
	}
	listener, err := net.Listen("unix", filepath.Join(dir, fmt.Sprintf("plugin-%d", os.Getpid())))
	if err != nil {
		return fmt.Errorf("plugin: %w", err)
	}
	defer listener.Close()

	stop := make(chan struct{})
	s.leave = func() {
		select {
		case <-stop: // asked to: streams end then, too
		default:
			leaveWithGroup()
		}
	}
	watch(lifeline, s.leave)
	server := grpc.NewServer(
		grpc.MaxRecvMsgSize(wire.MaxMessage), grpc.MaxSendMsgSize(wire.MaxMessage), grpc.ForceServerCodecV2(wire.Codec{}),
		grpc.ChainUnaryInterceptor(recoverUnary), grpc.ChainStreamInterceptor(recoverStream),
	)
	pb.RegisterPluginServer(server, s)
	pb.RegisterTargetServer(server, s)
	pb.RegisterTransportServer(server, &transportServer{s: s})
	healthy := health.NewServer()
	healthy.SetServingStatus(wire.HealthService, grpc_health_v1.HealthCheckResponse_SERVING)
	grpc_health_v1.RegisterHealthServer(server, healthy)
	registerShutdown(server, sync.OnceFunc(func() { close(stop) }))

	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	if _, err := fmt.Fprintf(handshake, "1|%d|unix|%s|grpc|\n", wire.ProtocolMajor, listener.Addr()); err != nil {
		return fmt.Errorf("plugin: %w", err)
	}
	handshake.Close()
	select {
	case err := <-ended:
		return fmt.Errorf("plugin: %w", err)
	case <-stop:
		server.Stop()
		return nil
	}
}

// checkVersion holds the host's list of protocol majors against the one this SDK speaks.
func (s *server) checkVersion() error {
	list := os.Getenv(wire.VersionsKey)
	if list == "" || slices.Contains(strings.Split(list, ","), strconv.Itoa(wire.ProtocolMajor)) {
		return nil
	}
	return fmt.Errorf("the host speaks plugin protocol %s, this plugin speaks %d: build it with a newer SDK, or use an older sampan", list, wire.ProtocolMajor)
}

// watch ends the process when the host is gone, and keeps Ctrl-C, which reaches the whole terminal, for the host.
func watch(lifeline io.Reader, leave func()) {
	signal.Ignore(os.Interrupt)
	ignoreBrokenPipes()
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	go func() {
		<-term
		leave()
	}()
	go func() {
		_, _ = io.Copy(io.Discard, lifeline)
		leave()
	}()
	parent := os.Getppid()
	go func() {
		for range time.Tick(time.Second) {
			if os.Getppid() != parent {
				leave()
			}
		}
	}()
}

// registerShutdown serves go-plugin's Shutdown, whose messages are empty.
func registerShutdown(r grpc.ServiceRegistrar, stop func()) {
	service, method, _ := strings.Cut(strings.TrimPrefix(wire.ShutdownMethod, "/"), "/")
	r.RegisterService(&grpc.ServiceDesc{
		ServiceName: service,
		HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{
			MethodName: method,
			Handler: func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
				if err := decode(&emptypb.Empty{}); err != nil {
					return nil, err
				}
				stop()
				return &emptypb.Empty{}, nil
			},
		}},
	}, struct{}{})
}

func recoverUnary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (reply any, err error) {
	defer recovered(&err)
	return next(ctx, req)
}

func recoverStream(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	defer recovered(&err)
	return next(srv, stream)
}

func recovered(err *error) {
	if r := recover(); r != nil {
		*err = status.Errorf(codes.Internal, "panic: %v\n%s", r, debug.Stack())
	}
}
