//go:build unix

package plugin

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sampan-mc/sampan/targets"
	"golang.org/x/sys/unix"
)

// triggered is a batch in which the given rows set off an animal's fault.
func triggered(n int, rows ...int) *targets.Batch {
	b := points(n, 3)
	for _, r := range rows {
		b.X[3*r] = 1000 + float64(r)
	}
	return b
}

// Each fault is told by its cause, as an *Error, within its deadlines and five seconds more.
func TestFaultsAreNamed(t *testing.T) {
	for _, c := range []struct {
		animal string
		o      Options
		want   []string
	}{
		{"exiting", Options{}, []string{"start: ended with exit status 4 before it was ready", "cannot read the data file prices.csv"}},
		{"silent", Options{StartTimeout: 300 * time.Millisecond}, []string{"start: was not ready within 300ms and was killed"}},
		{"greeting", Options{}, []string{`start: printed "Welcome to Numerics 3.1!" on standard output`, "nothing may be printed"}},
		{"futuristic", Options{}, []string{"start: speaks protocol 9, this program speaks 1"}},
		{"dying", Options{}, []string{"evaluate: the process ended with exit status 3", "row 37 of the batch", "x = [1037, ", "the matrix is singular", `on_bad_point = "reject"`}},
		{"hanging", Options{Timeout: 500 * time.Millisecond, Rows: 8}, []string{"evaluate: no answer within 500ms; the process was killed", "row 37 of the batch"}},
		{"panicking", Options{}, []string{"evaluate: panic: index out of tune", "zoo.panics"}},
		{"raising", Options{}, []string{"evaluate: no convergence after 100 steps"}},
		{"short", Options{}, []string{"evaluate: reply to 50 points of dimension 3: logp holds 49 values, wanted 50"}},
		{"ragged", Options{}, []string{"logp holds 396 bytes, which is no whole number of float64s; wanted 50 values (400 bytes)"}},
		{"misplaced", Options{}, []string{"request 1 was answered with seq 2"}},
		{"fickle", Options{}, []string{"create: describes its target otherwise than the process before"}},
		{"nonesuch", Options{}, []string{"start: ended with exit status 2", `the zoo has no "nonesuch"`}},
	} {
		t.Run(c.animal, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			target, err := Open(t.Context(), animal(c.animal), nil, c.o)
			if err == nil {
				err = target.Density().Eval(t.Context(), triggered(50, 37))
				if err := target.Close(); err != nil {
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
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestMissingProgram(t *testing.T) {
	_, err := Open(t.Context(), &Spec{Name: "lost", Command: []string{"/no/such/program"}}, nil, Options{})
	var e *Error
	if !errors.As(err, &e) || e.Op != "start" || !strings.Contains(e.Problem, "no such file") {
		t.Errorf("got %v", err)
	}
}

// NaN is a status of the point and an event that names it, not an end.
func TestNaN(t *testing.T) {
	var w witness
	target := open(t, "nan", nil, w.watch(Options{}))
	b := triggered(50, 20)
	if err := target.Density().Eval(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	for i, s := range b.Status {
		if want := map[bool]targets.Status{true: targets.Numerical, false: targets.OK}[i == 20]; s != want {
			t.Errorf("point %d: %v, wanted %v", i, s, want)
		}
	}
	if n := target.Stats().Numerical; n != 1 || w.count(Numerical) != 1 || !strings.Contains(w.events[len(w.events)-1].Text, "NaN at x = [1020 ") {
		t.Errorf("counted %d, told %+v", n, w.events)
	}
}

// A fault that does not come again leaves no trace in the results.
func TestRetryLeavesNoTrace(t *testing.T) {
	for _, name := range []string{"dying", "hanging"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := triggered(50, 37)
			disarmed := open(t, name, map[string]any{"trigger": 1e9}, Options{Rows: 16})
			if err := disarmed.Density().Eval(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			want := bits(b)
			var w witness
			target := open(t, name, map[string]any{"marker": filepath.Join(t.TempDir(), "shown")}, w.watch(Options{Rows: 16, Timeout: time.Second}))
			b = triggered(50, 37)
			if err := target.Density().Eval(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			if bits(b) != want {
				t.Error("other bytes after a restart")
			}
			if s := target.Stats(); s.Restarts != 1 || s.Retries != 1 || s.Densities != 50 || w.count(Died) != 1 || w.count(Poison) != 0 {
				t.Errorf("counted %+v, told %+v", s, w.events)
			}
		})
	}
}

// Processes that end at random calls change nothing, though the plugin's last bits depend on the batch.
func TestCrashesAtRandom(t *testing.T) {
	want := eval(t, open(t, "batchy", nil, Options{Rows: 4}).Density(), 120)
	for _, workers := range []int{1, 3} {
		target := open(t, "crashing", nil, Options{Rows: 4, Workers: workers})
		if got := eval(t, target.Density(), 120); got != want {
			t.Errorf("%d workers that crash give other bytes than one that does not", workers)
		}
		if target.Stats().Restarts == 0 {
			t.Error("nothing crashed")
		}
	}
}

// kill −9 and SIGSTOP from outside, while evaluations are under way.
func TestSignalsFromOutside(t *testing.T) {
	want := eval(t, open(t, "batchy", nil, Options{Rows: 4}).Density(), 400)
	for _, signal := range []unix.Signal{unix.SIGKILL, unix.SIGSTOP} {
		t.Run(unix.SignalName(signal), func(t *testing.T) {
			t.Parallel()
			var w witness
			target := open(t, "batchy", nil, w.watch(Options{Rows: 4, Workers: 2, Timeout: time.Second}))
			pids := w.pids()
			go func() { _ = unix.Kill(pids[0], signal) }()
			for call := range 3 {
				if got := eval(t, target.Density(), 400); got != want {
					t.Error("other bytes")
				}
				if call == 0 {
					_ = unix.Kill(pids[1], signal) // and one between calls
				}
			}
			if target.Stats().Restarts == 0 {
				t.Error("nothing was killed")
			}
		})
	}
}

// Points that kill are found, saved and, if the user likes, left out; the others are evaluated in a batch of full size.
func TestPoisonPoints(t *testing.T) {
	for _, c := range []struct {
		name string
		rows []int
	}{
		{"one", []int{37}}, {"first", []int{0}}, {"last", []int{49}}, {"neighbours", []int{0, 1, 2}}, {"in two chunks", []int{3, 30}},
		{"a whole chunk", []int{48, 49}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var saved []BadPoint
			target := open(t, "dying", nil, Options{Rows: 16, OnBadPoint: Reject, SaveBadPoint: func(p BadPoint) (string, error) {
				saved = append(saved, p)
				return "failures/1.json", nil
			}})
			b := triggered(50, c.rows...)
			if err := target.Density().Eval(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			var bad, savedRows []int
			for i, s := range b.Status {
				if s == targets.NotEvaluated {
					bad = append(bad, i)
				} else if s != targets.OK || b.LogP[i] == 0 || b.Grad[3*i] != -b.X[3*i] {
					t.Errorf("point %d: %v, %v", i, s, b.LogP[i])
				}
			}
			for _, p := range saved {
				savedRows = append(savedRows, p.Row)
				if p.X[0] != 1000+float64(p.Row) || p.Want != "logp|grad" || p.Config != "{}" {
					t.Errorf("saved %+v", p)
				}
			}
			if diff := cmp.Diff(c.rows, bad) + cmp.Diff(c.rows, savedRows); diff != "" {
				t.Errorf("bad rows differ: %s", diff)
			}
			if s := target.Stats(); s.Rejected != uint64(len(c.rows)) {
				t.Errorf("counted %d rejected points, wanted %d", s.Rejected, len(c.rows))
			}
		})
	}
}

// A chunk that takes too long although its points do not is no poison.
func TestSlowChunk(t *testing.T) {
	target := open(t, "slow", nil, Options{Rows: 16, Timeout: 600 * time.Millisecond})
	err := target.Density().Eval(t.Context(), points(16, 3))
	if err == nil || !strings.Contains(err.Error(), "16 points together take longer than that, fewer do not") {
		t.Errorf("got %v", err)
	}
}

// A plugin that cannot be started again is given up after five deaths in a row, and says so to all who call.
func TestGivenUp(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the restarts' backoff, 4 s")
	}
	t.Parallel()
	marker := filepath.Join(t.TempDir(), "shown")
	spec := animal("dying")
	target, err := Open(t.Context(), spec, map[string]any{"marker": marker}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	spec.Command[len(spec.Command)-1] = "exiting"
	for range 2 {
		err := target.Density().Eval(t.Context(), triggered(50, 37))
		if err == nil || !strings.Contains(err.Error(), "5 times in a row; given up") || !strings.Contains(err.Error(), "prices.csv") {
			t.Errorf("got %v", err)
		}
	}
	if _, err := os.Stat(marker); err != nil {
		t.Error(err)
	}
}
