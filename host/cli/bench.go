package cli

import (
	"context"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/sampan-mc/sampan/host/bench"
	"github.com/sampan-mc/sampan/host/record"
	"github.com/sampan-mc/sampan/host/run"
)

type benchCmd struct {
	Core benchCoreCmd `cmd:"" help:"Measure the vector core: peak, kernels, training steps, scaling."`
}

type benchCoreCmd struct {
	Only  string `placeholder:"REGEXP" help:"Measure only what matches, such as '^gemm', '^exp f32', '^lv', '^scaling'."`
	Quick bool   `help:"Fewer rounds: a third of the time, and rougher figures."`
	JSON  bool   `name:"json" help:"Print JSON."`
}

// Run measures and prints a table.
func (c *benchCoreCmd) Run(ctx context.Context, std Streams) error {
	o := bench.Options{Quick: c.Quick}
	if c.Only != "" {
		only, err := regexp.Compile(c.Only)
		if err != nil {
			return &usageError{fmt.Sprintf("--only: found %q, accepted: a regular expression: %v", c.Only, err)}
		}
		if err := bench.Matches(only); err != nil {
			return &usageError{"--only: " + err.Error()}
		}
		o.Only = only
	}
	bar := newProgress(std)
	o.Progress = func(fraction float64, what string) { bar.update(fraction, 0, "", 0, what) }
	r, err := bench.Core(ctx, o)
	bar.done()
	if err != nil {
		return err
	}
	r.Version = run.Version
	if c.JSON {
		return printJSON(std.Out, r)
	}
	showBench(std.Out, r)
	return nil
}

func showBench(w io.Writer, r *bench.Report) {
	clock := ""
	if ghz := float64(r.ClockGHz); !math.IsNaN(ghz) {
		clock = fmt.Sprintf(", %.2f GHz if two vector multiply-adds are a cycle", ghz)
	}
	fmt.Fprintf(w, "%s, %d cores, %s; load %s before, %s after\n", r.CPU, r.Cores, r.ISA, number(float64(r.Load[0]), 3), number(float64(r.Load[1]), 3))
	fmt.Fprintf(w, "peak of a core  %s GFLOP/s f32, %s f64%s\n", number(float64(r.FMAPeak.F32), 4), number(float64(r.FMAPeak.F64), 4), clock)
	section := func(rows [][]string) {
		if len(rows) > 1 {
			fmt.Fprint(w, "\n"+table("  ", rows))
		}
	}
	rows := [][]string{{"kernel", "GFLOP/s", "of peak", "ns/element", "cycles"}}
	for _, k := range r.Kernels {
		rows = append(rows, []string{k.Name + " " + k.DType + " " + k.Shape, figure(k.GFlops, 1), figure(k.Fraction, 2), figure(k.Nanos, 3), figure(k.Cycles, 2)})
	}
	section(rows)
	rows = [][]string{{"training step, one worker", "CPU ms", "GFLOP/s", "of peak", "form"}}
	for _, s := range r.Steps {
		rows = append(rows, []string{s.Name + " " + s.Shape, figure(s.MS, 2), figure(s.GFlops, 1), figure(s.Fraction, 2), orDash(s.Form)})
	}
	section(rows)
	rows = [][]string{{"scaling", "workers", "CPU ms", "wall ms", "speed-up", "of the best"}}
	for _, s := range r.Scaling {
		for i, o := range s.Over {
			what := s.Name + " " + s.Shape
			if i > 0 {
				what = strings.Repeat(" ", len(what))
			}
			rows = append(rows, []string{what, strconv.Itoa(o.Workers), figure(o.CPU, 2), figure(o.Wall, 2), figure(o.SpeedUp, 2), figure(o.Best, 2)})
		}
	}
	section(rows)
}

// figure is x to so many places, or a dash for what is not known.
func figure(x record.Float, places int) string {
	if math.IsNaN(float64(x)) {
		return "-"
	}
	return strconv.FormatFloat(float64(x), 'f', places, 64)
}
