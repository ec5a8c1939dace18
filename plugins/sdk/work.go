package sdk

import (
	"context"
	"errors"
	"sync/atomic"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/targets"
)

// work is one item of work of a transport, a segment or a training: for it the target is evaluated, and counted.
type work struct {
	asks *asks // of the host; nil: the target is in this process

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

var errNoWork = errors.New("the target can be evaluated in Segment, Backward and Train only, with the context that these are given")

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
	return w.asks.eval(ctx, b)
}
