package wire

import (
	"fmt"
	"math"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/smc"
)

// FromTransport describes t in messages.
func FromTransport(t smc.Transport) (*pb.TransportInfo, []pb.Cap) {
	in := t.Info()
	m := &pb.TransportInfo{Name: in.Name, Aux: uint32(in.Aux), Discretised: !in.Exact, Order: uint32(in.Order), Deterministic: in.Deterministic}
	for _, c := range t.Cuts() {
		cut := &pb.Cut{}
		switch c.Kind {
		case smc.CutBeta:
			cut.At = &pb.Cut_Beta{Beta: c.Beta}
		case smc.CutOwn:
			cut.At = &pb.Cut_Own{Own: true}
		default:
			cut.At = &pb.Cut_None{None: true}
		}
		m.Cuts = append(m.Cuts, cut)
	}
	var caps []pb.Cap
	reference := t.Reference()
	if n, ok := reference.(smc.Normal); ok {
		mean, factor := n.Moments()
		m.Reference = &pb.Normal{Mean: Bytes(mean), Factor: Bytes(factor)}
	}
	if reference != nil {
		caps = append(caps, pb.Cap_CAP_REFERENCE)
	}
	if o, ok := t.(smc.OwnDensity); ok {
		caps = append(caps, pb.Cap_CAP_OWN_DENSITY)
		if o.OwnGradient() {
			caps = append(caps, pb.Cap_CAP_OWN_GRAD)
		}
		if o.OwnOfTarget() {
			caps = append(caps, pb.Cap_CAP_OWN_OF_TARGET)
		}
	}
	if _, ok := t.(smc.Backward); ok {
		caps = append(caps, pb.Cap_CAP_BACKWARD)
	}
	if _, ok := t.(smc.CutSetter); ok {
		caps = append(caps, pb.Cap_CAP_SET_CUTS)
	}
	if _, ok := t.(smc.Learner); ok {
		caps = append(caps, pb.Cap_CAP_TRAIN, pb.Cap_CAP_RESUME)
	}
	return m, caps
}

// ToReference reads the normal density in d coordinates that a transport says it starts from; nil if it says none.
func ToReference(m *pb.Normal, d int) (smc.Reference, error) {
	if m == nil {
		return nil, nil
	}
	n := len(m.Factor) / 8
	if n != d {
		n = d * (d + 1) / 2
	}
	mean, factor := make([]float64, d), make([]float64, n)
	if err := Floats(mean, m.Mean, "mean of the reference"); err != nil {
		return nil, err
	}
	if err := Floats(factor, m.Factor, "factor of the reference"); err != nil {
		return nil, err
	}
	return smc.NewNormalOf(mean, factor)
}

// maxAux bounds what a transport may claim for its auxiliary state.
const maxAux = 1 << 20

// ToTransport reads a plugin's description of a transport, and refuses one that cannot be.
func ToTransport(m *pb.TransportInfo) (smc.TransportInfo, []smc.Cut, error) {
	if m == nil {
		return smc.TransportInfo{}, nil, fmt.Errorf("the transport is not described")
	}
	in := smc.TransportInfo{Name: m.Name, Aux: int(m.Aux), Exact: !m.Discretised, Order: int(m.Order), Deterministic: m.Deterministic}
	if m.Aux > maxAux {
		return in, nil, fmt.Errorf("the auxiliary state has %d numbers a particle, accepted are at most %d", m.Aux, maxAux)
	}
	if len(m.Cuts) == 0 {
		return in, nil, fmt.Errorf("the transport has no cuts; the last one, at least, is the target")
	}
	cuts := make([]smc.Cut, len(m.Cuts))
	last := 0.0
	for i, c := range m.Cuts {
		switch at := c.At.(type) {
		case *pb.Cut_Beta:
			if !(at.Beta > 0 && at.Beta <= 1) || at.Beta < last {
				return in, nil, fmt.Errorf("cut %d is at β = %v after %v; accepted: above 0 and at most 1, none below the one before", i+1, at.Beta, last)
			}
			last = at.Beta
			cuts[i] = smc.Cut{Kind: smc.CutBeta, Beta: at.Beta}
		case *pb.Cut_Own:
			cuts[i] = smc.Cut{Kind: smc.CutOwn, Beta: math.NaN()}
		case *pb.Cut_None:
			cuts[i] = smc.Cut{Kind: smc.CutNone, Beta: math.NaN()}
		default:
			return in, nil, fmt.Errorf("cut %d says nothing", i+1)
		}
	}
	if end := cuts[len(cuts)-1]; end.Kind != smc.CutBeta || end.Beta != 1 {
		return in, nil, fmt.Errorf("the last cut must be the target, β = 1")
	}
	return in, cuts, nil
}
