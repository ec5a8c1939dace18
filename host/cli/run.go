package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sampan-mc/sampan/host/config"
	"github.com/sampan-mc/sampan/host/plugin"
	"github.com/sampan-mc/sampan/host/record"
	"github.com/sampan-mc/sampan/host/run"
)

type runCmd struct {
	File string `arg:"" help:"The run file."`
	Out  string `placeholder:"DIR" help:"Run folder, new or empty. Default: runs/NAME-1, NAME-2 and so on, here."`
	overrides
	watching
}

// overrides are the flags that stand for keys of the run file.
type overrides struct {
	Seed    *int     `placeholder:"N" help:"Seed of all random numbers, in place of the run file's."`
	Workers *int     `placeholder:"N" help:"Threads of this program; the results do not depend on it."`
	Isolate bool     `help:"Run a built-in target in a process of its own."`
	Set     []string `placeholder:"KEY=VALUE" sep:"none" help:"Set a key of the run file, such as sampler.particles=4096."`
}

// watching holds the flags that say what a long command shows.
type watching struct {
	JSON  bool `name:"json" help:"Print the result as JSON on standard output (of a run, its summary.json), in place of the report."`
	Quiet bool `short:"q" help:"Show neither progress nor what plugins print."`
}

// Run runs a run file and reports.
func (c *runCmd) Run(ctx context.Context, std Streams) error {
	conf, err := config.Read(c.File, c.assignments()...)
	if err != nil {
		return err
	}
	dir, made, err := newFolder(c.Out, c.File, "")
	if err != nil {
		return err
	}
	return c.watch(std, dir, made, func(o run.Options) (*record.Summary, error) { return run.Start(ctx, conf, dir, o) })
}

// assignments are those flags as assignments, and --set, which wins.
func (c *overrides) assignments() []string {
	var set []string
	if c.Seed != nil {
		set = append(set, fmt.Sprintf("seed=%d", *c.Seed))
	}
	if c.Workers != nil {
		set = append(set, fmt.Sprintf("workers=%d", *c.Workers))
	}
	if c.Isolate {
		set = append(set, "target.isolate=true")
	}
	return append(set, c.Set...)
}

// runsFolder holds the runs that were given no folder.
const runsFolder = "runs"

// newFolder is where the run of a file goes: out, or the first of runs/NAME-1, NAME-2 ... that does not exist, made at
// once so that no other run takes it; after goes behind NAME. made lists the folders that exist on account of this run
// alone, the innermost first.
func newFolder(out, file, after string) (dir string, made []string, err error) {
	if out != "" {
		switch info, err := os.Stat(out); {
		case errors.Is(err, os.ErrNotExist):
			if _, err := os.Lstat(out); err == nil {
				return "", nil, &usageError{fmt.Sprintf("--out: found a link to nowhere at %s, accepted: a new or empty folder", out)}
			}
			return out, []string{out}, nil
		case err != nil:
			return "", nil, &usageError{fmt.Sprintf("--out: %v", err)}
		case !info.IsDir():
			return "", nil, &usageError{fmt.Sprintf("--out: found a file at %s, accepted: a new or empty folder", out)}
		}
		return out, nil, nil
	}
	switch err := os.Mkdir(runsFolder, 0o755); {
	case err == nil:
		made = []string{runsFolder}
	case !errors.Is(err, os.ErrExist):
		return "", nil, fmt.Errorf("make the folder of runs: %w; --out names another", err)
	}
	name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	if path, err := filepath.Abs(file); err == nil && name == "run" {
		name = filepath.Base(filepath.Dir(path)) // run.toml in a plugin's own folder
	}
	name += after
	for n := 1; ; n++ {
		dir := filepath.Join(runsFolder, fmt.Sprintf("%s-%d", name, n))
		err := os.Mkdir(dir, 0o755)
		if err == nil {
			return dir, append([]string{dir}, made...), nil
		}
		if !errors.Is(err, os.ErrExist) {
			return "", nil, fmt.Errorf("make the run folder: %w", err)
		}
	}
}

type resumeCmd struct {
	Dir string `arg:"" help:"The run folder."`
	watching
}

// Run goes on with a run and reports.
func (c *resumeCmd) Run(ctx context.Context, std Streams) error {
	if err := isRunFolder(c.Dir); err != nil {
		return err
	}
	if run.IsTraining(c.Dir) {
		return c.watchTraining(std, c.Dir, nil, func(o run.Options) (*run.Evaluation, error) { return run.ResumeTraining(ctx, c.Dir, o) })
	}
	return c.watch(std, c.Dir, nil, func(o run.Options) (*record.Summary, error) { return run.Resume(ctx, c.Dir, o) })
}

