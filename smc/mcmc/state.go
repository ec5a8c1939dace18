package mcmc

import (
	"slices"

	"github.com/sampan-mc/sampan/smc/mcmc/snapshot"
	"github.com/sampan-mc/sampan/targets"
)

// Write appends s to a snapshot.
func (s *State) Write(w *snapshot.Writer) {
	w.Floats(s.X)
	w.Floats(s.LogRef)
	w.Floats(s.LogTarget)
	w.Floats(s.GradRef)
	w.Floats(s.GradTarget)
	status := make([]byte, len(s.Status))
	for i, v := range s.Status {
		status[i] = byte(v)
	}
	w.Raw(status)
}

// Read takes from a snapshot what Write put there, into a population of the same shape.
func (s *State) Read(r *snapshot.Reader) {
	for _, dst := range [][]float64{s.X, s.LogRef, s.LogTarget, s.GradRef, s.GradTarget} {
		r.FillFloats(dst)
	}
	for i, v := range r.RawOf(len(s.Status)) {
		s.Status[i] = targets.Status(v)
	}
}

// Write appends t to a snapshot, its Factor only if that is not the one of the tuning before, which may be nil.
func (t *Tuning) Write(w *snapshot.Writer, before *Tuning) {
	w.Float(t.Step)
	w.Floats(t.Scale)
	same := before != nil && slices.Equal(t.Factor, before.Factor)
	w.Bool(same)
	if !same {
		w.Floats(t.Factor)
	}
}

// Read takes from a snapshot what Write put there.
func (t *Tuning) Read(r *snapshot.Reader, before *Tuning) {
	t.Step = r.Float()
	t.Scale = r.Floats()
	if r.Bool() && before != nil {
		t.Factor = before.Factor
	} else {
		t.Factor = r.Floats()
	}
}

// Write appends t to a snapshot.
func (t *Tally) Write(w *snapshot.Writer) {
	for _, v := range []int64{t.Density, t.Gradient, t.Numerical, t.GradBad, t.NotEvaluated} {
		w.Int(int(v))
	}
	w.Floats(t.FirstBad)
}

// Read takes from a snapshot what Write put there.
func (t *Tally) Read(r *snapshot.Reader) {
	for _, v := range []*int64{&t.Density, &t.Gradient, &t.Numerical, &t.GradBad, &t.NotEvaluated} {
		*v = int64(r.Int())
	}
	t.FirstBad = r.Floats()
}
