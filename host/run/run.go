// Package run takes a run from its run file to its results: it opens the target, picks the algorithm, keeps the record
// on disk while the algorithm works, and sums up what came of it. A run that was stopped, by whatever, is gone on with
// from its run folder, and ends in the same bytes.
package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/sampan-mc/sampan/host/config"
	"github.com/sampan-mc/sampan/host/plugin"
	"github.com/sampan-mc/sampan/host/record"
	"github.com/sampan-mc/sampan/smc/mcmc"
	"github.com/sampan-mc/sampan/targets"
)

// Version of the program, written to every summary.
const Version = "0.1.0"

// Options say how a run is watched. The zero value watches nothing.
type Options struct {
	Progress func(Progress)
	Log      func(plugin.LogLine) // what plugins print
	Say      func(string)         // told, in a line, what was decided on the way

	// open makes the transport in place of a plugin; nil: openCarrier. Tests use it.
	open func(context.Context, *config.Run, plugin.TargetSource, Watch) (*carrier, error)
}

// Interrupted is the end of a run that can be gone on with: a signal, or a full disk.
type Interrupted struct {
	Dir string
	Err error // why
}

func (e *Interrupted) Error() string {
	return fmt.Sprintf("the run in %s was stopped: %v", e.Dir, e.Err)
}

func (e *Interrupted) Unwrap() error { return e.Err }

// Start runs c in the folder dir, which is new or empty. With an error the summary, if there is one, says how far the
// run came.
func Start(ctx context.Context, c *config.Run, dir string, o Options) (*record.Summary, error) {
	s, err := prepare(ctx, c, o)
	if err != nil {
		return nil, err
	}
	defer s.close()
	folder, err := record.Create(dir)
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	if err := s.attach(folder); err != nil {
		return nil, s.stopped(ctx, err)
	}
	return s.work(ctx)
}

// Resume goes on with the run in dir. A run that is done already is left alone.
func Resume(ctx context.Context, dir string, o Options) (*record.Summary, error) {
	view, err := record.Look(dir)
	if err != nil {
		return nil, err
	}
	if done, err := view.Summary(); err == nil && done.Status == record.StatusDone {
		return done, nil
	}
	folder, err := record.Open(dir)
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	c, err := config.Read(folder.Path(record.RunFile))
	if err == nil {
		err = ownArtefact(c, dir)
	}
	if err != nil {
		return nil, err
	}
	s, err := prepare(ctx, c, o)
	if err != nil {
		return nil, err
	}
	defer s.close()
	if err := s.recall(folder.View); err != nil {
		return nil, err
	}
	if err := s.attach(folder); err != nil {
		return nil, s.stopped(ctx, err)
	}
	return s.work(ctx)
}

// session is a run that this process works at.
type session struct {
	conf    *config.Run
	options Options
	target  *Component
	carrier *carrier // nil: no transport
	journal *journal
	file    string // that the resolved run file is written to

	meter     *meter
	density   targets.Density // on the unconstrained scale, metered
	transform targets.Transform
	algorithm algorithm
	findings  []mcmc.Finding // known before the run

	folder  *record.Folder
	resumed bool
	began   time.Time
	before  seconds // in earlier processes
}

