package plugin

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/proto/wire"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// segment is one call of Segment or Backward, or a chunk of it.
type segment struct {
	t        *Transport
	k        int
	backward bool
	key      rng.Key
	in, out  *smc.Particles
	ratio    []float64
	status   []targets.Status
}

// run moves the particles of s, chunk by chunk.
func (t *Transport) run(ctx context.Context, s *segment) error {
	st := t.now()
	n, d, a := s.in.N, t.info.Dim(), st.info.Aux
	switch {
	case s.k < 1 || s.k > len(st.ends):
		return fmt.Errorf("plugin %s: segment %d found; accepted: 1 to %d", t.spec.Name, s.k, len(st.ends))
	case s.in.D != d || s.out.D != d || s.in.A != a || s.out.A != a || s.out.N != n || len(s.ratio) != n || len(s.status) != n:
		return fmt.Errorf("plugin %s: %d particles of dimension %d with %d auxiliary numbers found; accepted: dimension %d with %d, and room for as many as come in",
			t.spec.Name, n, s.in.D, s.in.A, d, a)
	}
	end := s.k
	if s.backward {
		end--
	}
	if own := end > 0 && st.ends[end-1].Kind == smc.CutOwn; own && s.out.LogOwn == nil {
		s.out.LogOwn = make([]float64, n)
	} else if !own {
		s.out.LogOwn = nil
	}
	var parts []*segment
	err := t.submit(ctx, n, func(lo, hi int) *job {
		part := s.rows(lo, hi)
		parts = append(parts, part)
		return &job{try: t.work(part.try), apart: func() chunk { return newSegmentChunk(part) }}
	})
	if err != nil {
		return err
	}
	s.out.Used = smc.Evals{}
	for _, part := range parts {
		s.out.Used.Density += part.out.Used.Density
		s.out.Used.Gradient += part.out.Used.Gradient
	}
	t.settle(s)
	return nil
}

// rows is rows lo … hi−1 of s: the same memory.
func (s *segment) rows(lo, hi int) *segment {
	part := *s
	part.in, part.out = rowsOf(s.in, lo, hi), rowsOf(s.out, lo, hi)
	part.ratio, part.status = s.ratio[lo:hi], s.status[lo:hi]
	return &part
}

func rowsOf(p *smc.Particles, lo, hi int) *smc.Particles {
	cut := func(v []float64, width int) []float64 {
		if len(v) == 0 {
			return nil
		}
		return v[lo*width : hi*width]
	}
	return &smc.Particles{
		N: hi - lo, D: p.D, A: p.A, First: p.First + lo, X: cut(p.X, p.D), Aux: cut(p.Aux, p.A),
		LogRef: cut(p.LogRef, 1), LogTarget: cut(p.LogTarget, 1), LogOwn: cut(p.LogOwn, 1),
	}
}

// try is an attempt at s.
func (s *segment) try(ctx context.Context, l *link) error {
	t, began := s.t, time.Now()
	start := &pb.SegmentStart{
		Handle: l.handle, Segment: uint32(s.k), Backward: s.backward, Key: s.key.Uint64(), First: uint64(s.in.First), In: wire.FromParticles(s.in),
	}
	done, used, err := l.segment(ctx, t.options.Timeout, start, t.asking())
	if err != nil {
		return err
	}
	if err := wire.ReadSegment(done, s.out, s.ratio, s.status); err != nil {
		return l.failed("segment", err.Error())
	}
	used.add(done.Used)
	c, busy := &t.counts, time.Duration(done.BusyNs)
	c.calls.Add(1)
	c.busy.Add(int64(busy))
	c.wire.Add(int64(max(time.Since(began)-busy-used.answering, 0)))
	c.densities.Add(uint64(used.Density))
	c.gradients.Add(uint64(used.Gradient))
	s.out.Used = used.Evals
	return nil
}

