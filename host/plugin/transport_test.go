package plugin

import (
	"context"
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

// What a transport can do beyond moving is what its face shows.
func TestTransportFaces(t *testing.T) {
	diffusion, err := BuiltinTransport("diffusion", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		spec   *Spec
		config map[string]any
		want   string
	}{
		{animal("mover"), nil, "cuts"},
		{animal("owner"), nil, "own backward cuts reference"},
		{animal("learner"), nil, "cuts learner"},
		{diffusion, map[string]any{"method": "ula"}, "backward cuts reference"},
	} {
		served := openTransport(t, c.spec, c.config, gaussian3(t), Options{}).Served()
		var got []string
		if o, ok := served.(smc.OwnDensity); ok && o.OwnGradient() {
			got = append(got, "own")
		}
		if _, ok := served.(smc.Backward); ok {
			got = append(got, "backward")
		}
		if _, ok := served.(smc.CutSetter); ok {
			got = append(got, "cuts")
		}
		if _, ok := served.(smc.Learner); ok {
			got = append(got, "learner")
		}
		if served.Reference() != nil {
			got = append(got, "reference")
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %s, wanted %s", c.spec.Name, s, c.want)
		}
	}
}

// References, densities of its own, auxiliary state and the way back are those of the transport in this process.
func TestOwner(t *testing.T) {
	here, err := zoo.NewMover("owner", gaussian3(t).Density, json.RawMessage("{}"))
	if err != nil {
		t.Fatal(err)
	}
	there := openTransport(t, animal("owner"), nil, gaussian3(t), Options{Rows: 7, Workers: 2}).Served()
	if here.Info() != there.Info() || fmt.Sprint(here.Cuts()[1]) != fmt.Sprint(there.Cuts()[1]) || there.Cuts()[0].Kind != smc.CutOwn {
		t.Errorf("described as %+v, %v", there.Info(), there.Cuts())
	}
	in := crowd(40, 3, 2, 5)
	all := func(tr smc.Transport) string {
		t.Helper()
		var s strings.Builder
		for k := range 2 {
			for _, back := range []bool{false, true} {
				m := moved{smc.NewParticles(40, 3, 2), make([]float64, 40), make([]targets.Status, 40)}
				m.out.First = 5
				run, end := tr.Segment, k+1
				if back {
					run, end = tr.(smc.Backward).Backward, k
				}
				if end == 1 {
					m.out.LogOwn = make([]float64, 40)
				}
				if err := run(t.Context(), k+1, in, m.out, m.ratio, m.status, rng.NewKey(7, "segment", k)); err != nil {
					t.Fatal(err)
				}
				s.WriteString(m.bits())
			}
		}
		own, ref := points(30, 3), points(30, 3)
		if err := tr.(smc.OwnDensity).LogOwn(t.Context(), 1, own); err != nil {
			t.Fatal(err)
		}
		if err := tr.Reference().Eval(t.Context(), ref); err != nil {
			t.Fatal(err)
		}
		x := make([]float64, 30*3)
		if err := tr.Reference().Sample(t.Context(), 4, 30, rng.NewKey(1, "init", 0), x); err != nil {
			t.Fatal(err)
		}
		return s.String() + bits(own) + bits(ref) + fmt.Sprint(x)
	}
	if all(here) != all(there) {
		t.Error("the owner in its process differs from the one here")
	}
	if err := there.(smc.OwnDensity).LogOwn(t.Context(), 2, points(1, 3)); err == nil || !strings.Contains(err.Error(), "cut 2 found") {
		t.Errorf("got %v", err)
	}
}

// A density of its own that is made of the target's is the same whether the transport has the target or is told it, gradients
// too, in any number of processes; and what it takes of the target is counted.
func TestOwnOfTarget(t *testing.T) {
	here, err := zoo.NewMover("halver", gaussian3(t).Density, json.RawMessage("{}"))
	if err != nil {
		t.Fatal(err)
	}
	want := points(30, 3)
	if err := here.(smc.OwnDensity).LogOwn(t.Context(), 1, want); err != nil {
		t.Fatal(err)
	}
	in := crowd(30, 3, 2, 5)
	for _, source := range []TargetSource{gaussian3(t), askedTarget(gaussian3(t))} {
		var asked int
		told := source
		told.Density = watched(source.Density, func(context.Context) error { asked++; return nil })
		tr := openTransport(t, animal("halver"), nil, told, Options{Rows: 30})
		own := tr.Served().(smc.OwnDensity)
		got := points(30, 3)
		if err := own.LogOwn(t.Context(), 1, got); err != nil {
			t.Fatal(err)
		}
		if bits(got) != bits(want) {
			t.Errorf("built in %q: another density", source.Builtin)
		}
		if want := source.Builtin == ""; !own.OwnOfTarget() || asked != 1 && want || asked != 0 && !want {
			t.Errorf("built in %q: asked %d times for the target", source.Builtin, asked)
		}
		m := segment1(t, tr.Served(), in)
		b := targets.NewBatch(30, 3, targets.LogP)
		b.X = m.out.X
		if err := own.LogOwn(t.Context(), 1, b); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(b.LogP, m.out.LogOwn) {
			t.Errorf("built in %q: not the density that the segment gives", source.Builtin)
		}
	}
}

// Cut elsewhere, every process is.
func TestSetCuts(t *testing.T) {
	in := crowd(60, 3, 0, 0)
	for _, workers := range []int{1, 3} {
		tr := openTransport(t, animal("mover"), nil, gaussian3(t), Options{Rows: 5, Workers: workers})
		served := tr.Served()
		for _, n := range []int{5, 3} {
			if err := served.(smc.CutSetter).SetCuts(n); err != nil {
				t.Fatal(err)
			}
			if cuts := served.Cuts(); len(cuts) != n || cuts[0].Beta != 1/float64(n) {
				t.Errorf("cut into %v, wanted %d", cuts, n)
			}
			if _, err := segmentOf(served, n, in, t); err != nil {
				t.Error(err)
			}
			if _, err := segmentOf(served, n+1, in, t); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("segment %d found; accepted: 1 to %d", n+1, n)) {
				t.Errorf("got %v", err)
			}
		}
	}
}

func TestTransportConfigurationFaults(t *testing.T) {
	diffusion, err := BuiltinTransport("diffusion", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		spec   *Spec
		config map[string]any
		want   string
	}{
		{animal("mover"), map[string]any{"segments": 0}, "segments: found 0"},
		{diffusion, map[string]any{"method": "ulla"}, `method: found "ulla"`},
		{diffusion, map[string]any{"method": "ula", "stepps": 3}, "stepps: found an unknown key; accepted: method, reference, steps, segments"},
		{diffusion, map[string]any{"method": "ula", "steps": 0, "step": -1}, "steps: found 0"},
		{diffusion, map[string]any{"method": "ula", "reference": map[string]any{"scale": []float64{1, 2}}}, "2 numbers; accepted: one, or one for each of 3"},
	} {
		_, err := OpenTransport(t.Context(), c.spec, c.config, gaussian3(t), Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, wanted %s", c.config, err, c.want)
		}
	}
	if _, err := OpenTransport(t.Context(), animal("good"), nil, gaussian3(t), Options{}); err == nil || !strings.Contains(err.Error(), `serves the transports []`) {
		t.Errorf("a target opened as a transport: %v", err)
	}
}