func isRunFolder(dir string) error {
	if _, err := record.Look(dir); err != nil {
		return &usageError{err.Error()}
	}
	return nil
}

// watch does the work with progress shown, and reports what came of it. Of a run that did not begin, the folders that it
// made are removed; a folder with anything in it stays.
func (w *watching) watch(std Streams, dir string, made []string, work func(run.Options) (*record.Summary, error)) error {
	sum, err := watched(w, std, made, work)
	if sum != nil && w.JSON {
		text, encodeErr := sum.Encode()
		if encodeErr != nil {
			return errors.Join(err, encodeErr)
		}
		if _, writeErr := std.Out.Write(text); writeErr != nil {
			return errors.Join(err, writeErr)
		}
	}
	var stopped *run.Interrupted
	switch {
	case errors.As(err, &stopped):
		return resumable(err, stopped)
	case err != nil && sum != nil:
		return kept(err, dir)
	case err != nil:
		return err
	case !w.JSON:
		report(std.Out, sum, dir)
	}
	return nil
}

// watched does the work with progress shown.
func watched[T any](w *watching, std Streams, made []string, work func(run.Options) (T, error)) (T, error) {
	var o run.Options
	stop := func() {}
	if !w.Quiet {
		p := newProgress(std)
		stop = p.done
		o.Progress = func(r run.Progress) { p.update(r.Fraction, r.Evals, r.Part, r.Left, r.Detail) }
		o.Log = func(l plugin.LogLine) { p.print("%s: %s", l.Plugin, l.Text) }
		o.Say = func(line string) { p.print("%s", line) }
	}
	out, err := work(o)
	stop()
	if !w.Quiet {
		err = withoutLog(err)
	}
	if err != nil {
		for _, folder := range made {
			_ = os.Remove(folder)
		}
	}
	return out, err
}

// resumable says how to go on after an interruption.
func resumable(err error, stopped *run.Interrupted) error {
	return fmt.Errorf("%w\nnothing is lost; go on with:  %s resume %s", err, os.Args[0], stopped.Dir)
}

// kept says how to go on after a failure.
func kept(err error, dir string) error {
	return fmt.Errorf("%w\nwhat was done until then is kept; once the cause is mended, go on with:  %s resume %s\nif the cause is in the run file, begin anew in another folder: this one keeps to its own copy", err, os.Args[0], dir)
}

// withoutLog leaves out of a plugin's failure the end of its output, which has been shown as it came.
func withoutLog(err error) error {
	var failed *plugin.Error
	if errors.As(err, &failed) {
		short := *failed
		short.Stderr = ""
		return &retold{strings.Replace(err.Error(), failed.Error(), short.Error(), 1), err}
	}
	return err
}

// retold is an error in other words.
type retold struct {
	text string
	err  error
}

func (e *retold) Error() string { return e.text }
func (e *retold) Unwrap() error { return e.err }

type verifyCmd struct {
	Dir  string `arg:"" help:"The run folder."`
	All  bool   `help:"Do the whole run again and compare digests."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// errDiffers is the outcome of a verification that found a difference.
var errDiffers = errors.New("done again, the run gives other bytes: another version of the program or of the plugin, another processor, a target that does not give the same answer twice, or files of the folder that were changed")

// Run does part of a run again and compares.
func (c *verifyCmd) Run(ctx context.Context, std Streams) error {
	if err := isRunFolder(c.Dir); err != nil {
		return err
	}
	if run.IsTraining(c.Dir) {
		return &usageError{c.Dir + " is the folder of a training, accepted: that of a run; a training is verified by doing it again and comparing the hashes of the artefacts"}
	}
	v, err := run.Verify(ctx, c.Dir, c.All, run.Options{Log: logLines(std)})
	if err != nil {
		return err
	}
	if c.JSON {
		if err := printJSON(std.Out, v); err != nil {
			return err
		}
	} else {
		rows := [][]string{}
		for _, k := range v.Checks {
			rows = append(rows, []string{k.What, map[bool]string{true: "same", false: "DIFFERENT"}[k.Same]})
		}
		for _, stream := range v.Skipped {
			why := "skipped: no two snapshots in a row"
			if stream == record.DrawsFolder || stream == record.SummaryFile {
				why = "skipped: the run is not done"
			}
			rows = append(rows, []string{stream, why})
		}
		fmt.Fprint(std.Out, table("", rows))
	}
	if !v.Same {
		return errDiffers
	}
	return nil
}
