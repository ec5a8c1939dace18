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
	if t.Reference() != nil {
		caps = append(caps, pb.Cap_CAP_REFERENCE)
	}
	if o, ok := t.(smc.OwnDensity); ok {
		caps = append(caps, pb.Cap_CAP_OWN_DENSITY)
		if o.OwnGradient() {
			caps = append(caps, pb.Cap_CAP_OWN_GRAD)
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
