//go:build unix

package plugin

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"golang.org/x/sys/unix"
)

// crowded is a crowd in which the given rows set off a mover's fault.
func crowded(n int, rows ...int) *smc.Particles {
	p := crowd(n, 3, 0, 40)
	for _, r := range rows {
		p.X[3*r] = 150
	}
	return p
}

// watched is a target that calls before at each evaluation.
func watched(d targets.Density, before func(context.Context) error) targets.Density {
	return targets.Watch(d, func(ctx context.Context, _ int, _ targets.Want) error { return before(ctx) })
}

// Each fault of a transport is told by its cause, as an *Error.
func TestTransportFaultsAreNamed(t *testing.T) {
	for _, c := range []struct {
		animal string
		o      Options
		want   []string
	}{
		{"ender", Options{}, []string{"segment: the process ended with exit status 3", "row 37 of the batch", "x = [150, ", "the matrix is singular"}},
		{"hanger", Options{Timeout: 400 * time.Millisecond, Rows: 8}, []string{"segment: no answer within 400ms; the process was killed", "row 37 of the batch"}},
		{"panicker", Options{}, []string{"segment: panic: index out of tune", "zoo.panics"}},
		{"stranger", Options{}, []string{"segment: gaussian: batch has points of dimension 4, the density has 3"}},
		{"cadger", Options{}, []string{"segment: asked for the target: gaussian: batch has points of dimension 9, the density has 3"}},
		{"cropped", Options{}, []string{"segment: log_ratio holds 49 values, wanted 50"}},
		{"narrow", Options{}, []string{"segment: 50 particles of dimension 2 with 0 auxiliary numbers came back, wanted 50, 3 and 0"}},
		{"empty", Options{}, []string{"segment: the answer holds no particles"}},
		{"odd", Options{}, []string{"segment: status 77 of particle 1 is unknown"}},
		{"mute", Options{}, []string{"segment: ended the stream without an answer"}},
		{"simple", Options{}, []string{"describe: serves the transports []"}},
	} {
		t.Run(c.animal, func(t *testing.T) {
			t.Parallel()
			tr, err := OpenTransport(t.Context(), animal(c.animal), nil, askedTarget(gaussian3(t)), c.o)
			if err == nil {
				_, err = segmentOf(tr.Served(), 1, crowded(50, 37), t)
				if err := tr.Close(); err != nil {
					t.Error(err)
				}
			}
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, wanted an *Error", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the message lacks %q:\n%v", want, err)
				}
			}
		})
	}
	segment1(t, openTransport(t, animal("plainmover"), nil, gaussian3(t), Options{}).Served(), crowded(50)) // the honest one
}

// A log ratio that is not a number, or a particle that leaves the world, is a status, located, and no end.
func TestTransportNaN(t *testing.T) {
	var w witness
	tr := openTransport(t, animal("guesser"), nil, gaussian3(t), w.watch(Options{Rows: 16}))
	in := crowded(50, 20, 30)
	in.X[3*30] = 1000
	m := segment1(t, tr.Served(), in)
	for i, s := range m.status {
		if bad := i == 20 || i == 30; bad != (s == targets.Numerical) {
			t.Errorf("particle %d has status %v", i, s)
		}
	}
	if m.out.X[3*30] != 1000 {
		t.Errorf("the particle that left is at %v, wanted where it came from", m.out.X[3*30])
	}
	last := w.events[len(w.events)-1]
	if last.Kind != Numerical || !strings.Contains(last.Text, "segment 1: the log ratio is NaN in slot 60, which came from x = [150, ") || tr.Stats().Numerical != 2 {
		t.Errorf("told %+v, counted %d", last, tr.Stats().Numerical)
	}
}

// A fault that does not come again leaves no trace, though the process had asked for the target before it ended.
func TestTransportRetryLeavesNoTrace(t *testing.T) {
	in := crowded(50, 37)
	for _, name := range []string{"ender", "hanger"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := segment1(t, openTransport(t, animal(name), map[string]any{"trigger": 1e9}, askedTarget(gaussian3(t)), Options{Rows: 16}).Served(), in)
			var w witness
			config := map[string]any{"marker": filepath.Join(t.TempDir(), "shown")}
			tr := openTransport(t, animal(name), config, askedTarget(gaussian3(t)), w.watch(Options{Rows: 16, Timeout: time.Second}))
			if got := segment1(t, tr.Served(), in); got.bits() != want.bits() {
				t.Error("other bytes after a restart")
			}
			if s := tr.Stats(); s.Restarts != 1 || s.Retries != 1 || s.Gradients != 50 || w.count(Died) != 1 || w.count(Poison) != 0 {
				t.Errorf("counted %+v, told %+v", s, w.events)
			}
		})
	}
}