// prepare does everything that can fail by a mistake in the run file, before a run folder is made.
func prepare(ctx context.Context, c *config.Run, o Options) (*session, error) {
	s := &session{conf: c, options: o, journal: &journal{}, file: record.RunFile, began: time.Now()}
	var err error
	if s.target, err = Open(ctx, c, Watch{Event: s.journal.event, Log: s.log, SaveBadPoint: s.saveBadPoint}); err != nil {
		return nil, err
	}
	if err := s.plan(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// close stops all processes.
func (s *session) close() error {
	var err error
	if s.carrier != nil {
		err = s.carrier.close()
	}
	return errors.Join(err, s.target.Close())
}

// plan puts target, reference and sampler together.
func (s *session) plan(ctx context.Context) error {
	c := s.conf
	s.meter = &meter{Density: s.target.Density}
	in := s.target.Density.Info()
	var err error
	if s.density, s.transform, err = targets.Unconstrain(s.meter.whole()); err != nil {
		return c.Problem("target.use", "%v", err)
	}
	if kind, key := moves(c); kind.NeedsGradient() && !in.Can.Has(targets.Grad) {
		return c.Problem(key, "found %q, accepted for this target, which gives no gradient: %q; write use = %q under [%s]", kind, mcmc.RWM, mcmc.RWM, strings.TrimSuffix(key, ".use"))
	}
	if s.target.Facts.NotReproducible {
		s.findings = append(s.findings, mcmc.Finding{Code: "not-reproducible", Text: "the plugin does not promise the same bytes for the same call: another run of this file may differ"})
	}
	if c.Sampler.Chains != nil {
		s.algorithm = &chainRun{session: s, cfg: chains(c)}
		return asProblem(c, s.algorithm.(*chainRun).cfg.Validate(in.Dim()))
	}
	ref, err := reference(c, s.density)
	if err != nil {
		return err
	}
	cfg := population(c, in.Dim())
	p := &populationRun{session: s, cfg: cfg, ref: ref, annealing: newAnnealing(cfg)}
	s.algorithm = p
	if err := asProblem(c, cfg.Validate()); err != nil || c.Sampler.Population.Transport == nil {
		return err
	}
	s.algorithm, err = newHybrid(ctx, p)
	return err
}

func asProblem(c *config.Run, err error) error {
	if err == nil {
		return nil
	}
	return c.Problem("sampler", "%v", err)
}

// attach opens the record: from here on what happens is written to the folder.
func (s *session) attach(folder *record.Folder) error {
	s.folder = folder
	if err := s.journal.open(folder); err != nil {
		return err
	}
	if s.resumed {
		return errors.Join(folder.Event("resumed", nil), s.comparePlugins())
	}
	if err := s.writePlugins(); err != nil {
		return err
	}
	// The run file comes last: a folder that has one can be resumed.
	if err := s.writeRunFile(); err != nil {
		return err
	}
	return folder.Event("started", record.Fields{"target": s.target.Facts.Name, "sampler": s.conf.Sampler.Use, "seed": s.conf.Seed})
}

// writeRunFile writes the resolved run file.
func (s *session) writeRunFile() error { return s.folder.WriteFile(s.file, []byte(s.conf.Text())) }

// work runs the algorithm to its end and writes the results.
func (s *session) work(ctx context.Context) (*record.Summary, error) {
	out, err := s.algorithm.run(ctx)
	if err == nil {
		err = s.journal.err()
	}
	if err != nil {
		return s.unfinished(ctx, err)
	}
	post, err := out.posterior(ctx)
	if err != nil {
		return s.unfinished(ctx, err)
	}
	draws := out.draws(post)
	draws.Sampler = s.conf.Sampler.Use
	if len(s.conf.Labels) > 0 {
		draws.Attrs = map[string]any{"labels": s.conf.Labels}
	}
	if err := s.folder.WriteDraws(draws); err != nil {
		return s.unfinished(ctx, err)
	}
	sum := s.summary(out, post)
	if err := s.folder.Event("done", record.Fields{"digest": sum.Digest, "seconds": s.seconds().fields()}); err != nil {
		return s.unfinished(ctx, err)
	}
	if err := s.folder.WriteSummary(sum); err != nil {
		return s.unfinished(ctx, err)
	}
	return sum, nil
}

// unfinished writes a summary that says how the run ended, if there is room for one.
func (s *session) unfinished(ctx context.Context, err error) (*record.Summary, error) {
	err = s.stopped(ctx, err)
	sum := s.emptySummary()
	sum.Status, sum.Message = record.StatusFailed, err.Error()
	var stop *Interrupted
	if errors.As(err, &stop) {
		sum.Status = record.StatusInterrupted
	}
	// What cannot be written now is not worth another error: the run folder can be resumed without it.
	_ = s.folder.Event(sum.Status, record.Fields{"message": sum.Message, "seconds": s.seconds().fields()})
	_ = s.folder.WriteSummary(sum)
	return sum, err
}

// stopped tells the ends that can be gone on from apart from the others.
func (s *session) stopped(ctx context.Context, err error) error {
	var full *record.OutOfSpaceError
	switch {
	case errors.As(err, &full):
		return &Interrupted{s.folder.Dir(), full}
	case ctx.Err() != nil:
		return &Interrupted{s.folder.Dir(), context.Cause(ctx)}
	}
	return err
}

// isAbsent reports whether err says that a file is not there.
func isAbsent(err error) bool { return errors.Is(err, fs.ErrNotExist) }
