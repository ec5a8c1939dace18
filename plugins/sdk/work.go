package sdk

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/proto/wire"
	"github.com/sampan-mc/sampan/targets"
)

// work is one item of work of a transport, a segment or a training: for it the target is evaluated, and counted.
type work struct {
	asks *asks // of the host; nil: the target is in this process
	told *told // of the host, which is not asked then; nil: it may be

	calls, densities, gradients atomic.Uint64
}

type workKey struct{}

// with returns the context that the work is done with.
func (w *work) with(ctx context.Context) context.Context { return context.WithValue(ctx, workKey{}, w) }

// used is what the work has asked of a target in this process; the host itself counts what it is asked.
func (w *work) used() *pb.CountersReply {
	if w.asks != nil {
		return nil
	}
	return &pb.CountersReply{Calls: w.calls.Load(), Densities: w.densities.Load(), Gradients: w.gradients.Load()}
}

// workTarget is the target as a transport sees it: one of this process, on tiles too, or asked of the host.
func workTarget(info targets.Info, local targets.Density) targets.Density {
	if local == nil {
		return &asked{info}
	}
	return targets.Watch(local, func(ctx context.Context, n int, want targets.Want) error {
		w, err := workOf(ctx)
		if err != nil {
			return err
		}
		w.calls.Add(1)
		if want.Has(targets.Grad) {
			w.gradients.Add(uint64(n))
		} else {
			w.densities.Add(uint64(n))
		}
		return nil
	})
}

var errNoWork = errors.New("the target can be evaluated in Segment, Backward, Train and LogOwn only, with the context that these are given")

func workOf(ctx context.Context) (*work, error) {
	if w, _ := ctx.Value(workKey{}).(*work); w != nil {
		return w, nil
	}
	return nil, errNoWork
}

// asked is a target of the host.
type asked struct{ info targets.Info }

func (t *asked) Info() targets.Info { return t.info }

func (t *asked) Eval(ctx context.Context, b *targets.Batch) error {
	w, err := workOf(ctx)
	if err != nil {
		return err
	}
	if err := b.Check(t.info); err != nil {
		return err
	}
	if w.told != nil {
		return w.told.eval(b)
	}
	return w.asks.eval(ctx, b)
}

// told is the target at the points where a transport's own density is wanted: the host sends it along, and no stream to ask by.
type told struct {
	x      []byte
	values *pb.EvalReply
}

func (t *told) eval(b *targets.Batch) error {
	switch {
	case t.values == nil:
		return errors.New("the host has not told the target with the request for an own density: OwnOfTarget says whether it is to")
	case !bytes.Equal(wire.Bytes(b.X), t.x):
		return errors.New("LogOwn can evaluate the target at the points that it is given and nowhere else")
	}
	return wire.ReadReply(t.values, b)
}
