package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/proto/wire"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// link is one process and the connection to it, for one life: after a failure that may have ended the process it is
// closed and never used again.
type link struct {
	name    string // of the plugin, for errors
	proc    *process
	client  *goplugin.Client
	conn    *grpc.ClientConn
	plugin  pb.PluginClient
	target  pb.TargetClient
	moves   pb.TransportClient
	handle  uint64
	version int // of a transport, that this process has been brought to
	evals   evaluations

	endLife context.CancelFunc // ends the Lifeline stream
}

// dispense hands out the connection that go-plugin has made.
type dispense struct {
	goplugin.NetRPCUnsupportedPlugin
}

func (dispense) GRPCServer(*goplugin.GRPCBroker, *grpc.Server) error {
	return errors.New("the host serves nothing")
}

func (dispense) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return conn, nil
}

// dial starts a process of the plugin and connects to it. The error is a *lost, or ctx's.
func dial(ctx context.Context, h *household, s *Spec, o Options, env []string, log func(level, text string)) (*link, error) {
	proc := newProcess(h, s.Command, s.Dir, env, log)
	client := goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  goplugin.HandshakeConfig{MagicCookieKey: wire.CookieKey, MagicCookieValue: wire.CookieValue},
		VersionedPlugins: map[int]goplugin.PluginSet{wire.ProtocolMajor: {"sampan": dispense{}}},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, _ string) (runner.Runner, error) {
			proc.cmd.Env = append(proc.cmd.Env, cmd.Env...) // the handshake's variables
			return proc, nil
		},
		SkipHostEnv:      true,
		StartTimeout:     o.StartTimeout,
		Logger:           hclog.NewNullLogger(),
		UnixSocketConfig: &goplugin.UnixSocketConfig{TempDir: h.sockets.path},
		GRPCDialOptions: []grpc.DialOption{grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(wire.MaxMessage), grpc.MaxCallSendMsgSize(wire.MaxMessage), grpc.ForceCodecV2(wire.Codec{}))},
	})
	began := time.Now()
	stop := context.AfterFunc(ctx, func() { _ = proc.Kill(ctx) })
	defer stop()
	l := &link{name: s.Name, proc: proc, client: client, endLife: func() {}}
	protocol, err := client.Client()
	if err == nil {
		var conn any
		if conn, err = protocol.Dispense("sampan"); err == nil {
			l.conn = conn.(*grpc.ClientConn)
		}
	}
	if err != nil {
		l.discard()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, startFailure(s, proc, err, time.Since(began) >= o.StartTimeout, o.StartTimeout)
	}
	l.plugin, l.target, l.moves = pb.NewPluginClient(l.conn), pb.NewTargetClient(l.conn), pb.NewTransportClient(l.conn)
	life, end := context.WithCancel(context.Background())
	l.endLife = end
	if beats, err := l.plugin.Lifeline(life); err == nil {
		_ = beats.Send(&pb.Beat{Seq: 1}) // a plugin without it notices our end by its standard input
	}
	return l, nil
}

// startFailure says why a process did not come to the handshake, from what it printed and how it ended.
func startFailure(s *Spec, p *process, err error, timedOut bool, timeout time.Duration) *lost {
	e := &lost{op: "start", unborn: true, stderr: p.out.tail()}
	if p.started() == 0 {
		e.problem = fmt.Sprintf("cannot be started: %v", err)
		return e
	}
	if strings.Contains(e.stderr, "No module named sampan") || strings.Contains(e.stderr, "No module named 'sampan'") {
		e.hint = fmt.Sprintf("%s has no sampan package: %s -m pip install PATH/plugins/python, where PATH is the checkout of sampan, or name another interpreter with python in the run file or SAMPAN_PYTHON", s.Command[0], s.Command[0])
	}
	line := p.line.Load()
	switch {
	case line != nil:
		e.problem = wrongLine(clip(*line, 200), err)
	case timedOut:
		e.hung = true
		e.problem = fmt.Sprintf("was not ready within %v and was killed", timeout)
	case p.alive():
		e.problem = "closed its standard output before it was ready"
	default:
		e.problem = p.how + " before it was ready"
	}
	return e
}

// wrongLine says what is wrong with the first line a plugin printed on its standard output.
func wrongLine(line string, err error) string {
	parts := strings.Split(strings.TrimSpace(line), "|")
	switch {
	case len(parts) < 4 || parts[0] != "1":
		return fmt.Sprintf("printed %q on standard output where the handshake line belongs: nothing may be printed there before it", line)
	case parts[1] != fmt.Sprint(wire.ProtocolMajor):
		return fmt.Sprintf("speaks protocol %s, this program speaks %d", parts[1], wire.ProtocolMajor)
	}
	return fmt.Sprintf("said %q, but: %v", line, err)
}

// call makes one unary call, or a stream that ends by itself, within a deadline. The error is a *lost, an *Error, or
// ctx's.
func (l *link) call(ctx context.Context, op string, timeout time.Duration, f func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := f(limited)
	if err == nil {
		return nil
	}
	return l.diagnose(ctx, op, err, limited.Err() != nil, timeout)
}

// settle is how long the end of a process is waited for when its connection breaks, to tell that it died from that it
// failed.
const settle = time.Second

// diagnose finds out what a failed call means: ours to give up, a dead or hung process, or an answer.
func (l *link) diagnose(ctx context.Context, op string, err error, timedOut bool, timeout time.Duration) error {
	var own *Error
	switch {
	case errors.As(err, &own):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case timedOut && l.proc.alive():
		l.proc.kill()
		return &lost{op: op, hung: true, stderr: l.proc.out.tail(), problem: fmt.Sprintf("no answer within %v; the process was killed", timeout)}
	}
	code := status.Code(err)
	if broken := code == codes.Unavailable || code == codes.Canceled || errors.Is(err, io.EOF); broken && !l.proc.waitExit(settle) {
		l.proc.kill()
		return &lost{op: op, stderr: l.proc.out.tail(), problem: fmt.Sprintf("the connection broke although the process lived: %v", err)}
	}
	if !l.proc.alive() {
		return &lost{op: op, stderr: l.proc.out.tail(), problem: "the process " + l.proc.how}
	}
	return l.failed(op, fmt.Sprintf("%v: %s", code, status.Convert(err).Message()))
}

// failed is an *Error of this plugin.
func (l *link) failed(op, problem string) *Error {
	return &Error{Plugin: l.name, Op: op, Problem: problem}
}

// refused turns an answer that the component's code failed into an error, nil into nil.
func (l *link) refused(op string, e *pb.CallError) error {
	if e == nil {
		return nil
	}
	return &Error{Plugin: l.name, Op: op, Problem: e.Message, Traceback: e.Traceback}
}

// grace is how long a process is given at each rung of the ladder: Shutdown, SIGTERM, SIGKILL.
const grace = 2 * time.Second

// close ends the process as gently as it allows.
func (l *link) close() {
	if l.proc.alive() {
		began := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		err := l.conn.Invoke(ctx, wire.ShutdownMethod, &emptypb.Empty{}, &emptypb.Empty{})
		cancel()
		if status.Code(err) == codes.Unimplemented || !l.proc.waitExit(grace-time.Since(began)) {
			terminateGroup(l.proc.started())
			l.proc.waitExit(grace)
		}
	}
	l.discard()
}

// discard ends the process if it has not ended, and gives back what belongs to it.
func (l *link) discard() {
	dead := l.proc.kill()
	l.endLife()
	if dead { // go-plugin would wait for it
		l.client.Kill()
	}
}
