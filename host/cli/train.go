package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/sampan-mc/sampan/host/config"
	"github.com/sampan-mc/sampan/host/record"
	"github.com/sampan-mc/sampan/host/run"
)

type trainCmd struct {
	File string `arg:"" help:"The run file."`
	Out  string `placeholder:"DIR" help:"Folder of the training, new or empty. Default: runs/NAME-train-1, NAME-train-2 and so on, here."`
	overrides
	watching
}

// Help is what --help adds.
func (*trainCmd) Help() string {
	return `Makes the pilot, trains by it, evaluates what was learned on fresh particles, and leaves it in the folder. The budget is in the run file, under ` +
		`[sampler.transport.train]: max_steps, max_evaluations (of the target) or max_seconds. A run uses what was learned with

    artefact = "DIR"

under [sampler.transport]. Without that, "sampan run" trains by itself. A training that was stopped, by Ctrl-C or by a crash, goes on with "sampan resume DIR". ` +
		`"sampan plugin describe diffusion" lists what there is to train.`
}

// Run trains and reports.
func (c *trainCmd) Run(ctx context.Context, std Streams) error {
	conf, err := config.Read(c.File, c.assignments()...)
	if err != nil {
		return err
	}
	dir, made, err := newFolder(c.Out, c.File, "-train")
	if err != nil {
		return err
	}
	return c.watchTraining(std, dir, made, func(o run.Options) (*run.Evaluation, error) { return run.Train(ctx, conf, dir, o) })
}

// watchTraining does the work with progress shown, and reports what came of it.
func (w *watching) watchTraining(std Streams, dir string, made []string, work func(run.Options) (*run.Evaluation, error)) error {
	e, err := watched(w, std, made, work)
	var (
		stopped *run.Interrupted
		taken   *record.ExistsError
		inUse   *record.InUseError
	)
	switch {
	case errors.As(err, &stopped):
		return resumable(err, stopped)
	case err != nil && run.IsTraining(dir) && !errors.As(err, &taken) && !errors.As(err, &inUse):
		return kept(err, dir)
	case err != nil:
		return err
	case w.JSON:
		text, err := e.Encode()
		if err != nil {
			return err
		}
		_, err = std.Out.Write(text)
		return err
	}
	reportTraining(std.Out, e)
	return nil
}

// reportTraining writes what a training came to for people.
func reportTraining(w io.Writer, e *run.Evaluation) {
	fmt.Fprintf(w, "\n%s for %s: %s steps, evaluated on %s fresh particles\n\n", e.Transport, e.Target, thousands(int64(e.Iterations)), thousands(int64(e.Particles)))
	fmt.Fprintf(w, "  ESS       %.1f %%\n", 100*float64(e.ESS))
	if !unknownNumber(e.ESSForward) {
		fmt.Fprintf(w, "            %.1f %% of exact draws sent back\n", 100*float64(e.ESSForward))
	}
	if k := float64(e.ParetoK); !math.IsNaN(k) {
		fmt.Fprintf(w, "  Pareto k  %.2f  %s\n", k, paretoVerdict(k, e.Particles, "the weights"))
	}
	fmt.Fprintf(w, "  log Z     %s", withError(float64(e.LogZ), float64(e.LogZSE)))
	if !unknownNumber(e.LogZKnown) {
		fmt.Fprintf(w, ", known to be %s", number(float64(e.LogZKnown), 6))
	}
	if low := float64(e.LogZLower); math.IsNaN(low) || math.IsInf(low, 0) {
		fmt.Fprint(w, "\n  bounds    none below: some paths end outside the target's support")
	} else {
		fmt.Fprintf(w, "\n  bounds    %.4f below", low)
	}
	if !unknownNumber(e.LogZUpper) {
		fmt.Fprintf(w, ", %.4f above", float64(e.LogZUpper))
	}
	fmt.Fprintln(w)
	if !unknownNumber(e.W2) {
		fmt.Fprintf(w, "  W2        %s of the unweighted end points from exact draws; exact draws among themselves %s\n", number(float64(e.W2), 4), number(float64(e.W2Floor), 4))
	}
	if !unknownNumber(e.DeltaStd) {
		fmt.Fprintf(w, "  sds       of the unweighted end points off by %s on average\n", number(float64(e.DeltaStd), 2))
	}
	if m := e.Modes; m != nil {
		fmt.Fprintf(w, "  modes     %s\n", modesText(m))
	}
	fmt.Fprintf(w, "  cost      pilot %s evaluations in %s s, training %s in %s s\n",
		thousands(e.Pilot.Sum()), number(float64(e.Seconds.Pilot), 3), thousands(e.Evals.Sum()), number(float64(e.Seconds.Train), 3))
	for _, text := range e.Warnings {
		fmt.Fprint(w, "\n"+hanging("  - ", text))
	}
	fmt.Fprintf(w, "\n  artefact  %s\n", e.Artefact)
	fmt.Fprintf(w, "  picture   %s, of the densities along the path\n", e.Picture)
}

func unknownNumber(x record.Float) bool { return math.IsNaN(float64(x)) }