// Processes killed in the middle of a segment, while the host owes them an answer, change nothing.
func TestTransportKilledInSegment(t *testing.T) {
	in := crowd(100, 3, 0, 0)
	want := segment1(t, openTransport(t, animal("mover"), nil, gaussian3(t), Options{Rows: 8}).Served(), in)
	var w witness
	var evals atomic.Int64
	source := gaussian3(t)
	target := watched(source.Density, func(context.Context) error {
		if n := evals.Add(1); n == 3 || n == 30 {
			pids := w.pids()
			_ = unix.Kill(pids[len(pids)-1], unix.SIGKILL)
		}
		return nil
	})
	tr := openTransport(t, animal("mover"), nil, TargetSource{Density: target}, w.watch(Options{Rows: 8, Workers: 2}))
	if got := segment1(t, tr.Served(), in); got.bits() != want.bits() {
		t.Error("other bytes")
	}
	if tr.Stats().Restarts == 0 {
		t.Error("nothing was killed")
	}
	// Cut elsewhere, a process that is started later is, too.
	if err := tr.Served().(smc.CutSetter).SetCuts(5); err != nil {
		t.Fatal(err)
	}
	five := segment1(t, tr.Served(), in).bits()
	evals.Store(0)
	if got := segment1(t, tr.Served(), in).bits(); got != five {
		t.Error("other bytes after the death of a process that had been cut elsewhere")
	}
}

// Particles that kill are found, saved and, if the user likes, given up; the others are moved as if nothing had been.
func TestTransportPoison(t *testing.T) {
	want := segment1(t, openTransport(t, animal("ender"), map[string]any{"trigger": 1e9}, gaussian3(t), Options{Rows: 16}).Served(), crowded(50, 3, 37))
	var saved []BadPoint
	tr := openTransport(t, animal("ender"), nil, gaussian3(t), Options{Rows: 16, OnBadPoint: Reject, SaveBadPoint: func(p BadPoint) (string, error) {
		saved = append(saved, p)
		return "", nil
	}})
	got := segment1(t, tr.Served(), crowded(50, 3, 37))
	for i, s := range got.status {
		if i == 3 || i == 37 {
			if s != targets.NotEvaluated || !math.IsInf(got.ratio[i], -1) || got.out.X[3*i] != 150 {
				t.Errorf("particle %d: %v, log ratio %v, at %v", i, s, got.ratio[i], got.out.X[3*i])
			}
		} else if s != targets.OK || got.ratio[i] != want.ratio[i] || !slices.Equal(got.out.X[3*i:3*i+3], want.out.X[3*i:3*i+3]) {
			t.Errorf("particle %d: %v, log ratio %v, wanted %v", i, s, got.ratio[i], want.ratio[i])
		}
	}
	if len(saved) != 2 || saved[0].Row != 3 || saved[1].Row != 37 || saved[1].Want[:20] != "segment 1 of slot 77" || tr.Stats().Rejected != 2 {
		t.Errorf("saved %+v", saved)
	}
}

// The clock stands still while the host evaluates; the fault of a target is the target's.
func TestTransportAsks(t *testing.T) {
	limit := 300 * time.Millisecond
	source := gaussian3(t)
	slow := watched(source.Density, func(ctx context.Context) error {
		timer := time.NewTimer(limit + limit/2)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		return ctx.Err()
	})
	tr := openTransport(t, animal("mover"), nil, TargetSource{Density: slow}, Options{Timeout: limit})
	if _, err := segmentOf(tr.Served(), 1, crowd(10, 3, 0, 0), t); err != nil || tr.Stats().Restarts != 0 {
		t.Errorf("a slow target: %v, %d restarts", err, tr.Stats().Restarts)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stuck := watched(source.Density, func(ctx context.Context) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	})
	tr = openTransport(t, animal("mover"), nil, TargetSource{Density: stuck}, Options{})
	in, out := crowd(10, 3, 0, 0), smc.NewParticles(10, 3, 0)
	if err := tr.Served().Segment(ctx, 1, in, out, make([]float64, 10), make([]targets.Status, 10), [2]uint32{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled segment gives %v", err)
	}
	broken := errors.New("the table has a hole")
	holed := watched(source.Density, func(context.Context) error { return broken })
	tr = openTransport(t, animal("mover"), nil, TargetSource{Density: holed}, Options{})
	if _, err := segmentOf(tr.Served(), 1, crowd(10, 3, 0, 0), t); !errors.Is(err, broken) {
		t.Errorf("a broken target: %v", err)
	}
}

// A user's target in a process of its own, asked through the host, gives the bytes of the built-in one in the transport's.
func TestTransportOfForeignTarget(t *testing.T) {
	source := gaussian3(t)
	spec, err := Builtin("gaussian", Options{})
	if err != nil {
		t.Fatal(err)
	}
	target, err := Open(t.Context(), spec, source.Config, Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	diffusion, err := BuiltinTransport("diffusion", Options{})
	if err != nil {
		t.Fatal(err)
	}
	config := map[string]any{"method": "ula", "steps": 6, "segments": 2}
	in := crowd(100, 3, 0, 0)
	want := segment1(t, openTransport(t, diffusion, config, source, Options{}).Served(), in)
	tr := openTransport(t, diffusion, config, TargetSource{Density: target.Density()}, Options{Workers: 2, Rows: 30})
	if got := segment1(t, tr.Served(), in); got.bits() != want.bits() {
		t.Error("other bytes from a target in another process")
	}
	if a, b := target.Stats().Gradients, tr.Stats().Gradients; a != b || a != 100*4 {
		t.Errorf("the target counted %d gradients, the transport %d; wanted 400", a, b)
	}
}
