package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"time"

	"github.com/sampan-mc/sampan/host/record"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/vec/rng"
)

const (
	trainStream     = "train"
	checkpointEvery = 15 * time.Second
	// patience is how long a training may take to come to the end of a step once it is told to stop.
	patience = time.Minute
	// A trial to turn seconds into steps takes this part of them, within limits.
	trialPart, trialLeast, trialMost = 0.1, time.Second, 10 * time.Second
)

// learn makes the transport ready: it loads what was learned before, or trains. Without a folder nothing is kept.
func (h *hybridRun) learn(ctx context.Context, pilot *smc.Tempered) error {
	learner, ok := h.carrier.Transport.(smc.Learner)
	if !ok {
		return nil
	}
	if h.folder != nil {
		m, files, err := readArtefact(h.folder.Dir())
		switch {
		case err == nil:
			return h.load(learner, m, files)
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	if h.given != nil {
		if err := h.load(learner, h.given, h.givenFiles); err != nil || h.folder == nil {
			return err
		}
		return h.writeArtefact(h.given, h.givenFiles)
	}
	if err := h.begin(phaseTrain); err != nil {
		return err
	}
	m, files, err := h.train(ctx, learner, pilot)
	if err != nil {
		return err
	}
	if h.folder != nil {
		if err := h.writeArtefact(m, files); err != nil {
			return err
		}
	}
	if err := h.load(learner, m, files); err != nil { // every worker has what was saved, to the bit
		return err
	}
	if err := h.end(phaseTrain, m.Training.Evals); err != nil {
		return err
	}
	h.say("trained: %d steps, %d evaluations, %.3g s", m.Training.Steps, m.Training.Evals.Sum(), h.phases.seconds(phaseTrain))
	return nil
}

func (h *hybridRun) load(learner smc.Learner, m *manifest, files []smc.File) error {
	if err := learner.Load(files); err != nil {
		return fmt.Errorf("load the artefact: %w", err)
	}
	h.manifest = m
	if h.given == nil { // what it cost to make a given one, or its copy in this folder, belongs to another run
		h.phases.evals[phaseTrain] = m.Training.Evals
	}
	return nil
}

// train trains, from the last checkpoint if there is one, and saves.
func (h *hybridRun) train(ctx context.Context, learner smc.Learner, pilot *smc.Tempered) (*manifest, []smc.File, error) {
	t := &smc.Training{
		Key: rng.NewKey(uint64(h.conf.Seed), "train", 0), MaxEvaluations: int64(h.knobs().Train.MaxEvaluations),
	}
	var pilotEvals evals
	if pilot != nil {
		t.Pilot = pilot.Levels
		pilotEvals = evalsOf(&pilot.Tally)
	}
	if err := h.stepsFor(ctx, learner, t); err != nil {
		return nil, nil, err
	}
	t.MaxSteps = h.knobs().Train.MaxSteps
	next := 0
	if h.folder != nil {
		index, state, ok, err := h.folder.LoadCheckpoint(trainStream)
		if err != nil {
			return nil, nil, err
		}
		if ok {
			t.Resume, next = state, index+1
		}
		t.Checkpoint = func(state []byte) error {
			err := h.folder.SaveCheckpoint(trainStream, next, state)
			next++
			return err
		}
	}
	var failed error
	pace := &pace{}
	shown := time.Time{}
	t.Report = func(r smc.TrainReport) {
		h.within(phaseTrain, pace.of(r))
		if h.folder != nil && time.Since(shown) > time.Second {
			shown = time.Now()
			if err := h.folder.Event(eventTrain, trainFields(r, h.seconds())); failed == nil {
				failed = err
			}
		}
	}
	kept, stopped := time.Now(), false
	t.Ask = func() (checkpoint, stop bool) {
		stopped = stopped || ctx.Err() != nil || failed != nil
		if h.folder == nil {
			return false, stopped
		}
		if checkpoint = stopped || time.Since(kept) > checkpointEvery; checkpoint {
			kept = time.Now()
		}
		return checkpoint, stopped
	}
	work, cancel := patient(ctx)
	defer cancel()
	done, err := learner.Train(work, t)
	switch {
	case failed != nil:
		return nil, nil, failed
	case ctx.Err() != nil && (stopped || err != nil):
		return nil, nil, ctx.Err()
	case err != nil:
		return nil, nil, h.trainError(err)
	}
	files, err := learner.Save()
	if err != nil {
		return nil, nil, fmt.Errorf("save what was learned: %w", err)
	}
	return h.describeArtefact(done, pilotEvals, files)
}

// trainError tells which keys of the run file a training that failed had bounds or no pilot by.
func (h *hybridRun) trainError(err error) error {
	k := h.knobs()
	switch {
	case k.Pilot.Skip:
		return fmt.Errorf("train, with sampler.transport.pilot.skip = true: %w; leave that out, or set start = \"scratch\" under sampler.transport.config where the method has it", err)
	case k.Train.MaxEvaluations > 0:
		return fmt.Errorf("train, with sampler.transport.train.max_evaluations = %d: %w", k.Train.MaxEvaluations, err)
	}
	return fmt.Errorf("train: %w", err)
}

// patient is a context that outlives ctx by long enough to end a step and write a checkpoint.
func patient(ctx context.Context) (context.Context, context.CancelFunc) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(patience, cancel) })
	return work, func() { stop(); cancel() }
}

