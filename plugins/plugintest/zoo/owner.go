package zoo

import (
	"context"

	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// owner has a reference of its own, its own density at every cut but the last, and momenta that it draws anew; it moves
// nothing else. Of half, that density is the root of the target's.
type owner struct {
	*mover
	half bool
}

func (o *owner) Info() smc.TransportInfo {
	return smc.TransportInfo{Name: "owner", Exact: true, Aux: 2, Order: 0}
}

func (o *owner) Reference() smc.Reference {
	r, err := smc.NewNormal(o.target.Info().Dim(), []float64{0.5}, []float64{2})
	if err != nil {
		panic(err)
	}
	return r
}

func (o *owner) Cuts() []smc.Cut {
	cuts := make([]smc.Cut, o.config.Segments)
	for k := range cuts {
		cuts[k] = smc.Cut{Kind: smc.CutOwn}
	}
	cuts[len(cuts)-1] = smc.Cut{Kind: smc.CutBeta, Beta: 1}
	return cuts
}

func (o *owner) OwnGradient() bool { return true }
func (o *owner) OwnOfTarget() bool { return o.half }
func (o *owner) LogOwn(ctx context.Context, cut int, b *targets.Batch) error {
	if o.half {
		err := o.target.Eval(ctx, b)
		for _, v := range [][]float64{b.LogP, b.Grad} {
			for i := range v {
				v[i] /= 2
			}
		}
		return err
	}
	return normal{config: config{Dim: b.D}, after: func(b *targets.Batch) {
		for i := range b.LogP {
			b.LogP[i] += float64(cut)
		}
	}}.Eval(context.Background(), b)
}

func (o *owner) move(ctx context.Context, end int, in, out *smc.Particles, ratio []float64, status []targets.Status, key rng.Key) error {
	copy(out.X, in.X)
	for i := range in.N {
		key.Normals(out.Aux[2*i:2*i+2], uint32(in.First+i), uint32(end), 1)
		ratio[i], status[i] = 0, targets.OK
		for j := range 2 {
			ratio[i] += (out.Aux[2*i+j]*out.Aux[2*i+j] - in.Aux[2*i+j]*in.Aux[2*i+j]) / 2
		}
	}
	if out.LogOwn == nil {
		return nil
	}
	b := targets.NewBatch(in.N, in.D, targets.LogP)
	copy(b.X, out.X)
	err := o.LogOwn(ctx, end, b)
	copy(out.LogOwn, b.LogP)
	return err
}

func (o *owner) Segment(ctx context.Context, k int, in, out *smc.Particles, ratio []float64, status []targets.Status, key rng.Key) error {
	return o.move(ctx, k, in, out, ratio, status, key)
}

func (o *owner) Backward(ctx context.Context, k int, in, out *smc.Particles, ratio []float64, status []targets.Status, key rng.Key) error {
	return o.move(ctx, k-1, in, out, ratio, status, key)
}
