package plugin

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/sampan-mc/sampan/plugins/plugintest/zoo"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// builtinTarget is a built-in target, made in the plugin if it can.
func builtinTarget(t testing.TB, name string, config map[string]any) TargetSource {
	t.Helper()
	d, err := targets.New(name, config, "")
	if err != nil {
		t.Fatal(err)
	}
	if d, _, err = targets.Unconstrain(d); err != nil {
		t.Fatal(err)
	}
	return TargetSource{Density: d, Builtin: name, Config: config}
}

// askedTarget is the same density, asked of the host.
func askedTarget(s TargetSource) TargetSource { return TargetSource{Density: s.Density} }

func openTransport(t testing.TB, spec *Spec, config any, target TargetSource, o Options) *Transport {
	t.Helper()
	tr, err := OpenTransport(t.Context(), spec, config, target, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tr.Close(); err != nil {
			t.Error(err)
		}
	})
	return tr
}

// moved is what a segment did.
type moved struct {
	out    *smc.Particles
	ratio  []float64
	status []targets.Status
}

func (m moved) bits() string {
	var s strings.Builder
	for _, v := range slices.Concat(m.out.X, m.out.Aux, m.out.LogOwn, m.ratio) {
		fmt.Fprintf(&s, "%x ", math.Float64bits(v))
	}
	return fmt.Sprint(s.String(), m.status, m.out.Used)
}

// crowd is n particles of a transport: standard normal, numbered from slot first.
func crowd(n, d, aux, first int) *smc.Particles {
	p := smc.NewParticles(n, d, aux)
	p.First = first
	for i := range n {
		key := rng.NewKey(1, "test", 0)
		key.Normals(p.X[i*d:(i+1)*d], uint32(first+i), 0, 0)
		key.Normals(p.Aux[i*aux:(i+1)*aux], uint32(first+i), 0, 1)
		p.LogRef[i], p.LogTarget[i] = float64(i), -float64(i)
	}
	return p
}

func segmentOf(tr smc.Transport, k int, in *smc.Particles, t testing.TB) (moved, error) {
	t.Helper()
	m := moved{smc.NewParticles(in.N, in.D, in.A), make([]float64, in.N), make([]targets.Status, in.N)}
	m.out.First = in.First
	before := slices.Clone(in.X)
	err := tr.Segment(t.Context(), k, in, m.out, m.ratio, m.status, rng.NewKey(7, "segment", k))
	if !slices.Equal(before, in.X) {
		t.Error("a segment has changed what came in")
	}
	return m, err
}

func segment1(t testing.TB, tr smc.Transport, in *smc.Particles) moved {
	t.Helper()
	m, err := segmentOf(tr, 1, in, t)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// gaussian3 is a normal of three correlated coordinates.
func gaussian3(t testing.TB) TargetSource {
	return builtinTarget(t, "gaussian", map[string]any{"mean": []float64{1, -1, 0.5}, "sd": []float64{1, 0.5, 2}})
}

// A transport in other processes gives the same bytes for any number of them, whether it makes the target or asks for it.
func TestTransportPoolsAgree(t *testing.T) {
	in := crowd(203, 3, 0, 40)
	var want string
	for _, workers := range []int{1, 2, 3, 7} {
		for _, source := range []TargetSource{gaussian3(t), askedTarget(gaussian3(t))} {
			tr := openTransport(t, animal("mover"), nil, source, Options{Rows: 8, Workers: workers})
			got := segment1(t, tr.Served(), in).bits()
			if want == "" {
				want = got
			}
			if got != want {
				t.Errorf("%d workers, built in: %v: other bytes", workers, source.Builtin != "")
			}
			if s := tr.Stats(); s.Gradients != 203 || s.Densities != 0 || s.Calls != 26 {
				t.Errorf("counted %+v", s)
			}
		}
	}
	// In one chunk, in this process: all but the last bits.
	here, err := zoo.NewMover("mover", gaussian3(t).Density, json.RawMessage("{}"))
	if err != nil {
		t.Fatal(err)
	}
	a := segment1(t, here, in)
	b := segment1(t, openTransport(t, animal("mover"), nil, gaussian3(t), Options{Rows: 1000}).Served(), in)
	a.out.Used = b.out.Used
	if a.bits() != b.bits() {
		t.Error("other bytes in this process")
	}
	if other := segment1(t, openTransport(t, animal("mover"), nil, gaussian3(t), Options{Rows: 9}).Served(), in).bits(); other == want {
		t.Error("the mover does not depend on the batch: this test tests nothing")
	}
}
