package bench

import (
	"runtime"
	"slices"

	"github.com/sampan-mc/sampan/host/record"
)

// A step is one iteration of training.
type step struct {
	name, shape string
	flops       float64                               // of an iteration; NaN where nobody counts them
	forms       []string                              // ways to the same result; one without a name where there is but one
	prepare     func(form string, workers int) func() // takes the memory of a form
	scales      bool                                  // over workers, too
}

// only is the forms of a step that has one.
var only = []string{""}

const (
	pace  = 5e10 // operations a second, on some machine, and
	usual = 20   // iterations of a step while it is measured: for the progress alone
)

// alone is the job of a step with one worker.
func (s step) alone() *job {
	j := s.job(float64(len(s.forms)))
	j.run = func(m *meter, r *Report) error {
		works := make([]func(), len(s.forms))
		for i, form := range s.forms {
			works[i] = on(1, s.prepare(form, 1))
		}
		t, err := timed[float32](m, processTime, works...)
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
		out.GFlops, out.Fraction = record.Float(s.flops/t[best].cpu), record.Float(s.flops/t[best].ops)
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
	j := s.job(float64(len(workers)))
	j.name = "scaling " + j.name
	j.run = func(m *meter, r *Report) error {
		works := make([]func(), len(workers))
		for i, w := range workers {
			works[i] = on(w, s.prepare(s.forms[0], w))
		}
		t, err := timed[float32](m, processTime, works...)
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
	seconds := 0.5
	if s.flops > 0 { // not NaN
		seconds += iterations * usual * s.flops / pace
	}
	return &job{name: s.name, shape: s.shape, dtype: f32, seconds: seconds}
}

// on allows f that many processors: what is parallel beside its own workers, a factorisation or the collector, must not
// have more.
func on(workers int, f func()) func() {
	return func() {
		runtime.GOMAXPROCS(workers)
		f()
	}
}