// settle gives up the particles whose answer is no number, and leaves them where they came from.
func (t *Transport) settle(s *segment) {
	bad := 0
	for i := range s.status {
		x, aux := s.out.X[i*s.out.D:(i+1)*s.out.D], s.out.Aux[i*s.out.A:(i+1)*s.out.A]
		what := ""
		switch r := s.ratio[i]; {
		case s.status[i] == targets.NotEvaluated: // told already, or the plugin's own doing
		case math.IsNaN(r) || math.IsInf(r, 1):
			what = fmt.Sprintf("the log ratio is %v", r)
		case !finite(x) || !finite(aux):
			what = "the particle ends at " + short(x)
		}
		if what != "" {
			if bad++; t.toldNumerical.CompareAndSwap(false, true) {
				from := s.in.X[i*s.in.D : (i+1)*s.in.D]
				t.options.Event(Event{Kind: Numerical, Plugin: t.spec.Name, Worker: -1, Text: fmt.Sprintf(
					"segment %d: %s in slot %d, which came from x = %s", s.k, what, s.in.First+i, short(from))})
			}
			s.status[i] = targets.Numerical
		}
		if s.status[i] != targets.OK && !(finite(x) && finite(aux)) {
			copy(x, s.in.X[i*s.in.D:(i+1)*s.in.D])
			copy(aux, s.in.Aux[i*s.in.A:(i+1)*s.in.A])
		}
	}
	t.counts.numerical.Add(uint64(bad))
}

func finite(v []float64) bool {
	return !slices.ContainsFunc(v, func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) })
}

// segmentChunk is a chunk of a segment that is being taken apart.
type segmentChunk struct {
	from, copy *segment
}

func newSegmentChunk(s *segment) *segmentChunk {
	c := *s
	clone := func(p *smc.Particles) *smc.Particles {
		q := *p
		q.X, q.Aux = slices.Clone(p.X), slices.Clone(p.Aux)
		q.LogRef, q.LogTarget, q.LogOwn = slices.Clone(p.LogRef), slices.Clone(p.LogTarget), slices.Clone(p.LogOwn)
		return &q
	}
	c.in, c.out = clone(s.in), clone(s.out)
	c.ratio, c.status = make([]float64, s.in.N), make([]targets.Status, s.in.N)
	return &segmentChunk{s, &c}
}

func (c *segmentChunk) rows() int { return c.from.in.N }

func (c *segmentChunk) put(row, from int) {
	to, of := rowsOf(c.copy.in, row, row+1), rowsOf(c.from.in, from, from+1)
	copy(to.X, of.X)
	copy(to.Aux, of.Aux)
	copy(to.LogRef, of.LogRef)
	copy(to.LogTarget, of.LogTarget)
	copy(to.LogOwn, of.LogOwn)
}

func (c *segmentChunk) try(lo, hi int) func(context.Context, *link) error {
	part := c.copy.rows(lo, hi)
	return part.t.work(part.try)
}

func (c *segmentChunk) finish(bad []int) {
	to, from := c.from, c.copy
	copy(to.out.X, from.out.X)
	copy(to.out.Aux, from.out.Aux)
	copy(to.out.LogOwn, from.out.LogOwn)
	copy(to.ratio, from.ratio)
	copy(to.status, from.status)
	to.out.Used = from.out.Used
	for _, row := range bad {
		in, out := rowsOf(to.in, row, row+1), rowsOf(to.out, row, row+1)
		copy(out.X, in.X)
		copy(out.Aux, in.Aux)
		to.ratio[row], to.status[row] = math.Inf(-1), targets.NotEvaluated
		if out.LogOwn != nil {
			out.LogOwn[0] = math.Inf(-1)
		}
	}
}

func (c *segmentChunk) point(row int) BadPoint {
	way := "segment"
	if c.from.backward {
		way = "backward"
	}
	in := rowsOf(c.from.in, row, row+1)
	return BadPoint{
		Want: fmt.Sprintf("%s %d of slot %d with key %d", way, c.from.k, in.First, c.from.key.Uint64()),
		X:    slices.Clone(in.X), V: slices.Clone(in.Aux),
	}
}
