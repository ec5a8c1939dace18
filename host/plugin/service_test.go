package plugin

import (
	"strings"
	"testing"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/proto/wire"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// The calls of the protocol that the host has no need of work too: health, counters, release, Eval without a stream; and
// what a plugin does not serve says so.
func TestOtherCalls(t *testing.T) {
	target := open(t, "good", nil, Options{Rows: 4})
	eval(t, target.Density(), 10)
	l, ctx := target.workers[0].link, t.Context()

	health, err := grpc_health_v1.NewHealthClient(l.conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: wire.HealthService})
	if err != nil || health.Status != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Errorf("health: %v, %v", health, err)
	}
	counted, err := l.plugin.Counters(ctx, &pb.CountersRequest{Handle: l.handle})
	if err != nil || counted.Calls != 3 || counted.Densities != 10 || counted.Gradients != 10 || counted.BusyNs == 0 {
		t.Errorf("counters: %v, %v", counted, err)
	}
	b := points(2, 3)
	m := &pb.EvalRequest{}
	wire.SetRequest(m, l.handle, 5, b)
	reply, err := l.target.Eval(ctx, m)
	if err != nil || reply.Seq != 5 || len(reply.Logp) != 16 {
		t.Errorf("Eval: %v, %v", reply, err)
	}
	if _, err := l.plugin.Release(ctx, &pb.ReleaseRequest{Handle: l.handle}); err != nil {
		t.Error(err)
	}
	if _, err := l.plugin.Counters(ctx, &pb.CountersRequest{Handle: l.handle}); status.Code(err) != codes.FailedPrecondition {
		t.Errorf("counters of a handle that was released: %v", err)
	}
	if reply, err = l.target.Eval(ctx, m); err != nil || reply.Error.GetCode() != pb.CallError_CODE_INVALID {
		t.Errorf("Eval of a handle that was released: %v, %v", reply, err)
	}
	_, err = l.plugin.Create(ctx, &pb.CreateRequest{Kind: pb.Kind_KIND_SAMPLER, Name: "good"})
	if status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), `no component "good" of kind KIND_SAMPLER`) {
		t.Errorf("making what is not there: %v", err)
	}
	run, err := pb.NewSamplerClient(l.conn).Run(ctx)
	if err == nil {
		_, err = run.Recv()
	}
	if status.Code(err) != codes.Unimplemented {
		t.Errorf("a service the plugin does not have: %v", err)
	}
}
