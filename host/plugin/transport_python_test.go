//go:build unix

package plugin

import (
	"context"
	"math"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/sampan-mc/sampan/smc"
	"golang.org/x/sys/unix"
)

// The annealed Langevin bridge in Python: the mean weight is Z (one case at 4 standard errors, the seed is fixed), the
// bytes are the same for one process and for two that are killed in a segment, and it can be cut elsewhere.
func TestPythonTransport(t *testing.T) {
	if testing.Short() {
		t.Skip("starts three interpreters")
	}
	t.Parallel()
	o := Options{Python: python(t), Rows: 200}
	spec, err := Find(filepath.Join("..", "..", "plugins", "examples", "python-ula", "ula.py"), o)
	if err != nil {
		t.Fatal(err)
	}
	config := map[string]any{"steps": 16, "segments": 4, "scale": 1.2}
	source := builtinTarget(t, "many-well", map[string]any{"dim": 2, "wells": 1, "delta": 1.0})
	one := openTransport(t, spec, config, source, o)
	mean, se := importance(t, one.Served(), source.Density, 4000)
	if fault := unlike(mean, se, math.Exp(source.Density.Info().Known.LogZ)); fault != "" {
		t.Error(fault)
	}
	if s := one.Stats(); s.Gradients != 4000*20 {
		t.Errorf("counted %+v, wanted 16 steps and 4 beginnings for each particle", s)
	}

	in := crowd(600, 2, 0, 0)
	want := segment1(t, one.Served(), in).bits()
	var w witness
	var evals atomic.Int64
	target := watched(source.Density, func(context.Context) error {
		if evals.Add(1) == 5 {
			_ = unix.Kill(w.pids()[1], unix.SIGKILL)
		}
		return nil
	})
	o.Workers = 2
	two := openTransport(t, spec, config, TargetSource{Density: target}, w.watch(o))
	if got := segment1(t, two.Served(), in).bits(); got != want {
		t.Error("two processes, one of them killed, give other bytes than one")
	}
	for _, tr := range []*Transport{one, two} {
		if err := tr.Served().(smc.CutSetter).SetCuts(8); err != nil || len(tr.Served().Cuts()) != 8 {
			t.Errorf("cut into %v: %v", tr.Served().Cuts(), err)
		}
	}
	if segment1(t, one.Served(), in).bits() != segment1(t, two.Served(), in).bits() {
		t.Error("cut elsewhere they differ")
	}
	if _, ok := one.Served().(smc.Backward); !ok || one.Served().Reference() == nil {
		t.Error("it runs backward and has a reference, but does not say so")
	}
}