// stepsFor turns a budget of seconds into one of steps, by a trial, and writes it to the run file: from there on the clock
// has no say.
func (h *hybridRun) stepsFor(ctx context.Context, learner smc.Learner, t *smc.Training) error {
	k := &h.knobs().Train
	if k.MaxSeconds == 0 {
		return nil
	}
	if h.folder == nil {
		return errors.New("the budget of the training is one of seconds; it can only be repeated in steps")
	}
	limit := min(max(time.Duration(trialPart*k.MaxSeconds*float64(time.Second)), trialLeast), trialMost)
	began := time.Now()
	trial := *t
	trial.Ask = func() (bool, bool) { return false, time.Since(began) > limit || ctx.Err() != nil }
	trial.Report = func(r smc.TrainReport) {
		h.within(phaseTrain, Progress{Detail: "how fast is a step?  " + trainProgress(r).Detail})
	}
	work, cancel := patient(ctx)
	defer cancel()
	done, err := learner.Train(work, &trial)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("train on trial: %w", err)
	}
	rate := float64(max(1, done.Steps)) / time.Since(began).Seconds()
	k.MaxSteps, k.MaxSeconds = max(1, int(rate*k.MaxSeconds)), 0
	if err := h.folder.Event("train_budget", record.Fields{"steps": k.MaxSteps, "steps_per_second": rate}); err != nil {
		return err
	}
	return h.writeRunFile()
}

// describeArtefact is the manifest of files.
func (h *hybridRun) describeArtefact(done *smc.Learned, pilot evals, files []smc.File) (*manifest, []smc.File, error) {
	list, err := artefactFiles(files)
	if err != nil {
		return nil, nil, err
	}
	from, err := h.carrier.provenance()
	if err != nil {
		return nil, nil, err
	}
	m := &manifest{
		Schema: manifestSchema, Version: Version, Created: time.Now().UTC(), Seed: h.conf.Seed,
		Target:    h.artefactTarget(),
		Transport: from, Config: forWire(h.knobs().Config), Pilot: pilot,
		Training: learnt{Steps: done.Steps, Evals: evals(done.Used), Warnings: done.Warnings},
		Files:    list,
	}
	if done.StoppedEarly {
		m.Training.Stopped = done.Reason
	}
	if m.Training.Warnings == nil {
		m.Training.Warnings = []string{}
	}
	return m, files, nil
}

// artefactTarget is the target as artefacts name it.
func (h *hybridRun) artefactTarget() artefactTarget {
	return artefactTarget{h.target.Facts.Name, h.density.Info().Dim(), forWire(h.conf.Target.Config)}
}

// pace measures how fast a training goes, since this process took it up.
type pace struct {
	began time.Time
	from  int
}

func (p *pace) of(r smc.TrainReport) Progress {
	out := trainProgress(r)
	if p.began.IsZero() {
		p.began, p.from = time.Now(), r.Step
		return out
	}
	if seconds := time.Since(p.began).Seconds(); r.Step > p.from && seconds > 0 {
		rate := float64(r.Step-p.from) / seconds
		out.Detail += fmt.Sprintf("  %.3g steps/s", rate)
		out.Left = time.Duration(float64(max(0, r.Of-r.Step)) / rate * float64(time.Second))
	}
	return out
}

func trainProgress(r smc.TrainReport) Progress {
	p := Progress{Detail: fmt.Sprintf("%s  step %d", r.Phase, r.Step)}
	if r.Of > 0 {
		p.Fraction = float64(r.Step) / float64(r.Of)
		p.Detail += fmt.Sprintf("/%d", r.Of)
	}
	if !math.IsNaN(r.Loss) {
		p.Detail += fmt.Sprintf("  loss %.4g", r.Loss)
	}
	if ess, ok := r.Metrics["ess"]; ok {
		p.Detail += fmt.Sprintf("  ESS %.1f %%", 100*ess)
	}
	if low, ok := r.Metrics["log_z_lower"]; ok && !math.IsInf(low, 0) {
		p.Detail += fmt.Sprintf("  log Z > %.3f", low)
	}
	if high, ok := r.Metrics["log_z_upper"]; ok {
		p.Detail += fmt.Sprintf("  < %.3f", high)
	}
	return p
}

func trainFields(r smc.TrainReport, t seconds) record.Fields {
	f := record.Fields{"phase_of_training": r.Phase, "step": r.Step, "of": r.Of, "loss": r.Loss, "seconds": t.fields()}
	for name, v := range r.Metrics {
		f[name] = v
	}
	return f
}
