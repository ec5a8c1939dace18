package plugin

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// The density of another process is the density of this one: values, draws, derived quantities, and what it can do.
func TestGoodPlugin(t *testing.T) {
	target := open(t, "good", map[string]any{"dim": 2}, Options{Rows: 4})
	d := target.Density()
	info := d.Info()
	if info.Name != "zoo" || info.Dim() != 2 || !info.Normalised || info.Known.LogZ != 0 || info.Can != targets.LogP|targets.Grad {
		t.Errorf("description came over as %+v", info)
	}
	b := points(10, 2)
	if err := d.Eval(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	for i := range b.N {
		want := -0.5*(b.X[2*i]*b.X[2*i]+b.X[2*i+1]*b.X[2*i+1]) - 1.8378770664093453
		if diff := b.LogP[i] - want; diff > 1e-15*8 || diff < -1e-15*8 || b.Grad[2*i] != -b.X[2*i] {
			t.Errorf("point %d: log density %v, gradient %v; wanted %v, %v", i, b.LogP[i], b.Grad[2*i], want, -b.X[2*i])
		}
	}

	key := rng.NewKey(7, "init", 0)
	x, want := make([]float64, 2*11), make([]float64, 2)
	if err := d.(targets.Sampler).Sample(t.Context(), 5, 11, key, x); err != nil {
		t.Fatal(err)
	}
	for i := range 11 {
		if key.Normals(want, uint32(5+i), 0, 0); x[2*i] != want[0] || x[2*i+1] != want[1] {
			t.Errorf("slot %d: drew %v, wanted %v", 5+i, x[2*i:2*i+2], want)
		}
	}
	if _, ok := d.(targets.PriorSampler); ok {
		t.Error("it cannot draw from a prior, but says so")
	}
	o := d.(targets.Outputs)
	if diff := cmp.Diff([]targets.Param{{Name: "norm"}, {Name: "square", Shape: []int{2}}}, o.Outputs()); diff != "" {
		t.Error(diff)
	}
	out := make([]float64, 2*3)
	if err := o.Derive(t.Context(), 2, []float64{3, 4, 0, -2}, out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float64{5, 9, 16, 2, 0, 4}, out); diff != "" {
		t.Error(diff)
	}
	if s := target.Stats(); s.Calls != 3 || s.Densities != 10 || s.Gradients != 10 || s.TargetTime <= 0 || s.WireTime <= 0 {
		t.Errorf("counted %+v", s)
	}
	if f := target.Facts(); f.Name != "good" || f.Version != "1.0.0" || !strings.HasPrefix(f.SDK, "go ") || f.Rows != 4 {
		t.Errorf("facts are %+v", f)
	}
}

// Results are the same bytes for any number of workers although the plugin's last bits depend on the batch.
func TestPoolsAgree(t *testing.T) {
	want := eval(t, open(t, "batchy", nil, Options{Rows: 8}).Density(), 203)
	for _, workers := range []int{2, 3, 7} {
		if got := eval(t, open(t, "batchy", nil, Options{Rows: 8, Workers: workers}).Density(), 203); got != want {
			t.Errorf("%d workers give other bytes than 1", workers)
		}
	}
	if other := eval(t, open(t, "batchy", nil, Options{Rows: 9}).Density(), 203); other == want {
		t.Error("the plugin does not depend on the batch: this test tests nothing")
	}
}

// Islands share the workers: calls at the same time do not disturb one another.
func TestConcurrentCalls(t *testing.T) {
	d := open(t, "batchy", nil, Options{Rows: 16, Workers: 2}).Density()
	want := eval(t, d, 100)
	var calls sync.WaitGroup
	for range 8 {
		calls.Go(func() {
			for range 5 {
				b := points(100, 3)
				if err := d.Eval(t.Context(), b); err != nil || bits(b) != want {
					t.Errorf("a call at the same time as others: error %v, same bytes %v", err, bits(b) == want)
				}
			}
		})
	}
	calls.Wait()
}

// A plugin without streams is served by single calls.
func TestPluginWithoutStream(t *testing.T) {
	got := eval(t, open(t, "simple", nil, Options{Rows: 8}).Density(), 50)
	if want := eval(t, open(t, "good", nil, Options{Rows: 8}).Density(), 50); got != want {
		t.Error("Eval and EvalStream differ")
	}
}

// What a plugin prints, however much and whatever, goes to the log and disturbs nothing.
func TestChattyPlugin(t *testing.T) {
	var w witness
	got := eval(t, open(t, "chatty", nil, w.watch(Options{Rows: 8})).Density(), 20)
	if want := eval(t, open(t, "good", nil, Options{Rows: 8}).Density(), 20); got != want {
		t.Error("printing changed the results")
	}
	w.line(t, `{"@message": 5}`)
	w.line(t, "noise noise")
}

// A call that is given up returns at once, and the next one is answered.
func TestCancel(t *testing.T) {
	d := open(t, "hanging", nil, Options{}).Density()
	ctx, cancel := context.WithCancel(t.Context())
	b := points(4, 3)
	b.X[0] = 1000
	time.AfterFunc(50*time.Millisecond, cancel)
	began := time.Now()
	if err := d.Eval(ctx, b); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled call gives %v", err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("a cancelled call took %v to return", took)
	}
	eval(t, d, 4)
}

func TestConfigurationFaults(t *testing.T) {
	for _, c := range []struct {
		config map[string]any
		want   targets.ConfigError
	}{
		{map[string]any{"dim": 0}, targets.ConfigError{Path: "dim", Found: "0", Accepted: "a whole number from 1"}},
		{map[string]any{"dimm": 2}, targets.ConfigError{Path: "dimm", Found: "an unknown key", Accepted: "dim, trigger, marker, rows"}},
		{map[string]any{"dim": "two"}, targets.ConfigError{Path: "dim", Found: `"two"`, Accepted: "a whole number"}},
	} {
		_, err := Open(t.Context(), animal("good"), c.config, Options{Workers: 2})
		var fault *targets.ConfigError
		if !errors.As(err, &fault) || *fault != c.want {
			t.Errorf("%v: %v, wanted %v", c.config, err, &c.want)
		}
	}
}

func TestClosedTarget(t *testing.T) {
	target := open(t, "good", nil, Options{})
	if err := target.Close(); err != nil {
		t.Fatal(err)
	}
	if err := target.Density().Eval(t.Context(), points(1, 3)); !errors.Is(err, errClosed) {
		t.Errorf("a closed target answers %v", err)
	}
}
