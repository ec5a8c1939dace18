package plugin

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// A built-in target gives the same bytes in a process of its own as in this one, whatever it is asked for.
func TestBuiltinsIsolated(t *testing.T) {
	for _, e := range targets.List() {
		if e.Dim == 0 || testing.Short() && e.Kind == "catalogue" {
			continue
		}
		t.Run(e.Name, func(t *testing.T) {
			here, err := targets.New(e.Name, nil, "")
			var faults targets.ConfigErrors
			if errors.As(err, &faults) && faults[0].Path == "csv" {
				t.Skip("its data come from a file: ", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			spec, err := Builtin(e.Name, Options{})
			if err != nil {
				t.Fatal(err)
			}
			target, err := Open(t.Context(), spec, nil, Options{Rows: 4})
			if err != nil {
				t.Fatal(err)
			}
			defer target.Close()
			there := target.Density()
			if diff := cmp.Diff(here.Info(), there.Info(), cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
			const n = 6
			evaluate := func(d targets.Density) *targets.Batch {
				b := targets.NewBatch(n, e.Dim, d.Info().Can)
				for i := range n {
					rng.NewKey(1, "test", 0).Uniforms(b.X[i*e.Dim:(i+1)*e.Dim], uint32(i), 0, 0) // positive parameters like it
				}
				copy(b.V, b.X)
				if err := d.Eval(t.Context(), b); err != nil {
					t.Fatal(err)
				}
				return b
			}
			if diff := cmp.Diff(evaluate(here), evaluate(there), cmpopts.EquateNaNs()); diff != "" {
				t.Error(diff)
			}
			sameDraws(t, here, there)
		})
	}
}

func sameDraws(t *testing.T, here, there targets.Density) {
	t.Helper()
	draws := func(d targets.Density, prior bool) []float64 {
		x := make([]float64, 6*d.Info().Dim())
		key := rng.NewKey(3, "init", 0)
		var err error
		if s, ok := d.(targets.PriorSampler); prior && ok {
			err = s.SamplePrior(t.Context(), 2, 6, key, x)
		} else if s, ok := d.(targets.Sampler); !prior && ok {
			err = s.Sample(t.Context(), 2, 6, key, x)
		} else {
			return nil
		}
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for _, prior := range []bool{false, true} {
		if a, b := draws(here, prior), draws(there, prior); !reflect.DeepEqual(a, b) {
			t.Errorf("draws (of the prior: %v) differ: %v here, %v there", prior, a, b)
		}
	}
	_, a := here.(targets.Outputs)
	if _, b := there.(targets.Outputs); a != b {
		t.Errorf("outputs: %v here, %v there", a, b)
	}
}

func TestBuiltinMistakes(t *testing.T) {
	spec, err := Builtin("gaussian", Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), spec, map[string]any{"dimm": 3}, Options{})
	var faults targets.ConfigErrors
	if !errors.As(err, &faults) || faults[0].Path != "dimm" {
		t.Errorf("got %v", err)
	}
	spec.Command[len(spec.Command)-1] = "nonesuch"
	spec.Name = "nonesuch"
	if _, err = Open(t.Context(), spec, nil, Options{}); err == nil || !strings.Contains(err.Error(), `no built-in target "nonesuch"`) {
		t.Errorf("got %v", err)
	}
}
