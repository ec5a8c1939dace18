package tables

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// race is a row that is held against the prototype of its method, a program in JAX: the time that each takes to the
// prototype's effective sample size.
type race struct {
	folder, script, arguments string
	read                      func(printed []byte) (prototype, error)
}

// prototype is what a prototype reached, as it says itself: without the time of compiling and weighing.
type prototype struct {
	ESS, Seconds float64
	Command      string
}

const (
	envPython = "SAMPAN_TABLES_PYTHON" // a Python with JAX, which `make tables-prototypes` sets

	raceShare = 0.5 // of the prototype's time that is allowed
	raceFrom  = 0.2 // the shortest training that is tried, as a part of the method's own
	raceOn    = 1.1 // each that follows is longer by this
)

// recipes is the folder of the prototypes.
const recipes = shared + "/prototypes/recipes"

func (c *race) absent() string {
	if os.Getenv(envPython) == "" {
		return "no Python with JAX: `make tables-prototypes` makes one"
	}
	if _, err := os.Stat(filepath.Join(recipes, c.folder, c.script)); err != nil {
		return fmt.Sprintf("no prototype: %v", err)
	}
	return ""
}

// outrun runs the prototype, then trains the row's sampler, longer each time, until it is as good.
func (r row) outrun(ctx context.Context, o *outcome) error {
	p, err := r.race.run(ctx)
	if err != nil {
		return fmt.Errorf("prototype: %w", err)
	}
	o.Prototype = &p
	for part := raceFrom; part < raceOn; part *= raceOn {
		s, err := r.train(ctx, o, int(min(part, 1)*float64(r.steps)))
		if err != nil {
			return err
		}
		if err := o.weigh(ctx, s.learner, s.target, o.Seed); err != nil || o.reaches(p) {
			return err
		}
	}
	return nil
}

// run runs the prototype on one processor, in a folder of its own, as it writes what it learned.
func (c *race) run(ctx context.Context) (prototype, error) {
	script, err := filepath.Abs(filepath.Join(recipes, c.folder, c.script))
	if err != nil {
		return prototype{}, err
	}
	folder, err := os.MkdirTemp("", "prototype")
	if err != nil {
		return prototype{}, err
	}
	defer os.RemoveAll(folder)
	cmd := exec.CommandContext(ctx, os.Getenv(envPython), append([]string{script}, strings.Fields(c.arguments)...)...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "XLA_FLAGS=--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1", "OMP_NUM_THREADS=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	printed, err := cmd.Output()
	if err != nil {
		return prototype{}, fmt.Errorf("%w: %s", err, stderr.Bytes())
	}
	p, err := c.read(printed)
	p.Command = c.folder + "/" + c.script + " " + c.arguments
	return p, err
}

// lines reads the output of the programs that print JSON: a first line of the pilot's time, and others of the ESS and the
// time so far, to which that of the keys of the first is to be added.
func lines(add ...string) func(printed []byte) (prototype, error) {
	return func(printed []byte) (p prototype, err error) {
		before := 0.0
		for i, text := range bytes.Split(bytes.TrimSpace(printed), []byte("\n")) {
			var line map[string]any
			if err := json.Unmarshal(text, &line); err != nil {
				return p, fmt.Errorf("line %d, %q: %w", i+1, text, err)
			}
			number := func(key string) float64 { v, _ := line[key].(float64); return v }
			for _, key := range add {
				before += number(key)
			}
			if line["ess"] != nil {
				p.ESS, p.Seconds = number("ess"), before+number("cpu")
			}
		}
		if p.ESS == 0 {
			return p, fmt.Errorf("no effective sample size in %q", printed)
		}
		return p, nil
	}
}

var (
	trained = regexp.MustCompile(`train cpu ([0-9.]+)`)
	flowESS = regexp.MustCompile(`ode: ESS ([0-9.]+)`)
)

// prose reads the output of the one that prints words: the flow's ESS, and the time of training alone.
func prose(printed []byte) (p prototype, err error) {
	last := func(of *regexp.Regexp) float64 {
		all := of.FindAllSubmatch(printed, -1)
		if len(all) == 0 {
			err = fmt.Errorf("no %s in %q", of, printed)
			return 0
		}
		v, bad := strconv.ParseFloat(string(all[len(all)-1][1]), 64)
		if bad != nil {
			err = bad
		}
		return v
	}
	p = prototype{ESS: last(flowESS), Seconds: last(trained)}
	return p, err
}

// reaches tells whether the effective sample size is the prototype's, of which four digits are known.
func (o *outcome) reaches(p prototype) bool { return o.ESS > p.ESS-0.5e-4 }

// behind lists the gates of a race that an outcome misses.
func (o *outcome) behind() (out []string) {
	if p := o.Prototype; !o.reaches(*p) {
		out = append(out, fmt.Sprintf("effective sample size %.4f, the prototype's %.4f", o.ESS, p.ESS))
	} else if o.Pilot+o.Train > raceShare*p.Seconds {
		out = append(out, fmt.Sprintf("%.1f CPU seconds, of the prototype's %.1f allowed %.1f", o.Pilot+o.Train, p.Seconds, raceShare*p.Seconds))
	}
	return out
}

var raceColumns = []string{"target", "prototype", "its ESS", "its CPU seconds", "ESS", "steps", "CPU seconds", "part", "missed"}

func (r row) raceLine(o *outcome, missed string) string {
	p := o.Prototype
	return fmt.Sprintf("| %s, rotated | `%s` | %.4f | %.1f | %.4f | %d | %.1f + %.1f | %.2f | %s |\n", r.target.short, p.Command, p.ESS, p.Seconds,
		o.ESS, o.Steps, o.Pilot, o.Train, (o.Pilot+o.Train)/p.Seconds, missed)
}
