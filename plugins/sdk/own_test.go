package sdk

import (
	"context"
	"testing"

	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
)

// halves knows √ρ at its first cut, by asking for ρ.
type halves struct {
	smc.Transport
	target targets.Density
}

func (halves) Cuts() []smc.Cut   { return []smc.Cut{{Kind: smc.CutOwn}, {Kind: smc.CutBeta, Beta: 1}} }
func (halves) OwnGradient() bool { return false }

func (h halves) LogOwn(ctx context.Context, _ int, b *targets.Batch) error {
	err := h.target.Eval(ctx, b)
	for i := range b.LogP {
		b.LogP[i] /= 2
	}
	return err
}

// TestOwnDensityOfTarget: a density of a transport's own may be made of the target's where that is in the same process.
func TestOwnDensityOfTarget(t *testing.T) {
	in := &instance{local: true, transport: halves{target: workTarget(bowl().Info(), bowl())}}
	eval, _, err := in.ownDensity(1)
	if err != nil {
		t.Fatal(err)
	}
	b := &targets.Batch{N: 1, D: 2, Want: targets.LogP, X: []float64{1, 2}, LogP: make([]float64, 1), Status: make([]targets.Status, 1)}
	if err := eval(context.Background(), b); err != nil || b.LogP[0] != -2.5 {
		t.Errorf("found %v, %v; want -2.5", b.LogP[0], err)
	}
}
