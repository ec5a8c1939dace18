package run

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"github.com/sampan-mc/sampan/host/config"
	"github.com/sampan-mc/sampan/host/record"
	"github.com/sampan-mc/sampan/smc"
)

// evaluationFile, in the artefact, says what it is worth.
const evaluationFile = "evaluation.json"

// Train trains the transport of c in the folder dir, which is new or empty, evaluates it on fresh particles, and leaves
// the artefact there.
func Train(ctx context.Context, c *config.Run, dir string, o Options) (*Evaluation, error) {
	if p := c.Sampler.Population; p == nil || p.Transport == nil {
		return nil, c.Problem("sampler.transport", "missing, accepted: the transport to train")
	}
	s, h, err := prepareTraining(ctx, c, o)
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
	return h.trainAlone(ctx)
}

// ResumeTraining goes on with the training in dir. One that is done already is left alone.
func ResumeTraining(ctx context.Context, dir string, o Options) (*Evaluation, error) {
	view, err := record.Look(dir)
	if err != nil {
		return nil, err
	}
	if e, err := readEvaluation(view); err == nil {
		return e, nil
	}
	folder, err := record.Open(dir)
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	c, err := config.Read(folder.Path(record.TrainFile))
	if err != nil {
		return nil, err
	}
	s, h, err := prepareTraining(ctx, c, o)
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
	return h.trainAlone(ctx)
}

// IsTraining reports whether dir is the folder of a training, rather than of a run.
func IsTraining(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, record.TrainFile))
	return err == nil
}

func prepareTraining(ctx context.Context, c *config.Run, o Options) (*session, *hybridRun, error) {
	s, err := prepare(ctx, c, o)
	if err != nil {
		return nil, nil, err
	}
	s.file = record.TrainFile
	h := s.algorithm.(*hybridRun)
	k := h.knobs()
	switch _, learns := s.carrier.Transport.(smc.Learner); {
	case !learns:
		err = c.Problem("sampler.transport.use", "found %q, which does not learn, accepted: a transport that does", k.Use)
	case k.Artefact != "":
		err = c.Problem("sampler.transport.artefact", "found %q, accepted where a transport is to be trained: none", k.Artefact)
	}
	if err != nil {
		return nil, nil, errors.Join(err, s.close())
	}
	h.phases = newPhases(phasePilot, phaseTrain)
	return s, h, nil
}

// trainAlone is the training without the run that it serves.
func (h *hybridRun) trainAlone(ctx context.Context) (*Evaluation, error) {
	rec := &recorder{session: h.session, keep: newKeeper(h.folder)}
	pilot, err := h.prepare(ctx, rec)
	if err = rec.end(err); err == nil {
		err = h.journal.err()
	}
	var e *Evaluation
	if err == nil {
		h.within(phaseTrain, Progress{Fraction: 1, Detail: "evaluating what was learned"})
		e, err = h.evaluate(ctx)
	}
	if err == nil {
		h.within(phaseTrain, Progress{Fraction: 1, Detail: "drawing the picture"})
		err = h.draw(ctx, pilot)
	}
	if err == nil {
		err = h.writeEvaluation(e)
	}
	if err != nil {
		err = h.stopped(ctx, err)
		var stop *Interrupted
		status := record.StatusFailed
		if errors.As(err, &stop) {
			status = record.StatusInterrupted
		}
		_ = h.folder.Event(status, record.Fields{"message": err.Error(), "seconds": h.seconds().fields()}) // the folder can be resumed without it
		return nil, err
	}
	return e, h.folder.Event("done", record.Fields{"artefact": e.Artefact, "seconds": h.seconds().fields()})
}

func (h *hybridRun) writeEvaluation(e *Evaluation) error {
	text, err := e.Encode()
	if err != nil {
		return err
	}
	return h.folder.WriteFile(filepath.Join(artefactFolder, evaluationFile), text)
}

func readEvaluation(v record.View) (*Evaluation, error) {
	text, err := v.ReadFile(filepath.Join(artefactFolder, evaluationFile))
	if err != nil {
		return nil, err
	}
	e := &Evaluation{}
	return e, json.Unmarshal(text, e)
}
