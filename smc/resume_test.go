package smc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sampan-mc/sampan/smc/mcmc"
	"github.com/sampan-mc/sampan/targets"
)

// store keeps snapshots as a run folder would.
type store struct {
	mu    sync.Mutex
	snaps map[string][][]byte
	saves int
	stop  int // the save at which the run is killed; 0 never
}

var errKilled = errors.New("killed")

func (s *store) save(stream string, index int, snap []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.saves++; s.saves == s.stop {
		return errKilled // what it was given is lost
	}
	if index != len(s.snaps[stream]) {
		return fmt.Errorf("%s: snapshot %d after %d", stream, index, len(s.snaps[stream]))
	}
	s.snaps[stream] = append(s.snaps[stream], snap)
	return nil
}

func (s *store) load(stream string) (int, []byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.snaps[stream])
	if n == 0 {
		return 0, nil, false
	}
	return n - 1, s.snaps[stream][n-1], true
}

func (s *store) equal(o *store) error {
	for stream, snaps := range s.snaps {
		if len(snaps) != len(o.snaps[stream]) {
			return fmt.Errorf("%s: %d snapshots, want %d", stream, len(o.snaps[stream]), len(snaps))
		}
		for i := range snaps {
			if !bytes.Equal(snaps[i], o.snaps[stream][i]) {
				return fmt.Errorf("%s: snapshot %d differs", stream, i)
			}
		}
	}
	return nil
}

// problem is a small run that uses everything: dead particles, resampling, three islands.
func problem(t *testing.T, kind mcmc.Kind) (Reference, targets.Density, Config) {
	t.Helper()
	cfg := Defaults()
	cfg.Seed, cfg.Particles, cfg.Islands = 9, 48, 3
	cfg.Move = DefaultMove(kind)
	cfg.Move.Steps = 2
	ref := must[Reference](t)(NewUniform(2, []float64{-6}, []float64{4}))
	return ref, logGamma(2), cfg
}

// correlated is one in which the pilot learns correlations.
func correlated(t *testing.T) (Reference, targets.Density, Config) {
	t.Helper()
	cfg := Defaults()
	cfg.Seed, cfg.Particles, cfg.Islands = 9, 64, 2
	return newNormal(t, 3, 0, 2), ridge(3, 0.999), cfg
}

func sameTempered(got, want *Tempered) string { return cmp.Diff(want, got, cmpopts.EquateNaNs()) }

func sameResult(got, want *Result) string { return cmp.Diff(want, got, cmpopts.EquateNaNs()) }

// TestResumeAnywhere kills a run at every one of its saves, takes it up from what was saved, and finds the same
// snapshots and the same result.
func TestResumeAnywhere(t *testing.T) {
	for _, fly := range []bool{false, true} {
		for _, kind := range []mcmc.Kind{mcmc.RWM, mcmc.HMC} {
			ref, target, cfg := problem(t, kind)
			cfg.OnTheFly = fly
			whole := &store{snaps: map[string][][]byte{}}
			want := must[*Result](t)(Run(context.Background(), ref, target, cfg, Hooks{Save: whole.save}))
			if !fly && !slices.ContainsFunc(want.Plan.Stages, func(s PlannedStage) bool { return s.Finer > 0 }) {
				t.Errorf("%v: no finer moves were planned, so that nothing is known of resuming with them", kind)
			}
			for stop := 1; stop <= whole.saves; stop++ {
				part := &store{snaps: map[string][][]byte{}, stop: stop}
				_, err := Run(context.Background(), ref, target, cfg, Hooks{Save: part.save, Workers: stop%3 + 1})
				if !errors.Is(err, errKilled) {
					t.Fatalf("killed at save %d: %v", stop, err)
				}
				part.stop = 0
				got := must[*Result](t)(Run(context.Background(), ref, target, cfg, Hooks{Save: part.save, Load: part.load}))
				if err := whole.equal(part); err != nil {
					t.Fatalf("%v, killed at save %d of %d: %v", kind, stop, whole.saves, err)
				}
				if diff := sameResult(got, want); diff != "" {
					t.Fatalf("%v, killed at save %d of %d: %s", kind, stop, whole.saves, diff)
				}
			}
			// A finished run evaluates nothing when it is taken up.
			blind := targets.Describe(&refusing{target}, func(*targets.Info) {})
			got := must[*Result](t)(Run(context.Background(), ref, blind, cfg, Hooks{Load: whole.load}))
			if diff := sameResult(got, want); diff != "" {
				t.Errorf("taken up after its end: %s", diff)
			}
		}
	}
}

// refusing is a target that cannot be evaluated.
type refusing struct{ targets.Density }

func (refusing) Eval(context.Context, *targets.Batch) error { return errors.New("asked to evaluate") }

