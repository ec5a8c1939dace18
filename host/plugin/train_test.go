//go:build unix

package plugin

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sampan-mc/sampan/plugins/plugintest/zoo"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
	"golang.org/x/sys/unix"
)

// order is an order to learn from a pilot of three levels, large enough to come in several messages.
func order() *smc.Training {
	o := &smc.Training{Key: rng.NewKey(5, "train", 0), MaxSteps: 120}
	for k := range 3 {
		p := crowd(1500, 3, 0, 10*k)
		l := smc.Level{Beta: float64(k) / 2, N: p.N, D: 3, X: p.X, LogRef: p.LogRef, LogTarget: p.LogTarget, LogZ: float64(k)}
		if k == 1 {
			l.LogW = p.LogRef
		}
		o.Pilot = append(o.Pilot, l)
	}
	return o
}

// lessonsOf is what a transport has learned by an order: its artefact, and what it does.
func lessonsOf(t *testing.T, tr smc.Transport, o *smc.Training) (artefact string, m moved) {
	t.Helper()
	l := tr.(smc.Learner)
	learned, err := l.Train(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	want := &smc.Learned{Steps: 120, Used: smc.Evals{Gradient: 480}, Warnings: []string{"it is only a toy"}}
	if diff := cmp.Diff(want, learned); diff != "" {
		t.Errorf("learned: %s", diff)
	}
	return artefactOf(t, l), segment1(t, tr, crowd(60, 3, 0, 0))
}

func artefactOf(t *testing.T, l smc.Learner) string {
	t.Helper()
	files, err := l.Save()
	if err != nil {
		t.Fatal(err)
	}
	var s strings.Builder
	for _, f := range files {
		fmt.Fprintf(&s, "%s: %s\n", f.Name, f.Data)
	}
	return s.String()
}

// What a plugin learns is what the same transport learns in this process, whoever evaluates the target and however many
// processes there are, and all of these move by it, those that are started later, too.
func TestTrain(t *testing.T) {
	here, err := zoo.NewMover("learner", gaussian3(t).Density, []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	want, _ := lessonsOf(t, here, order())
	var segments string
	for _, source := range []TargetSource{gaussian3(t), askedTarget(gaussian3(t))} {
		for _, workers := range []int{1, 3} {
			if testing.Short() && workers == 1 {
				continue
			}
			var w witness
			tr := openTransport(t, animal("learner"), nil, source, w.watch(Options{Rows: 7, Workers: workers}))
			before := segment1(t, tr.Served(), crowd(60, 3, 0, 0)).bits()
			o, reports := order(), 0
			o.Report = func(r smc.TrainReport) {
				if reports++; r.Phase != "match" || r.Of != 120 || r.Metrics["ess"] != 0.5 {
					t.Errorf("reported %+v", r)
				}
			}
			got, m := lessonsOf(t, tr.Served(), o)
			if got != want {
				t.Errorf("%d workers: learned %s, wanted %s", workers, got, want)
			}
			if reports == 0 {
				t.Error("nothing was reported")
			}
			if segments == "" {
				segments = m.bits()
			}
			if m.bits() != segments || m.bits() == before {
				t.Errorf("%d workers: the processes move otherwise, or as before the training", workers)
			}
			if s := tr.Stats(); s.Gradients != 480+120 {
				t.Errorf("counted %+v", s)
			}
			for _, pid := range w.pids() {
				_ = unix.Kill(pid, unix.SIGKILL)
			}
			if again := segment1(t, tr.Served(), crowd(60, 3, 0, 0)).bits(); again != segments {
				t.Error("a process started after the training moves otherwise")
			}
		}
	}
	// Another process loads what was saved.
	l := openTransport(t, animal("learner"), nil, gaussian3(t), Options{Rows: 7, Workers: 2}).Served().(smc.Learner)
	files, err := here.(smc.Learner).Save()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Load(files); err != nil {
		t.Fatal(err)
	}
	if artefactOf(t, l) != want || segment1(t, l, crowd(60, 3, 0, 0)).bits() != segments {
		t.Error("what was loaded is not what was saved")
	}
	if err := l.Load(files[:1]); err == nil || !strings.Contains(err.Error(), "load: 1 files found") {
		t.Errorf("half an artefact: %v", err)
	}
	if segment1(t, l, crowd(60, 3, 0, 0)).bits() != segments {
		t.Error("an artefact that cannot be loaded has changed the transport")
	}
}

// meeting lets nobody go who evaluates gradients before another has come: who waits for an answer before he takes the next ask
// waits for ever.
type meeting struct {
	targets.Density
	first chan struct{}
}

func (m meeting) Eval(ctx context.Context, b *targets.Batch) error {
	if b.Want.Has(targets.Grad) {
		select {
		case m.first <- struct{}{}:
		case <-m.first:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return m.Density.Eval(ctx, b)
}

// What a training asks for from several goroutines is answered at the same time.
func TestTrainAsksAtOnce(t *testing.T) {
	want, _ := lessonsOf(t, openTransport(t, animal("learner"), nil, gaussian3(t), Options{}).Served(), order())
	source := TargetSource{Density: meeting{gaussian3(t).Density, make(chan struct{})}}
	tr := openTransport(t, animal("learner"), nil, source, Options{})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := tr.Served().(smc.Learner).Train(ctx, order()); err != nil {
		t.Fatal(err)
	}
	if got := artefactOf(t, tr.Served().(smc.Learner)); got != want {
		t.Errorf("learned %s, wanted %s", got, want)
	}
}

// A process that ends in training, or no longer gets on, is replaced, and the training goes on from its last checkpoint to
// the same bytes; one that forgets something in its checkpoints does not get there.
func TestTrainSurvives(t *testing.T) {
	want, _ := lessonsOf(t, openTransport(t, animal("learner"), nil, gaussian3(t), Options{}).Served(), order())
	for _, c := range []struct {
		animal string
		same   bool
	}{{"dunce", true}, {"dreamer", true}, {"forgetter", false}} {
		t.Run(c.animal, func(t *testing.T) {
			t.Parallel()
			var w witness
			config := map[string]any{"marker": filepath.Join(t.TempDir(), "shown")}
			tr := openTransport(t, animal(c.animal), config, askedTarget(gaussian3(t)), w.watch(Options{Workers: 2}))
			tr.stuck = time.Second
			o, checkpoints := order(), 0
			o.Ask = func() (bool, bool) { return checkpoints == 0, false }
			o.Checkpoint = func([]byte) error {
				checkpoints++
				return nil
			}
			got, _ := lessonsOf(t, tr.Served(), o)
			if (got == want) != c.same {
				t.Errorf("learned %s, wanted %s: %v", got, want, c.same)
			}
			if s := tr.Stats(); s.Restarts != 1 || w.count(Died) != 1 || w.count(Retried) != 1 || s.Gradients != 480+60 || checkpoints == 0 {
				t.Errorf("counted %+v, %d checkpoints, told %+v", s, checkpoints, w.events)
			}
		})
	}
}

// An order that says stop is obeyed, and another process goes on from a checkpoint to the same bytes.
func TestTrainStopsAndResumes(t *testing.T) {
	l := openTransport(t, animal("learner"), nil, gaussian3(t), Options{}).Served().(smc.Learner)
	o := order()
	o.MaxSteps = 1 << 40
	reported := false
	o.Report = func(smc.TrainReport) { reported = true }
	o.Ask = func() (bool, bool) { return false, reported }
	learned, err := l.Train(t.Context(), o)
	if err != nil || !learned.StoppedEarly || learned.Reason != "asked to" || learned.Steps == 0 {
		t.Fatalf("stopped with %+v, %v", learned, err)
	}

	want, _ := lessonsOf(t, openTransport(t, animal("learner"), nil, gaussian3(t), Options{}).Served(), order())
	marker := filepath.Join(t.TempDir(), "shown")
	if err := os.WriteFile(marker, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	// The dunce waits half way until a checkpoint is wanted; its fault has shown itself already.
	dunce := openTransport(t, animal("dunce"), map[string]any{"marker": marker}, gaussian3(t), Options{}).Served()
	var state []byte
	o = order()
	o.Ask = func() (bool, bool) { return state == nil, false }
	o.Checkpoint = func(s []byte) error {
		state = s
		return nil
	}
	lessonsOf(t, dunce, o)
	o = order()
	o.Resume = state
	if got, _ := lessonsOf(t, openTransport(t, animal("learner"), nil, gaussian3(t), Options{}).Served(), o); got != want || state == nil {
		t.Errorf("resumed from %s and learned %s, wanted %s", state, got, want)
	}
}

// A training that ends the process again and again without getting on is given up.
func TestTrainGivenUp(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the restarts' backoff, 4 s")
	}
	t.Parallel()
	tr := openTransport(t, animal("dunce"), nil, gaussian3(t), Options{})
	o := order()
	o.Ask = func() (bool, bool) { return true, false }
	o.Checkpoint = func([]byte) error { return nil }
	_, err := tr.Served().(smc.Learner).Train(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "train: the process ended with exit status 3 (5 times in a row; given up)") || !strings.Contains(err.Error(), "the loss is gone") {
		t.Errorf("got %v", err)
	}
}

// A training ends with its context, and the next one is not disturbed by it.
func TestTrainCancelled(t *testing.T) {
	tr := openTransport(t, animal("learner"), nil, askedTarget(gaussian3(t)), Options{})
	l := tr.Served().(smc.Learner)
	ctx, cancel := context.WithCancel(t.Context())
	o := order()
	o.MaxSteps = 1_000_000
	o.Report = func(smc.TrainReport) { cancel() }
	if _, err := l.Train(ctx, o); err != context.Canceled {
		t.Errorf("a cancelled training gives %v", err)
	}
	want, _ := lessonsOf(t, openTransport(t, animal("learner"), nil, gaussian3(t), Options{}).Served(), order())
	if got, _ := lessonsOf(t, tr.Served(), order()); got != want {
		t.Errorf("after a cancelled training: learned %s, wanted %s", got, want)
	}
}
