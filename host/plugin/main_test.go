package plugin

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sampan-mc/sampan/plugins/diffusion"
	"github.com/sampan-mc/sampan/plugins/plugintest/zoo"
	"github.com/sampan-mc/sampan/plugins/sdk"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
	"go.uber.org/goleak"
)

// The test binary is also every plugin of the zoo, the server of built-in targets, and the host that gets killed.
func TestMain(m *testing.M) {
	zoo.Main()
	doomedHost()
	if len(os.Args) == 4 && os.Args[1] == "plugin" && os.Args[2] == "serve" {
		serve := func() error { return sdk.ServeBuiltin(os.Args[3]) }
		if os.Args[3] == diffusion.Name {
			serve = diffusion.Serve
		}
		if err := serve(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// animal is the plugin of the zoo of that name.
func animal(name string) *Spec {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return &Spec{Name: name, Source: "zoo", Command: append([]string{self}, zoo.Args(name)...)}
}

// open opens an animal; it is closed at the test's end.
func open(t testing.TB, name string, config any, o Options) *Target {
	t.Helper()
	target, err := Open(t.Context(), animal(name), config, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := target.Close(); err != nil {
			t.Error(err)
		}
	})
	return target
}

// points makes a batch of n standard normal points.
func points(n, d int) *targets.Batch {
	b := targets.NewBatch(n, d, targets.LogP|targets.Grad)
	for i := range n {
		rng.NewKey(1, "test", 0).Normals(b.X[i*d:(i+1)*d], uint32(i), 0, 0)
	}
	return b
}

// bits is everything a batch was answered, as text.
func bits(b *targets.Batch) string {
	var s strings.Builder
	for _, v := range slices.Concat(b.LogP, b.Grad) {
		fmt.Fprintf(&s, "%x ", math.Float64bits(v))
	}
	return fmt.Sprint(s.String(), b.Status)
}

// eval evaluates n points and returns the answer's bits.
func eval(t *testing.T, d targets.Density, n int) string {
	t.Helper()
	b := points(n, d.Info().Dim())
	if err := d.Eval(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	return bits(b)
}

// witness keeps the events and the log of a target.
type witness struct {
	mu     sync.Mutex
	events []Event
	lines  []string
	on     func(Event)
}

func (w *witness) watch(o Options) Options {
	o.Event = func(e Event) {
		w.mu.Lock()
		w.events = append(w.events, e)
		w.mu.Unlock()
		if w.on != nil {
			w.on(e)
		}
	}
	o.Log = func(l LogLine) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.lines = append(w.lines, l.Text)
	}
	return o
}

func (w *witness) count(kind EventKind) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, e := range w.events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

func (w *witness) pids() (pids []int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.events {
		if e.Kind == Started || e.Kind == Restarted {
			pids = append(pids, e.PID)
		}
	}
	return pids
}

// line waits for a line that begins with prefix and returns the rest of it.
func (w *witness) line(t *testing.T, prefix string) (rest string) {
	t.Helper()
	eventually(t, 5*time.Second, "a line "+prefix, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, l := range w.lines {
			if r, ok := strings.CutPrefix(l, prefix); ok {
				rest = r
				return true
			}
		}
		return false
	})
	return rest
}

// eventually polls until ok, at most so long.
func eventually(t *testing.T, within time.Duration, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within %v", what, within)
		case <-tick.C:
		}
	}
}