// TestResumeWithCorrelations is the same for plans whose stages share a factor of the metric.
func TestResumeWithCorrelations(t *testing.T) {
	ref, target, cfg := correlated(t)
	whole := &store{snaps: map[string][][]byte{}}
	want := must[*Result](t)(Run(context.Background(), ref, target, cfg, Hooks{Save: whole.save}))
	learned := 0
	for _, s := range want.Plan.Stages {
		if s.Tuning.Factor != nil {
			learned++
		}
	}
	if learned < 2 {
		t.Fatalf("%d stages with a factor", learned)
	}
	for stop := 1; stop <= whole.saves; stop += 2 {
		part := &store{snaps: map[string][][]byte{}, stop: stop}
		if _, err := Run(context.Background(), ref, target, cfg, Hooks{Save: part.save}); !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		part.stop = 0
		got := must[*Result](t)(Run(context.Background(), ref, target, cfg, Hooks{Save: part.save, Load: part.load}))
		if err := whole.equal(part); err != nil {
			t.Fatalf("killed at save %d: %v", stop, err)
		}
		if diff := sameResult(got, want); diff != "" {
			t.Fatalf("killed at save %d: %s", stop, diff)
		}
	}
	for stream, snaps := range whole.snaps {
		for i := 1; i < len(snaps); i++ {
			if got := must[[]byte](t)(Rerun(context.Background(), ref, target, cfg, stream, snaps[i-1])); !bytes.Equal(got, snaps[i]) {
				t.Errorf("%s: stage %d run again differs", stream, i)
			}
		}
	}
}

// TestCancel stops a run by its context at every stage it reports.
func TestCancel(t *testing.T) {
	ref, target, cfg := problem(t, mcmc.HMC)
	whole := &store{snaps: map[string][][]byte{}}
	stages := 0
	want := must[*Result](t)(Run(context.Background(), ref, target, cfg, Hooks{Save: whole.save, Progress: func(Report) { stages++ }}))
	for stop := 1; stop < stages; stop += 3 {
		ctx, cancel := context.WithCancel(context.Background())
		part := &store{snaps: map[string][][]byte{}}
		seen := 0
		_, err := Run(ctx, ref, target, cfg, Hooks{Save: part.save, Progress: func(Report) {
			if seen++; seen == stop {
				cancel()
			}
		}})
		cancel()
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		got := must[*Result](t)(Run(context.Background(), ref, target, cfg, Hooks{Save: part.save, Load: part.load}))
		if diff := sameResult(got, want); diff != "" {
			t.Fatalf("cancelled after stage report %d: %s", stop, diff)
		}
	}
}

// TestRerunGivesTheNextSnapshot for every stage of every stream.
func TestRerunGivesTheNextSnapshot(t *testing.T) {
	ref, target, cfg := problem(t, mcmc.MALA)
	whole := &store{snaps: map[string][][]byte{}}
	must[*Result](t)(Run(context.Background(), ref, target, cfg, Hooks{Save: whole.save, Workers: 3}))
	if len(whole.snaps) != 4 {
		t.Fatalf("%d streams", len(whole.snaps))
	}
	ctx := context.Background()
	for stream, snaps := range whole.snaps {
		for i := 1; i < len(snaps); i++ {
			got := must[[]byte](t)(Rerun(ctx, ref, target, cfg, stream, snaps[i-1]))
			if !bytes.Equal(got, snaps[i]) {
				t.Errorf("%s: stage %d run again differs", stream, i)
			}
		}
		if _, err := Rerun(ctx, ref, target, cfg, stream, snaps[len(snaps)-1]); err == nil || !strings.Contains(err.Error(), "was the last") {
			t.Errorf("%s: after the end: %v", stream, err)
		}
	}
	if _, err := Rerun(ctx, ref, target, cfg, "island-3", whole.snaps["island-0"][0]); err == nil || !strings.Contains(err.Error(), "no stream") {
		t.Errorf("a stream too many: %v", err)
	}
	if _, err := Rerun(ctx, ref, target, cfg, "island-1", whole.snaps["island-0"][0]); err == nil || !strings.Contains(err.Error(), "another configuration") {
		t.Errorf("a snapshot of another island: %v", err)
	}
}

// TestWorkersDoNotMatter: islands run by 1, 2, 3 or 7 goroutines, on a target evaluated in chunks by as many, give the
// same bytes.
func TestWorkersDoNotMatter(t *testing.T) {
	ref, target, cfg := problem(t, mcmc.HMC)
	cfg.Islands = 5
	var want *Result
	var first *store
	for _, workers := range []int{1, 2, 3, 7} {
		s := &store{snaps: map[string][][]byte{}}
		got := must[*Result](t)(Run(context.Background(), ref, targets.Chunked(target, 7, workers), cfg, Hooks{Workers: workers, Save: s.save}))
		if want == nil {
			want, first = got, s
		}
		if diff := sameResult(got, want); diff != "" {
			t.Errorf("%d workers: %s", workers, diff)
		}
		if err := first.equal(s); err != nil {
			t.Errorf("%d workers: %v", workers, err)
		}
	}
}

// TestFailureOfOneIslandIsTold, and the others stop.
func TestFailureOfOneIslandIsTold(t *testing.T) {
	ref, target, cfg := problem(t, mcmc.RWM)
	cfg.OnTheFly = true
	broken := errors.New("disk full")
	_, err := Run(context.Background(), ref, target, cfg, Hooks{Workers: 3, Save: func(stream string, index int, _ []byte) error {
		if stream == "island-1" && index == 2 {
			return broken
		}
		return nil
	}})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "island-1, stage 2") {
		t.Errorf("error %v", err)
	}
}
