package bench

import (
	"context"
	"fmt"
	"maps"
	"math"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/sampan-mc/sampan/host/record"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/cputime"
)

// Options says how much to measure.
type Options struct {
	Quick    bool                                // fewer rounds: figures are rougher
	Only     *regexp.Regexp                      // matched with "name dtype shape", for scaling with "scaling name dtype shape"; nil: everything
	Progress func(fraction float64, what string) // called now and then; may be nil
}

// rounds is how often each piece of work is timed, and budget the processor time after which fewest rounds do.
func (o Options) rounds() (rounds int, budget time.Duration) {
	if o.Quick {
		return 5, 10 * time.Second
	}
	return 15, 90 * time.Second
}

// Core measures the vector core.
func Core(ctx context.Context, o Options) (*Report, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	r := &Report{
		Go: runtime.Version(), CPU: processor(), Cores: runtime.NumCPU(), ISA: vec.Level(),
		Kernels: []Kernel{}, Steps: []Step{}, Scaling: []Scaling{},
	}
	r.Load[0] = record.Float(load())
	jobs, err := chosen(o.Only)
	if err != nil {
		return nil, err
	}
	rates := make(map[dtype][]float64)
	first := &meter{ctx: ctx, rounds: fewest, budget: time.Second, shown: func(float64) {}, rates: rates}
	if err := peaks(first); err != nil {
		return nil, err
	}
	var total, done float64
	for _, j := range jobs {
		total += j.seconds
	}
	for _, j := range jobs {
		m := &meter{ctx: ctx, rates: rates}
		m.rounds, m.budget = o.rounds()
		m.shown = func(fraction float64) {
			if o.Progress != nil {
				o.Progress((done+j.seconds*fraction)/total, j.label())
			}
		}
		m.shown(0)
		runtime.GC() // what the job before held must not be collected in this one's time
		if err := j.run(m, r); err != nil {
			return nil, err
		}
		done += j.seconds
	}
	r.FMAPeak = Peak{F32: record.Float(median(rates[f32])), F64: record.Float(median(rates[f64]))}
	r.ClockGHz = record.Float(median(rates[f32]) / perCycle(f32))
	r.Load[1] = record.Float(load())
	return r, nil
}

// peaks measures the loop alone, so that a report has both rates whatever else is in it.
func peaks(m *meter) error {
	if _, err := timed[float32](m, cputime.Process); err != nil {
		return err
	}
	_, err := timed[float64](m, cputime.Process)
	return err
}

// A job is one line of the report, or a few that are timed in turns. It takes its memory when it is run.
type job struct {
	name, shape string
	dtype       dtype
	seconds     float64 // about how long it takes, on some machine: for the progress alone
	run         func(m *meter, r *Report) error
}

func (j *job) label() string { return j.name + " " + string(j.dtype) + " " + j.shape }

// Matches is an error that says what there is, if the pattern matches nothing.
func Matches(only *regexp.Regexp) error {
	_, err := chosen(only)
	return err
}

func chosen(only *regexp.Regexp) ([]*job, error) {
	all := slices.Concat(kernels(), steps(), scalings())
	if only == nil {
		return all, nil
	}
	jobs := slices.DeleteFunc(slices.Clone(all), func(j *job) bool { return !only.MatchString(j.label()) })
	if len(jobs) == 0 {
		names := make(map[string]bool)
		for _, j := range all {
			names[j.name] = true
		}
		return nil, fmt.Errorf("found the pattern %q, accepted: one that matches something like %q; the names are %s",
			only, all[0].label(), strings.Join(slices.Sorted(maps.Keys(names)), ", "))
	}
	return jobs, nil
}

// dtype is the type of a kernel's or a net's numbers.
type dtype string

const (
	f32 dtype = "f32"
	f64 dtype = "f64"
)

// perCycle is the operations of the loop of multiply-adds in a cycle: two of them on each lane of two vectors. There is no
// saying what a compiler makes of it in plain Go.
func perCycle(t dtype) float64 {
	lanes := map[string]float64{"avx512": 16, "avx2": 8, "generic": math.NaN()}[vec.Level()]
	if t == f64 {
		lanes /= 2
	}
	return 4 * lanes
}

func dtypeOf[T vec.Float]() dtype {
	if _, ok := any(T(0)).(float32); ok {
		return f32
	}
	return f64
}
