//go:build !race

package targets

import (
	"context"
	"testing"
)

// TestEvalDoesNotAllocate: once warm, no density of the catalogue allocates, nor do the wrappers on one chunk. The race
// detector empties pools at random, so it is left out there.
func TestEvalDoesNotAllocate(t *testing.T) {
	check := func(name string, d Density) {
		in := d.Info()
		b := NewBatch(8, in.Dim(), in.Can)
		fill(b.X, 0.5)
		f := func() {
			if err := d.Eval(context.Background(), b); err != nil {
				t.Fatal(err)
			}
		}
		f()
		if a := testing.AllocsPerRun(50, f); a >= 1 {
			t.Errorf("%s: %v allocations a call", name, a)
		}
	}
	for _, e := range List() {
		if e.Kind != kindInstance {
			continue
		}
		d, err := New(e.Name, nil, "")
		if err != nil {
			t.Fatal(err)
		}
		check(e.Name, d)
		free, _, err := Unconstrain(d)
		if err != nil {
			t.Fatal(err)
		}
		check("wrapped "+e.Name, Chunked(free, 8, 2))
	}
	for _, name := range []string{"gmm9", "sonar"} {
		d, err := New(name, map[string]any{"rotation": int64(1)}, "")
		if err != nil {
			t.Fatal(err)
		}
		check("rotated "+name, d)
	}
	for _, whitened := range []bool{false, true} {
		d, err := NewCoxProcess(CoxProcess{Grid: 3, Counts: make([]float64, 9), Variance: 1, Range: 1, Whitened: whitened})
		if err != nil {
			t.Fatal(err)
		}
		check("cox process", d)
	}
}
