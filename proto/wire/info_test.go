package wire

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// able is a density that can do everything a description can tell of.
type able struct{ in targets.Info }

func (a able) Info() targets.Info                                            { return a.in }
func (able) Eval(context.Context, *targets.Batch) error                      { return nil }
func (able) Sample(context.Context, int, int, rng.Key, []float64) error      { return nil }
func (able) SamplePrior(context.Context, int, int, rng.Key, []float64) error { return nil }
func (able) Outputs() []targets.Param                                        { return []targets.Param{{Name: "y", Shape: []int{3, 2}}} }
func (able) Derive(context.Context, int, []float64, []float64) error         { return nil }

func TestInfoThereAndBack(t *testing.T) {
	full := targets.Info{
		Name: "full", Can: all, Normalised: true, PriorNormalised: true,
		Params: []targets.Param{
			{Name: "mu"}, {Name: "sigma", Shape: []int{2}, Support: targets.Positive},
			{Name: "p", Shape: []int{1, 2}, Support: targets.Interval, Lower: -1, Upper: 2},
		},
		Known: targets.Known{LogZ: -3.5, LogZErr: 0.25, Mean: []float64{1, 2, 3, 4, 5}, SD: []float64{5, 4, 3, 2, 1}, Source: "quadrature"},
	}
	bare := targets.Info{Name: "bare", Can: targets.LogP, Params: targets.Reals("x"), Known: targets.Unknown()}
	for _, c := range []struct {
		density targets.Density
		want    Abilities
	}{
		{able{full}, Abilities{Sample: true, SamplePrior: true, Outputs: able{}.Outputs()}},
		{struct{ targets.Density }{able{bare}}, Abilities{}},
	} {
		got, abilities, err := ToInfo(FromDensity(c.density))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.density.Info(), got, cmpopts.EquateNaNs()) + cmp.Diff(c.want, abilities); diff != "" {
			t.Error(diff)
		}
	}
}

// A description that cannot be is refused, with what is wrong with it.
func TestImpossibleInfo(t *testing.T) {
	param := func(name string, shape ...uint32) *pb.Param { return &pb.Param{Name: name, Shape: shape} }
	for _, c := range []struct {
		info *pb.TargetInfo
		want string
	}{
		{nil, "not described"},
		{&pb.TargetInfo{}, "no parameters"},
		{&pb.TargetInfo{Params: []*pb.Param{param("")}}, "parameter 0 has no name"},
		{&pb.TargetInfo{Params: []*pb.Param{param("x"), param("x")}}, `two parameters are named "x"`},
		{&pb.TargetInfo{Params: []*pb.Param{param("x", 2, 0)}}, `"x" has shape [2 0]`},
		{&pb.TargetInfo{Params: []*pb.Param{param("x", math.MaxUint32, math.MaxUint32, math.MaxUint32)}}, `"x" has shape`},
		{&pb.TargetInfo{Params: []*pb.Param{{Name: "x", Support: 99}}}, "support 99"},
		{&pb.TargetInfo{Params: []*pb.Param{{Name: "x", Support: pb.Support_SUPPORT_INTERVAL, Lower: 1, Upper: 1}}}, "from 1 to 1, which is empty"},
		{&pb.TargetInfo{Params: []*pb.Param{param("x", 2)}, Known: &pb.Known{Mean: make([]byte, 8)}}, "known mean holds 1 values, wanted 2"},
	} {
		if _, _, err := ToInfo(c.info, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, wanted %s", err, c.want)
		}
	}
}
