package sdk

import (
	"context"
	"strings"
	"testing"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/proto/wire"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
)

// halves knows √ρ at its first cut, by asking for ρ.
type halves struct {
	smc.Transport
	target targets.Density
}

func (halves) Cuts() []smc.Cut   { return []smc.Cut{{Kind: smc.CutOwn}, {Kind: smc.CutBeta, Beta: 1}} }
func (halves) OwnGradient() bool { return true }
func (halves) OwnOfTarget() bool { return true }

func (h halves) LogOwn(ctx context.Context, _ int, b *targets.Batch) error {
	err := h.target.Eval(ctx, b)
	for i := range b.LogP {
		b.LogP[i] /= 2
	}
	return err
}

// aside asks beside the points that it is given.
type aside struct{ halves }

func (a aside) LogOwn(ctx context.Context, cut int, b *targets.Batch) error {
	beside := *b
	beside.X = []float64{1, 3}
	return a.halves.LogOwn(ctx, cut, &beside)
}

// TestOwnDensityOfTarget: a density of a transport's own may be made of the target's, which is in the same process or told
// with the request; of elsewhere it is not told.
func TestOwnDensityOfTarget(t *testing.T) {
	x := []float64{1, 2}
	here, asked := halves{target: workTarget(bowl().Info(), bowl())}, halves{target: workTarget(bowl().Info(), nil)}
	for _, c := range []struct {
		name string
		in   *instance
		told *pb.EvalReply
		want string
	}{
		{"here", &instance{local: true, transport: here}, nil, ""},
		{"told", &instance{transport: asked}, &pb.EvalReply{Logp: wire.Bytes([]float64{-5})}, ""},
		{"not told", &instance{transport: asked}, nil, "OwnOfTarget says whether"},
		{"elsewhere", &instance{transport: aside{asked}}, &pb.EvalReply{Logp: wire.Bytes([]float64{-5})}, "points that it is given"},
	} {
		eval, _, err := c.in.ownDensity(&pb.DensityRequest{Cut: 1, X: wire.Bytes(x), Target: c.told})
		if err != nil {
			t.Fatal(err)
		}
		b := &targets.Batch{N: 1, D: 2, Want: targets.LogP, X: x, LogP: make([]float64, 1), Status: make([]targets.Status, 1)}
		err = eval(context.Background(), b)
		switch {
		case c.want == "" && (err != nil || b.LogP[0] != -2.5):
			t.Errorf("%s: found %v, %v; want -2.5", c.name, b.LogP[0], err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: found %v; want %q", c.name, err, c.want)
		}
	}
}
