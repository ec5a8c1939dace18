package targets

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/sampan-mc/sampan/vec/rng"
)

func TestFuncFillsStatus(t *testing.T) {
	d := Func("f", Reals("x"), func(x, grad []float64) float64 {
		if grad != nil {
			grad[0] = 1 / x[0]
		}
		return math.Log(x[0]) // NaN below zero, −Inf at it
	})
	b := NewBatch(4, 1, LogP|Grad)
	copy(b.X, []float64{1, 0, -1, math.Inf(1)})
	if err := d.Eval(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(b.Status), "[ok out_of_support numerical numerical]"; got != want {
		t.Errorf("statuses %s, wanted %s", got, want)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := d.Eval(ctx, b); !errors.Is(err, context.Canceled) {
		t.Errorf("under a cancelled context: %v", err)
	}
}

// everything has all optional interfaces.
type everything struct{ Density }

func (everything) Sample(context.Context, int, int, rng.Key, []float64) error      { return nil }
func (everything) SamplePrior(context.Context, int, int, rng.Key, []float64) error { return nil }
func (everything) Outputs() []Param                                                { return Reals("y") }
func (everything) Derive(context.Context, int, []float64, []float64) error         { return nil }

// TestWrappersKeepInterfaces: whatever optional interfaces a density has, a wrapper has those and no others.
func TestWrappersKeepInterfaces(t *testing.T) {
	positive := FuncNoGrad("f", []Param{{Name: "x", Support: Positive}}, func([]float64) float64 { return 0 })
	has := func(d Density) string {
		_, s := d.(Sampler)
		_, p := d.(PriorSampler)
		_, o := d.(Outputs)
		return fmt.Sprint(s, p, o)
	}
	all := everything{positive}
	for mask := range 8 {
		var s Sampler
		var p PriorSampler
		var o Outputs
		if mask&1 != 0 {
			s = all
		}
		if mask&2 != 0 {
			p = all
		}
		if mask&4 != 0 {
			o = all
		}
		d := attach(positive, s, p, o)
		want := fmt.Sprint(s != nil, p != nil, o != nil)
		free, _, err := Unconstrain(d)
		if err != nil {
			t.Fatal(err)
		}
		for name, w := range map[string]Density{
			"attached": d, "described": Describe(d, func(*Info) {}), "chunked": Chunked(d, 1, 1), "unconstrained": free,
		} {
			if got := has(w); got != want {
				t.Errorf("%s: sampler, prior sampler, outputs: %s, wanted %s", name, got, want)
			}
		}
	}
}

func TestDescribeLeavesTheOriginal(t *testing.T) {
	d := FuncNoGrad("f", Reals("x"), func([]float64) float64 { return 0 })
	e := Describe(d, func(in *Info) { in.Name, in.Known.LogZ = "g", 3 })
	if e.Info().Name != "g" || e.Info().Known.LogZ != 3 || d.Info().Name != "f" || !math.IsNaN(d.Info().Known.LogZ) {
		t.Errorf("described %+v, original %+v", e.Info(), d.Info())
	}
}
