package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sampan-mc/sampan/targets"
)

const (
	// maxPoison points in one chunk are taken for a plugin that does not work, not for single bad points.
	maxPoison = 16
	// maxSearches that find no point, while the chunk keeps killing, end the matter.
	maxSearches = 3
)

// isolate deals with a chunk that has killed two processes: it finds the points that kill by themselves, and then, as
// the policy has it, fails, or evaluates the chunk without them. Halved batches are for diagnosis only, since a point's
// last bits may depend on the batch it is in: the results come from a whole chunk in which a neighbour stands in for each
// bad point.
func (w *worker) isolate(j *job, cause *lost) error {
	t, ctx, b := w.target, j.call.ctx, j.batch
	w.tell(Halving, fmt.Sprintf("rows %d to %d killed two processes; looking for the point that does", j.first, j.first+b.N-1))
	search := newSearch(b)
	for empty := 0; ; {
		row, why, err := w.findPoison(ctx, search)
		switch {
		case err != nil:
			return err
		case why != nil:
			cause = why
			if err := w.poison(j, row, why); err != nil {
				return err
			}
			if search.reject(row); search.left() == 0 {
				return search.finish(b)
			}
			if len(search.bad) == maxPoison {
				e := why.forUser(t.spec.Name)
				e.Problem += fmt.Sprintf("; %d points of one request do that, so it is not the points", maxPoison)
				return e
			}
		case cause.hung:
			e := cause.forUser(t.spec.Name)
			e.Hint = fmt.Sprintf("%d points together take longer than that, fewer do not: give a request more time (timeout_seconds) or fewer points (chunk_rows)", b.N)
			return e
		default:
			if empty++; empty == maxSearches {
				e := cause.forUser(t.spec.Name)
				e.Problem += fmt.Sprintf("; %d points together do that, no single one of them does", b.N)
				return e
			}
		}
		err = w.attempt(ctx, t.evaluation(&search.chunk))
		if err == nil {
			return search.finish(b)
		}
		if !errors.As(err, &cause) {
			return err
		}
	}
}

// findPoison halves the chunk until one point is left and tells whether that kills by itself: why is nil if it does not.
func (w *worker) findPoison(ctx context.Context, s *search) (row int, why *lost, err error) {
	lo, hi := 0, s.chunk.N
	for hi-lo > 1 {
		mid := lo + (hi-lo)/2
		if why, err = w.probe(ctx, s, lo, mid); err != nil {
			return 0, nil, err
		}
		if why != nil {
			hi = mid
		} else {
			lo = mid
		}
	}
	why, err = w.probe(ctx, s, lo, hi)
	return s.source[lo], why, err
}

// probe evaluates rows lo … hi−1 for the sake of the process alone. Its deaths do not count.
func (w *worker) probe(ctx context.Context, s *search, lo, hi int) (*lost, error) {
	w.deaths = 0
	s.chunk.Rows(lo, hi, &s.part)
	err := w.attempt(ctx, w.target.evaluation(&s.part))
	var l *lost
	if errors.As(err, &l) {
		return l, nil
	}
	return nil, err
}

// poison deals with a point that kills by itself: it is saved, and with the policy Stop that is the end.
func (w *worker) poison(j *job, row int, why *lost) error {
	t, b := w.target, j.batch
	point := BadPoint{
		Plugin: t.spec.Name, Source: t.spec.Source, Command: t.spec.Command,
		Config: string(t.create.ConfigJson), Folder: t.create.Folder, Want: b.Want.String(), Row: j.first + row,
		X: slices.Clone(b.X[row*b.D : (row+1)*b.D]), Reason: why.problem, Stderr: why.stderr,
	}
	if b.Want.Has(targets.HVP) {
		point.V = slices.Clone(b.V[row*b.D : (row+1)*b.D])
	}
	where := ""
	if t.options.SaveBadPoint != nil {
		path, err := t.options.SaveBadPoint(point)
		if err != nil {
			return fmt.Errorf("save the point that kills plugin %s: %w", t.spec.Name, err)
		}
		if path != "" {
			where = ", saved as " + path
		}
	}
	text := fmt.Sprintf("one point does that by itself: row %d of the batch, x = %s%s", point.Row, short(point.X), where)
	w.tell(Poison, why.problem+"; "+text)
	if t.options.OnBadPoint == Reject {
		t.counts.rejected.Add(1)
		return nil
	}
	e := why.forUser(t.spec.Name)
	e.Problem += "; " + text
	e.Hint = `mend the plugin, or go on without such points: on_bad_point = "reject"`
	return e
}

// short is a vector for people.
func short(x []float64) string {
	const shown = 8
	text := make([]string, 0, shown+1)
	for _, v := range x[:min(len(x), shown)] {
		text = append(text, fmt.Sprint(v))
	}
	if len(x) > shown {
		text = append(text, fmt.Sprintf("... (%d in all)", len(x)))
	}
	return "[" + strings.Join(text, ", ") + "]"
}
