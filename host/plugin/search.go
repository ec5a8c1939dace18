package plugin

import (
	"slices"

	"github.com/sampan-mc/sampan/proto/wire"
	"github.com/sampan-mc/sampan/targets"
)

// search is a chunk under examination: a copy in which neighbours stand in for the points found bad.
type search struct {
	from   *targets.Batch
	chunk  targets.Batch // its X and V, and with that its results, are the copy's own
	part   targets.Batch // the rows being probed
	source []int         // the row of from that each row of chunk holds
	bad    []int         // rows of from, in the order they were found
}

func newSearch(b *targets.Batch) *search {
	s := &search{from: b, chunk: *targets.NewBatch(b.N, b.D, b.Want), source: make([]int, b.N)}
	s.replace()
	return s
}

// reject takes a row of the original chunk out.
func (s *search) reject(row int) {
	s.bad = append(s.bad, row)
	s.replace()
}

// left is the number of rows not rejected.
func (s *search) left() int { return s.from.N - len(s.bad) }

// replace fills the copy, with the nearest good row above in the place of each bad one, or else below.
func (s *search) replace() {
	if s.left() == 0 {
		return
	}
	d := s.from.D
	for i := range s.source {
		row := i
		for row >= 0 && slices.Contains(s.bad, row) {
			row--
		}
		if row < 0 {
			for row = i; slices.Contains(s.bad, row); {
				row++
			}
		}
		s.source[i] = row
		copy(s.chunk.X[i*d:(i+1)*d], s.from.X[row*d:(row+1)*d])
		if s.from.V != nil {
			copy(s.chunk.V[i*d:(i+1)*d], s.from.V[row*d:(row+1)*d])
		}
	}
}

// finish copies the results into b and marks the bad rows.
func (s *search) finish(b *targets.Batch) error {
	c := &s.chunk
	for _, v := range []struct{ to, from []float64 }{
		{b.LogP, c.LogP}, {b.Grad, c.Grad}, {b.LogPrior, c.LogPrior}, {b.LogLik, c.LogLik},
		{b.GradPrior, c.GradPrior}, {b.GradLik, c.GradLik}, {b.HVP, c.HVP}, {b.Laplacian, c.Laplacian},
	} {
		copy(v.to, v.from)
	}
	copy(b.Status, c.Status)
	for _, row := range s.bad {
		wire.GiveUp(b, row)
	}
	return nil
}
