package wire

import (
	"fmt"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
)

// FromParticles describes p in a message that shares its memory.
func FromParticles(p *smc.Particles) *pb.Particles {
	return &pb.Particles{
		N: uint32(p.N), D: uint32(p.D), A: uint32(p.A), X: Bytes(p.X), Aux: Bytes(p.Aux),
		LogRef: Bytes(p.LogRef), LogTarget: Bytes(p.LogTarget), LogOwn: Bytes(p.LogOwn),
	}
}

// ToParticles reads particles of dimension d with a auxiliary numbers each, the first of them in slot first. X and Aux
// must be there. Weights and lineage stay with the host.
func ToParticles(m *pb.Particles, d, a int, first uint64) (*smc.Particles, error) {
	if m == nil {
		return nil, fmt.Errorf("there are no particles")
	}
	if int(m.D) != d || int(m.A) != a {
		return nil, fmt.Errorf("particles of dimension %d with %d auxiliary numbers, wanted %d and %d", m.D, m.A, d, a)
	}
	n := int(m.N)
	if len(m.X) != 8*n*d { // before anything is allocated for it
		return nil, wrongLength("x", len(m.X), n*d)
	}
	p := &smc.Particles{N: n, D: d, A: a, First: int(first)}
	for _, c := range []struct {
		name   string
		from   []byte
		to     *[]float64
		size   int
		needed bool
	}{
		{"x", m.X, &p.X, n * d, true}, {"aux", m.Aux, &p.Aux, n * a, true}, {"log_ref", m.LogRef, &p.LogRef, n, false},
		{"log_target", m.LogTarget, &p.LogTarget, n, false}, {"log_own", m.LogOwn, &p.LogOwn, n, false},
	} {
		if c.size == 0 || !c.needed && len(c.from) == 0 {
			continue
		}
		*c.to = make([]float64, c.size)
		if err := Floats(*c.to, c.from, c.name); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// FromSegment makes the answer to a segment, which shares the memory of its parts.
func FromSegment(out *smc.Particles, logRatio []float64, status []targets.Status) *pb.SegmentDone {
	m := &pb.SegmentDone{
		LogRatio: Bytes(logRatio),
		Out:      &pb.Particles{N: uint32(out.N), D: uint32(out.D), A: uint32(out.A), X: Bytes(out.X), Aux: Bytes(out.Aux), LogOwn: Bytes(out.LogOwn)},
	}
	for _, s := range status {
		if s != targets.OK {
			m.Status = bytesOf(status)
			break
		}
	}
	return m
}

// ReadSegment fills out, logRatio and status from the answer to a segment. out has room for LogOwn if the answer must
// hold it.
func ReadSegment(m *pb.SegmentDone, out *smc.Particles, logRatio []float64, status []targets.Status) error {
	p, n := m.Out, out.N
	if p == nil {
		return fmt.Errorf("the answer holds no particles")
	}
	if int(p.N) != n || int(p.D) != out.D || int(p.A) != out.A {
		return fmt.Errorf("%d particles of dimension %d with %d auxiliary numbers came back, wanted %d, %d and %d", p.N, p.D, p.A, n, out.D, out.A)
	}
	if len(m.Status) != 0 && len(m.Status) != n {
		return fmt.Errorf("status holds %d values, wanted %d or none", len(m.Status), n)
	}
	for _, c := range []struct {
		name string
		from []byte
		to   []float64
	}{{"x", p.X, out.X}, {"aux", p.Aux, out.Aux}, {"log_own", p.LogOwn, out.LogOwn}, {"log_ratio", m.LogRatio, logRatio}} {
		if len(c.to) == 0 && c.name != "log_ratio" {
			continue
		}
		if err := Floats(c.to, c.from, c.name); err != nil {
			return err
		}
	}
	for i := range status {
		status[i] = targets.OK
		if len(m.Status) == 0 {
			continue
		}
		if status[i] = targets.Status(m.Status[i]); status[i] > targets.NotEvaluated {
			return fmt.Errorf("status %d of particle %d is unknown; accepted: 0 to %d", status[i], i, targets.NotEvaluated)
		}
	}
	return nil
}
