package wire

import (
	"fmt"
	"math"
	"slices"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/targets"
)

// Abilities are the optional interfaces a density has on its side of the wire.
type Abilities struct {
	Sample, SamplePrior bool
	Outputs             []targets.Param // nil: none
}

// quantities pairs what Eval can fill with the capability that says so. The log density itself goes without saying.
var quantities = []struct {
	want targets.Want
	cap  pb.Cap
}{
	{targets.Grad, pb.Cap_CAP_GRAD},
	{targets.Parts, pb.Cap_CAP_PARTS},
	{targets.HVP, pb.Cap_CAP_HVP},
	{targets.Laplacian, pb.Cap_CAP_LAPLACIAN},
}

// FromDensity describes d in messages.
func FromDensity(d targets.Density) (*pb.TargetInfo, []pb.Cap) {
	in := d.Info()
	m := &pb.TargetInfo{
		Name: in.Name, Params: fromParams(in.Params), Normalised: in.Normalised, PriorNormalised: in.PriorNormalised,
		Known: &pb.Known{Source: in.Known.Source, Mean: slices.Clone(Bytes(in.Known.Mean)), Sd: slices.Clone(Bytes(in.Known.SD))},
	}
	if !math.IsNaN(in.Known.LogZ) {
		m.Known.LogZ, m.Known.LogZErr = &in.Known.LogZ, &in.Known.LogZErr
	}
	var caps []pb.Cap
	for _, q := range quantities {
		if in.Can.Has(q.want) {
			caps = append(caps, q.cap)
		}
	}
	if _, ok := d.(targets.Sampler); ok {
		caps = append(caps, pb.Cap_CAP_SAMPLE)
	}
	if _, ok := d.(targets.PriorSampler); ok {
		caps = append(caps, pb.Cap_CAP_SAMPLE_PRIOR)
	}
	if o, ok := d.(targets.Outputs); ok {
		caps = append(caps, pb.Cap_CAP_OUTPUTS)
		m.Outputs = fromParams(o.Outputs())
	}
	return m, caps
}

func fromParams(ps []targets.Param) []*pb.Param {
	out := make([]*pb.Param, len(ps))
	for i, p := range ps {
		out[i] = &pb.Param{Name: p.Name, Support: pb.Support(p.Support), Lower: p.Lower, Upper: p.Upper}
		for _, s := range p.Shape {
			out[i].Shape = append(out[i].Shape, uint32(s))
		}
	}
	return out
}

// ToInfo reads a plugin's description of a target, and refuses one that cannot be.
func ToInfo(m *pb.TargetInfo, caps []pb.Cap) (targets.Info, Abilities, error) {
	var ab Abilities
	if m == nil {
		return targets.Info{}, ab, fmt.Errorf("the target is not described")
	}
	in := targets.Info{Name: m.Name, Can: targets.LogP, Normalised: m.Normalised, PriorNormalised: m.PriorNormalised, Known: targets.Unknown()}
	for _, q := range quantities {
		if slices.Contains(caps, q.cap) {
			in.Can |= q.want
		}
	}
	ab.Sample = slices.Contains(caps, pb.Cap_CAP_SAMPLE)
	ab.SamplePrior = slices.Contains(caps, pb.Cap_CAP_SAMPLE_PRIOR)
	var err error
	if in.Params, err = toParams(m.Params, "parameter"); err != nil {
		return in, ab, err
	}
	if len(in.Params) == 0 {
		return in, ab, fmt.Errorf("the target has no parameters")
	}
	if slices.Contains(caps, pb.Cap_CAP_OUTPUTS) {
		if ab.Outputs, err = toParams(m.Outputs, "output"); err != nil {
			return in, ab, err
		}
	}
	return in, ab, readKnown(&in, m.Known)
}

func readKnown(in *targets.Info, k *pb.Known) error {
	if k == nil {
		return nil
	}
	in.Known.Source = k.Source
	if k.LogZ != nil {
		in.Known.LogZ, in.Known.LogZErr = *k.LogZ, k.GetLogZErr()
	}
	for _, v := range []struct {
		name string
		from []byte
		to   *[]float64
	}{{"known mean", k.Mean, &in.Known.Mean}, {"known sd", k.Sd, &in.Known.SD}} {
		if len(v.from) == 0 {
			continue
		}
		*v.to = make([]float64, in.Dim())
		if err := Floats(*v.to, v.from, v.name); err != nil {
			return err
		}
	}
	return nil
}

// maxDim bounds what a description may claim: a row of this width is as large as a message can be.
const maxDim = MaxMessage / 8

func toParams(ms []*pb.Param, what string) ([]targets.Param, error) {
	out := make([]targets.Param, len(ms))
	seen := map[string]bool{}
	total := 0
	for i, m := range ms {
		p := targets.Param{Name: m.Name, Support: targets.Support(m.Support), Lower: m.Lower, Upper: m.Upper}
		size := 1
		for _, s := range m.Shape {
			p.Shape = append(p.Shape, int(s))
			if s == 0 || size > maxDim/int(s) {
				return nil, fmt.Errorf("%s %q has shape %v; every extent is at least 1, all parameters together at most %d", what, m.Name, m.Shape, maxDim)
			}
			size *= int(s)
		}
		total += size
		switch {
		case m.Name == "":
			return nil, fmt.Errorf("%s %d has no name", what, i)
		case seen[m.Name]:
			return nil, fmt.Errorf("two %ss are named %q", what, m.Name)
		case m.Support < pb.Support_SUPPORT_REAL || m.Support > pb.Support_SUPPORT_CORR_CHOLESKY:
			return nil, fmt.Errorf("%s %q has support %d, which this version does not know", what, m.Name, m.Support)
		case m.Support == pb.Support_SUPPORT_INTERVAL && !(m.Lower < m.Upper):
			return nil, fmt.Errorf("%s %q lives in the interval from %g to %g, which is empty", what, m.Name, m.Lower, m.Upper)
		case total > maxDim:
			return nil, fmt.Errorf("%ss have %d coordinates together, accepted are at most %d", what, total, maxDim)
		}
		seen[m.Name] = true
		out[i] = p
	}
	return out, nil
}
