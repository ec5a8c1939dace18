package wire

import (
	"fmt"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/smc"
)

// SendPilot sends the levels of a pilot run in chunks that share their memory.
func SendPilot(levels []smc.Level, send func(*pb.PilotChunk) error) error {
	for k, l := range levels {
		rows := Rows(l.D, 0, 0, 0)
		for lo := 0; lo == 0 || lo < l.N; lo += rows {
			hi := min(lo+rows, l.N)
			m := &pb.PilotChunk{
				Level: uint32(k), Beta: l.Beta, LogZ: l.LogZ, Total: uint32(l.N), First: uint32(lo), N: uint32(hi - lo), D: uint32(l.D),
				LogRef: Bytes(l.LogRef[lo:hi]), LogTarget: Bytes(l.LogTarget[lo:hi]), X: Bytes(l.X[lo*l.D : hi*l.D]),
			}
			if l.LogW != nil {
				m.LogW = Bytes(l.LogW[lo:hi])
			}
			if err := send(m); err != nil {
				return err
			}
		}
	}
	return nil
}

// Pilot puts the levels of a pilot run together again.
type Pilot struct {
	levels []smc.Level
	filled int // of the last one
}

// Add takes the next chunk; d is the dimension that is wanted.
func (p *Pilot) Add(m *pb.PilotChunk, d int) error {
	n := int(m.N)
	switch {
	case int(m.D) != d:
		return fmt.Errorf("pilot level %d has dimension %d, wanted %d", m.Level, m.D, d)
	case len(m.X) != 8*n*d:
		return fmt.Errorf("pilot level %d: %w", m.Level, wrongLength("x", len(m.X), n*d))
	case int(m.Level) == len(p.levels) && p.whole():
		p.levels = append(p.levels, smc.Level{Beta: m.Beta, LogZ: m.LogZ, N: int(m.Total), D: d})
		p.filled = 0
	case int(m.Level) != len(p.levels)-1:
		return fmt.Errorf("a chunk of pilot level %d came where level %d was not complete", m.Level, len(p.levels)-1)
	}
	l := &p.levels[len(p.levels)-1]
	if int(m.First) != p.filled || n > l.N-p.filled {
		return fmt.Errorf("pilot level %d: draws %d to %d came where %d of %d were there", m.Level, m.First, int(m.First)+n, p.filled, l.N)
	}
	for _, c := range []struct {
		name     string
		from     []byte
		to       *[]float64
		size     int
		optional bool
	}{
		{"x", m.X, &l.X, n * d, false}, {"log_ref", m.LogRef, &l.LogRef, n, false}, {"log_target", m.LogTarget, &l.LogTarget, n, false},
		{"log_w", m.LogW, &l.LogW, n, true},
	} {
		if c.optional && len(c.from) == 0 {
			continue
		}
		have := len(*c.to)
		*c.to = append(*c.to, make([]float64, c.size)...)
		if err := Floats((*c.to)[have:], c.from, c.name); err != nil {
			return fmt.Errorf("pilot level %d: %w", m.Level, err)
		}
	}
	p.filled += n
	if l.LogW != nil && len(l.LogW) != p.filled {
		return fmt.Errorf("pilot level %d has weights in some chunks only", m.Level)
	}
	return nil
}

func (p *Pilot) whole() bool {
	return len(p.levels) == 0 || p.filled == p.levels[len(p.levels)-1].N
}

// Levels returns what has come, once it is whole.
func (p *Pilot) Levels() ([]smc.Level, error) {
	if !p.whole() {
		return nil, fmt.Errorf("pilot level %d ends after %d of %d draws", len(p.levels)-1, p.filled, p.levels[len(p.levels)-1].N)
	}
	return p.levels, nil
}
