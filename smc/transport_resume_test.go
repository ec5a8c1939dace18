package smc

import (
	"bytes"
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/sampan-mc/sampan/targets"
)

// transported is a small run that uses everything: cuts of all kinds, finer cuts, replaced segments.
func transported(t *testing.T) (Reference, targets.Density, Config) {
	ref, target := newNormal(t, 2, 0, 1), logGamma(2)
	l := newLangevin(ref, target)
	l.steps, l.cuts, l.e = 32, 2, 0.1
	l.spoil = func(k, slot int, x, ratio []float64) {
		if (k == l.cuts || k == 2) && slot%8 != 0 {
			ratio[0] = math.Inf(-1)
		}
	}
	l.kinds = func(k int) CutKind {
		if k%2 == 1 {
			return CutOwn
		}
		return CutBeta
	}
	cfg := Defaults()
	cfg.Seed, cfg.Particles, cfg.Islands, cfg.Transport = 9, 128, 3, &settable{l}
	cfg.Move.Steps = 1
	return ref, target, cfg
}

// abandoned is one that gives up its transport, which has lost a mode.
func abandoned(t *testing.T) (Reference, targets.Density, Config) {
	ref, target := newNormal(t, 1, 0, 2), wells(0.5)
	cfg := Defaults()
	cfg.Seed, cfg.Particles, cfg.Islands = 2, 128, 2
	cfg.Tempered = must[*Tempered](t)(Pilot(context.Background(), ref, target, cfg, 0, Hooks{}))
	cfg.Transport = &oneMode{langevin: langevin{ref: newNormal(t, 1, 3, 0.5), own: true, target: target, steps: 8, cuts: 1, e: 0.02}}
	return ref, target, cfg
}

// TestTransportResumesAnywhere kills a run with a transport at every save, goes on from what was saved, and finds the
// same bytes; so does every stage that is run again.
func TestTransportResumesAnywhere(t *testing.T) {
	for name, problem := range map[string]func(*testing.T) (Reference, targets.Density, Config){"transported": transported, "abandoned": abandoned} {
		t.Run(name, func(t *testing.T) {
			ref, target, cfg := problem(t)
			whole := &sparse{snaps: map[string]map[int][]byte{}}
			want := must[*Result](t)(Run(context.Background(), ref, target, cfg, Hooks{Save: whole.save}))
			switch v := verdicts(want); {
			case name == "abandoned" && v != "replaced", name == "transported" && (want.Plan.Cuts == 0 || !strings.Contains(v, "replaced") || !strings.Contains(v, "kept")):
				t.Fatalf("not the run it should be: %d cuts, %v", want.Plan.Cuts, want.Plan.Decisions)
			}
			every := 1
			if testing.Short() {
				every = 5
			}
			for stop := 1; stop <= whole.saves; stop += every {
				part := &sparse{snaps: map[string]map[int][]byte{}, stop: stop}
				_, _, cfg := problem(t)
				if _, err := Run(context.Background(), ref, target, cfg, Hooks{Save: part.save, Workers: stop%3 + 1}); !errors.Is(err, errKilled) {
					t.Fatalf("killed at save %d: %v", stop, err)
				}
				part.stop = 0
				_, _, cfg = problem(t)
				got := must[*Result](t)(Run(context.Background(), ref, target, cfg, Hooks{Save: part.save, Load: part.load}))
				if diff := sameResult(got, want); diff != "" {
					t.Fatalf("killed at save %d of %d: %s", stop, whole.saves, diff)
				}
				for stream, snaps := range whole.snaps {
					for i, snap := range snaps {
						if !bytes.Equal(part.snaps[stream][i], snap) {
							t.Fatalf("killed at save %d: %s, snapshot %d differs", stop, stream, i)
						}
					}
				}
			}
			for stream, snaps := range whole.snaps {
				for i, snap := range snaps {
					next, ok := snaps[i+1]
					if !ok {
						continue
					}
					_, _, cfg := problem(t)
					got := must[[]byte](t)(Rerun(context.Background(), ref, target, cfg, stream, snap))
					if !bytes.Equal(got, next) {
						t.Errorf("%s: stage %d run again differs", stream, i+1)
					}
				}
			}
		})
	}
}

// sparse keeps snapshots of a pilot that may skip stages.
type sparse struct {
	mu    sync.Mutex
	snaps map[string]map[int][]byte
	saves int
	stop  int
}

func (s *sparse) save(stream string, index int, snap []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.saves++; s.saves == s.stop {
		return errKilled
	}
	if s.snaps[stream] == nil {
		s.snaps[stream] = map[int][]byte{}
	}
	s.snaps[stream][index] = snap
	return nil
}

func (s *sparse) load(stream string) (int, []byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := -1
	for i := range s.snaps[stream] {
		last = max(last, i)
	}
	return last, s.snaps[stream][last], last >= 0
}

// TestTransportWithAnyWorkers gives the same bytes.
func TestTransportWithAnyWorkers(t *testing.T) {
	var want *Result
	for _, workers := range []int{1, 2, 3, 7} {
		ref, target, cfg := transported(t)
		got := must[*Result](t)(Run(context.Background(), ref, target, cfg, Hooks{Workers: workers}))
		if want == nil {
			want = got
		}
		if diff := sameResult(got, want); diff != "" {
			t.Errorf("%d workers: %s", workers, diff)
		}
	}
}
