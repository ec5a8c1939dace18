package plugin

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

const (
	// maxPoison points in one chunk are taken for a plugin that does not work, not for single bad points.
	maxPoison = 16
	// maxSearches that find no point, while the chunk keeps killing, end the matter.
	maxSearches = 3
)

// isolate deals with a chunk that has killed two processes: it finds the points that kill by themselves, and then, as
// the policy has it, fails, or tries the chunk without them. Halved batches are for diagnosis only, since a point's
// last bits may depend on the batch it is in: the results come from a whole chunk in which a neighbour stands in for each
// bad point.
func (w *worker) isolate(j *job, cause *lost) error {
	p, ctx, search := w.pool, j.call.ctx, newSearch(j.apart())
	n := search.chunk.rows()
	w.tell(Halving, fmt.Sprintf("rows %d to %d killed two processes; looking for the point that does", j.first, j.first+n-1))
	for empty := 0; ; {
		row, why, err := w.findPoison(ctx, search)
		switch {
		case err != nil:
			return err
		case why != nil:
			cause = why
			if err := w.poison(j, search.chunk, row, why); err != nil {
				return err
			}
			if search.reject(row); search.left() == 0 {
				search.chunk.finish(search.bad)
				return nil
			}
			if len(search.bad) == maxPoison {
				e := why.forUser(p.spec.Name)
				e.Problem += fmt.Sprintf("; %d points of one request do that, so it is not the points", maxPoison)
				return e
			}
		case cause.hung:
			e := cause.forUser(p.spec.Name)
			e.Hint = fmt.Sprintf("%d points together take longer than that, fewer do not: give a request more time (timeout_seconds) or fewer points (chunk_rows)", n)
			return e
		default:
			if empty++; empty == maxSearches {
				e := cause.forUser(p.spec.Name)
				e.Problem += fmt.Sprintf("; %d points together do that, no single one of them does", n)
				return e
			}
		}
		err = w.attempt(ctx, search.chunk.try(0, n))
		if err == nil {
			search.chunk.finish(search.bad)
			return nil
		}
		if !errors.As(err, &cause) {
			return err
		}
	}
}

// findPoison halves the chunk until one point is left and tells whether that kills by itself: why is nil if it does not.
func (w *worker) findPoison(ctx context.Context, s *search) (row int, why *lost, err error) {
	lo, hi := 0, s.chunk.rows()
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

// probe tries rows lo … hi−1 for the sake of the process alone. Its deaths do not count.
func (w *worker) probe(ctx context.Context, s *search, lo, hi int) (*lost, error) {
	w.deaths = 0
	err := w.attempt(ctx, s.chunk.try(lo, hi))
	var l *lost
	if errors.As(err, &l) {
		return l, nil
	}
	return nil, err
}

// poison deals with a point that kills by itself: it is saved, and with the policy Stop that is the end.
func (w *worker) poison(j *job, c chunk, row int, why *lost) error {
	p := w.pool
	point := c.point(row)
	point.Plugin, point.Source, point.Command = p.spec.Name, p.spec.Source, p.spec.Command
	point.Config, point.Folder = string(p.create.ConfigJson), p.create.Folder
	point.Row, point.Reason, point.Stderr = j.first+row, why.problem, why.stderr
	where := ""
	if p.options.SaveBadPoint != nil {
		path, err := p.options.SaveBadPoint(point)
		if err != nil {
			return fmt.Errorf("save the point that kills plugin %s: %w", p.spec.Name, err)
		}
		if path != "" {
			where = ", saved as " + path
		}
	}
	text := fmt.Sprintf("one point does that by itself: row %d of the batch, x = %s%s", point.Row, short(point.X), where)
	w.tell(Poison, why.problem+"; "+text)
	if p.options.OnBadPoint == Reject {
		p.counts.rejected.Add(1)
		return nil
	}
	e := why.forUser(p.spec.Name)
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
