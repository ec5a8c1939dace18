package sdk

import (
	"context"
	"errors"
	"fmt"
	"time"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/proto/wire"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
)

// transportServer serves the Transport service.
type transportServer struct {
	pb.UnimplementedTransportServer
	s *server
}

// newTarget is the target of a transport that ref tells how to reach, and whether it is in this process.
func newTarget(ref *pb.TargetRef) (target targets.Density, local bool, err error) {
	if ref == nil {
		return nil, false, errors.New("no target is named: a transport is made for one")
	}
	info, _, err := wire.ToInfo(ref.Info, ref.Caps)
	if err != nil {
		return nil, false, err
	}
	b := ref.GetBuiltin()
	if b == nil {
		return workTarget(info, nil), false, nil
	}
	made, err := newBuiltin(b.Name, b.ConfigJson, b.Folder)
	if err != nil {
		return nil, false, err
	}
	if made, _, err = targets.Unconstrain(made); err != nil {
		return nil, false, err
	}
	if mine := made.Info(); mine.Dim() != info.Dim() || !mine.Can.Has(info.Can) {
		return nil, false, fmt.Errorf("target %s has %d coordinates here and offers %v, the host's has %d and offers %v: plugin and host differ in version",
			b.Name, mine.Dim(), mine.Can, info.Dim(), info.Can)
	}
	return workTarget(info, made), true, nil
}

// makeTransport fills in from m.
func (in *instance) makeTransport(c *component, m *pb.CreateRequest, config []byte) (err error) {
	target, local, err := newTarget(m.Target)
	if err != nil {
		return err
	}
	in.info, in.local = target.Info(), local
	if in.transport, err = c.newTransport(Env{Config: config, Folder: m.Folder, Target: target}); err != nil {
		return err
	}
	if in.transport == nil {
		return errors.New("the component's New returned no transport")
	}
	return nil
}

// transport is the instance of that handle, if it is one.
func (s *server) transport(handle uint64) (*instance, error) {
	in, err := s.instance(handle)
	if err == nil && in.transport == nil {
		err = fmt.Errorf("handle %d is no transport", handle)
	}
	return in, err
}

// Density evaluates the transport's reference or its own density at a cut.
func (t *transportServer) Density(ctx context.Context, m *pb.DensityRequest) (*pb.EvalReply, error) {
	in, err := t.s.transport(m.Handle)
	if err != nil {
		return &pb.EvalReply{Error: invalid(err)}, nil
	}
	in.exclusive.RLock()
	defer in.exclusive.RUnlock()
	eval, can, err := in.ownDensity(m)
	if err != nil {
		return &pb.EvalReply{Error: invalid(err)}, nil
	}
	var a wire.Answer
	request := &pb.EvalRequest{N: m.N, D: uint32(in.info.Dim()), Want: m.Want, X: m.X}
	if err := a.ReadRequest(request, targets.Info{Name: "own density", Params: in.info.Params, Can: can}); err != nil {
		return &pb.EvalReply{Error: invalid(err)}, nil
	}
	began := time.Now()
	failed := guard(func() error { return eval(ctx, &a.Batch) })
	busy := uint64(time.Since(began))
	in.busy.Add(busy)
	if failed != nil {
		return &pb.EvalReply{Error: failed.message()}, nil
	}
	reply := &pb.EvalReply{BusyNs: busy}
	a.SetReply(reply)
	return reply, nil
}

// ownDensity is the reference, at cut 0, or the transport's own density.
func (in *instance) ownDensity(m *pb.DensityRequest) (func(context.Context, *targets.Batch) error, targets.Want, error) {
	t, cut := in.transport, int(m.Cut)
	if cut == 0 {
		if r := t.Reference(); r != nil {
			return r.Eval, r.Info().Can, nil
		}
		return nil, 0, fmt.Errorf("%s has no reference of its own", t.Info().Name)
	}
	o, ok := t.(smc.OwnDensity)
	if cuts := t.Cuts(); !ok || cut > len(cuts) || cuts[cut-1].Kind != smc.CutOwn {
		return nil, 0, fmt.Errorf("%s has no density of its own at cut %d", t.Info().Name, cut)
	}
	can := targets.LogP
	if o.OwnGradient() {
		can |= targets.Grad
	}
	return func(ctx context.Context, b *targets.Batch) error {
		w := &work{} // it may be made of the target's; the host counts such points as it asks for them
		if !in.local {
			w.told = &told{x: m.X, values: m.Target}
		}
		return o.LogOwn(w.with(ctx), cut, b)
	}, can, nil
}

// Sample draws from the transport's reference.
func (t *transportServer) Sample(m *pb.SampleRequest, stream pb.Transport_SampleServer) error {
	in, err := t.s.transport(m.Handle)
	if err != nil {
		return stream.Send(&pb.SampleReply{First: m.First, Error: invalid(err)})
	}
	in.exclusive.RLock()
	defer in.exclusive.RUnlock()
	r := in.transport.Reference()
	if r == nil {
		err = fmt.Errorf("%s has no reference of its own", in.transport.Info().Name)
		return stream.Send(&pb.SampleReply{First: m.First, Error: invalid(err)})
	}
	return in.sendDraws(m, r.Sample, stream)
}

// SetCuts cuts the path elsewhere.
func (t *transportServer) SetCuts(_ context.Context, m *pb.SetCutsRequest) (*pb.SetCutsReply, error) {
	in, err := t.s.transport(m.Handle)
	if err != nil {
		return &pb.SetCutsReply{Error: invalid(err)}, nil
	}
	c, ok := in.transport.(smc.CutSetter)
	if !ok {
		return &pb.SetCutsReply{Error: invalid(fmt.Errorf("%s cannot be cut elsewhere", in.transport.Info().Name))}, nil
	}
	in.exclusive.Lock()
	defer in.exclusive.Unlock()
	if failed := guard(func() error { return c.SetCuts(int(m.Segments)) }); failed != nil {
		return &pb.SetCutsReply{Error: failed.message()}, nil
	}
	info, _ := wire.FromTransport(in.transport)
	return &pb.SetCutsReply{Transport: info}, nil
}
