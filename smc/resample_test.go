package smc

import (
	"math"
	"slices"
	"testing"

	"github.com/sampan-mc/sampan/vec/rng"
)

func TestAncestorsAreTheReferences(t *testing.T) {
	var file struct {
		Cases []struct {
			Name        string
			Weights     []float64
			N           int
			U           float64   `json:"u_systematic"`
			UMulti      []float64 `json:"u_multinomial"`
			Systematic  []int32
			Multinomial []int32 `json:"multinomial_sorted"`
		}
	}
	loadJSON(t, "resampling.json.gz", &file)
	if len(file.Cases) < 15 {
		t.Fatalf("%d cases read", len(file.Cases))
	}
	for _, c := range file.Cases {
		total := 0.0
		for _, w := range c.Weights {
			total += w
		}
		w := make([]float64, len(c.Weights))
		for i := range w {
			w[i] = c.Weights[i] / total
		}
		got := make([]int32, c.N)
		if Systematic.ancestors(got, w, []float64{c.U}); !slices.Equal(got, c.Systematic) {
			t.Errorf("%s: systematic %v, want %v", c.Name, got, c.Systematic)
		}
		if Multinomial.ancestors(got, w, slices.Clone(c.UMulti)); !slices.Equal(got, c.Multinomial) {
			t.Errorf("%s: multinomial %v, want %v", c.Name, got, c.Multinomial)
		}
	}
}

// TestResamplingIsUnbiased counts offspring over many resamplings; each count has at most the variance N·w of the
// multinomial. Particles of weight zero have none, at the ends too.
func TestResamplingIsUnbiased(t *testing.T) {
	w := []float64{0, 0.05, 0.4, 0, 0.3, 0.0625, 0.1875, 0}
	const n, repeats = 5, 20000
	for _, r := range []Resampler{Systematic, Multinomial} {
		key := rng.NewKey(1, "test", int(r))
		u, anc, count := make([]float64, r.uniforms(n)), make([]int32, n), make([]float64, len(w))
		for i := range repeats {
			key.Uniforms(u, 0, uint32(i), 0)
			r.ancestors(anc, w, u)
			if !slices.IsSorted(anc) {
				t.Fatalf("%v: ancestors %v are not in order", r, anc)
			}
			for _, a := range anc {
				count[a]++
			}
		}
		for j, c := range count {
			mean, se := n*w[j], math.Sqrt(n*w[j]/repeats)
			if z := (c/repeats - mean) / (se + 1e-12); math.Abs(z) > zAlarm {
				t.Errorf("%v: particle %d of weight %v has %v offspring, want %v (z = %.1f)", r, j, w[j], c/repeats, mean, z)
			}
		}
	}
}

// TestAncestorsAtTheEdges: weights that do not quite add up to one, and uniforms next to zero and one.
func TestAncestorsAtTheEdges(t *testing.T) {
	w := []float64{0.1, 0.2, 0.7 - 1e-9, 0}
	anc := make([]int32, 4)
	almost := math.Nextafter(1, 0)
	Systematic.ancestors(anc, w, []float64{almost})
	if anc[3] != 2 {
		t.Errorf("the last ancestor is %d, want 2, the last with weight", anc[3])
	}
	Multinomial.ancestors(anc, w, []float64{almost, 0, 0.05, almost})
	if !slices.Equal(anc, []int32{0, 0, 2, 2}) {
		t.Errorf("ancestors %v", anc)
	}
	for _, name := range []string{"systematic", "multinomial"} {
		if r, err := ParseResampler(name); err != nil || r.String() != name {
			t.Errorf("ParseResampler(%q) = %v, %v", name, r, err)
		}
	}
	if _, err := ParseResampler("residual"); err == nil {
		t.Error("an unknown resampler was accepted")
	}
}
