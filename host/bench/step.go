package bench

import (
	"math"
	"slices"

	"github.com/sampan-mc/sampan/host/record"
	"github.com/sampan-mc/sampan/vec/cputime"
)

// A step is one iteration of training.
type step struct {
	name, shape string
	about       float64  // operations of an iteration, roughly: for the progress alone
	forms       []string // ways to the same result; one without a name where there is but one
	// prepare takes the memory of a form. flops is the operations of an iteration that count; NaN where nobody counts them.
	prepare func(form string, workers int) (iterate func(), flops float64)
	scales  bool // over workers, too
}

// only is the forms of a step that has one.
var only = []string{""}

const (
	pace  = 5e10 // operations a second, on some machine, and
	usual = 20   // iterations of a step while it is measured: for the progress alone

	moreRounds = 3 // for wall time, which others on the machine disturb more
)

// alone is the job of a step with one worker.
func (s step) alone() *job {
	j := s.job(float64(len(s.forms)))
	j.run = func(m *meter, r *Report) error {
		works := make([]work, len(s.forms))
		flops := math.NaN()
		for i, form := range s.forms {
			works[i].workers = 1
			works[i].run, flops = s.prepare(form, 1)
		}
		t, err := timed[float32](m, cputime.Process, works...)
		if err != nil {
			return err
		}
		best := 0
		out := Step{Name: s.name, Shape: s.shape, DType: string(f32), Workers: 1, Rounds: t[0].rounds}
		for i, form := range s.forms {
			if t[i].cpu < t[best].cpu {
				best = i
			}
			if len(s.forms) > 1 {
				if out.Forms == nil {
					out.Forms = make(map[string]record.Float)
				}
				out.Forms[form] = record.Float(t[i].cpu / 1e6)
			}
		}
		out.Form, out.MS = s.forms[best], record.Float(t[best].cpu/1e6)
		out.GFlops, out.Fraction = record.Float(flops/t[best].cpu), record.Float(flops/t[best].ops)
		r.Steps = append(r.Steps, out)
		return nil
	}
	return j
}

// over is the job of a step with 1, 2, 4 and so on up to all workers in turns.
func (s step) over(cores int) *job {
	var workers []int
	for w := 1; w < cores; w *= 2 {
		workers = append(workers, w)
	}
	workers = append(workers, cores)
	j := s.job(moreRounds * float64(len(workers)))
	j.name = "scaling " + j.name
	j.run = func(m *meter, r *Report) error {
		m.rounds *= moreRounds
		works := make([]work, len(workers))
		for i, w := range workers {
			works[i].workers = w
			works[i].run, _ = s.prepare(s.forms[0], w)
		}
		t, err := timed[float32](m, cputime.Process, works...)
		if err != nil {
			return err
		}
		out := Scaling{Name: s.name, Shape: s.shape, DType: string(f32), Rounds: t[0].rounds}
		for i, w := range workers {
			ratios := make([]float64, t[0].rounds)
			for k := range ratios {
				ratios[k] = t[0].walls[k] / t[i].walls[k]
			}
			out.Over = append(out.Over, Workers{
				Workers: w, CPU: record.Float(t[i].cpu / 1e6), Wall: record.Float(t[i].wall / 1e6),
				SpeedUp: record.Float(median(ratios)), Best: record.Float(slices.Min(t[0].walls) / slices.Min(t[i].walls)),
			})
		}
		r.Scaling = append(r.Scaling, out)
		return nil
	}
	return j
}

func (s step) job(iterations float64) *job {
	return &job{name: s.name, shape: s.shape, dtype: f32, seconds: 0.5 + iterations*usual*s.about/pace}
}
