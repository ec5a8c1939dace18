package plugin

import (
	"context"
	"slices"

	"github.com/sampan-mc/sampan/proto/wire"
	"github.com/sampan-mc/sampan/targets"
)

// chunk is a request that can be taken apart: a copy of it, in which rows can be replaced.
type chunk interface {
	rows() int
	put(row, from int)                                 // row of the copy becomes row from of the original
	try(lo, hi int) func(context.Context, *link) error // an attempt at rows lo … hi−1 of the copy
	finish(bad []int)                                  // what the copy was answered as a whole is the answer; the bad rows are given up
	point(row int) BadPoint                            // what X, V and Want of the original are there
}

// search is a chunk under examination, in which neighbours stand in for the rows found bad.
type search struct {
	chunk  chunk
	source []int // the row of the original that each row of the copy holds
	bad    []int // rows of the original, in the order they were found
}

func newSearch(c chunk) *search {
	s := &search{chunk: c, source: make([]int, c.rows())}
	s.replace()
	return s
}

// reject takes a row of the original chunk out.
func (s *search) reject(row int) {
	s.bad = append(s.bad, row)
	s.replace()
}

// left is the number of rows not rejected.
func (s *search) left() int { return len(s.source) - len(s.bad) }

// replace fills the copy, with the nearest good row above in the place of each bad one, or else below.
func (s *search) replace() {
	if s.left() == 0 {
		return
	}
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
		s.chunk.put(i, row)
	}
}

// evalChunk is a chunk of an evaluation.
type evalChunk struct {
	t    *Target
	from *targets.Batch
	copy *targets.Batch
	part targets.Batch // the rows being tried
}

func newEvalChunk(t *Target, b *targets.Batch) *evalChunk {
	return &evalChunk{t: t, from: b, copy: targets.NewBatch(b.N, b.D, b.Want)}
}

func (c *evalChunk) rows() int { return c.from.N }

func (c *evalChunk) put(row, from int) {
	d := c.from.D
	copy(c.copy.X[row*d:(row+1)*d], c.from.X[from*d:(from+1)*d])
	if c.from.V != nil {
		copy(c.copy.V[row*d:(row+1)*d], c.from.V[from*d:(from+1)*d])
	}
}

func (c *evalChunk) try(lo, hi int) func(context.Context, *link) error {
	c.copy.Rows(lo, hi, &c.part)
	return c.t.evaluation(&c.part)
}

func (c *evalChunk) finish(bad []int) {
	to, from := c.from, c.copy
	for _, v := range []struct{ to, from []float64 }{
		{to.LogP, from.LogP}, {to.Grad, from.Grad}, {to.LogPrior, from.LogPrior}, {to.LogLik, from.LogLik},
		{to.GradPrior, from.GradPrior}, {to.GradLik, from.GradLik}, {to.HVP, from.HVP}, {to.Laplacian, from.Laplacian},
	} {
		copy(v.to, v.from)
	}
	copy(to.Status, from.Status)
	for _, row := range bad {
		wire.GiveUp(to, row)
	}
}

func (c *evalChunk) point(row int) BadPoint {
	b := c.from
	p := BadPoint{Want: b.Want.String(), X: slices.Clone(b.X[row*b.D : (row+1)*b.D])}
	if b.Want.Has(targets.HVP) {
		p.V = slices.Clone(b.V[row*b.D : (row+1)*b.D])
	}
	return p
}
