package targets

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// pointsFile is the reference values of one catalogue entry, computed by automatic differentiation in another language.
type pointsFile struct {
	Dim  int
	LogZ *float64
	X    [][]float64
	LogP []float64
	Grad [][]float64
}

func readPoints(file string) (p pointsFile, err error) {
	raw, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(raw, &p)
	}
	return p, err
}

// TestReferencePoints holds every catalogue entry that has reference points to them. Of the large files testdata keeps a
// few points only; the whole files are read where the shared reference lies beside the repository.
func TestReferencePoints(t *testing.T) {
	for name := range referencePoints {
		t.Run(name, func(t *testing.T) {
			p, err := readPoints(filepath.Join("testdata", "points", name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			agree(t, name, nil, p)
			t.Run("all", func(t *testing.T) {
				p, err := readPoints(filepath.Join("..", "..", "shared", "reference", "targets", "points", name+".json"))
				if errors.Is(err, fs.ErrNotExist) {
					t.Skip("the shared reference is not beside the repository")
				}
				if err != nil {
					t.Fatal(err)
				}
				agree(t, name, nil, p)
			})
		})
	}
}

// agree asks for 1e-10 relative to max(1, |value|), in the log density and every entry of the gradient.
func agree(t *testing.T, name string, config map[string]any, p pointsFile) {
	t.Helper()
	d, err := New(name, config, "")
	if err != nil {
		t.Fatal(err)
	}
	if in := d.Info(); in.Dim() != p.Dim || in.Name != name || len(p.X) == 0 {
		t.Fatalf("describes itself as %s of dimension %d, wanted dimension %d; %d points", in.Name, in.Dim(), p.Dim, len(p.X))
	}
	b := NewBatch(len(p.X), p.Dim, LogP|Grad)
	for i, x := range p.X {
		copy(b.X[i*p.Dim:], x)
	}
	if err := d.Eval(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	far := func(got, want float64) bool { return !(math.Abs(got-want) <= 1e-10*math.Max(1, math.Abs(want))) }
	for i := range p.X {
		if b.Status[i] != OK || far(b.LogP[i], p.LogP[i]) {
			t.Errorf("point %d: log density %v (%v), reference %v", i, b.LogP[i], b.Status[i], p.LogP[i])
		}
		for j, want := range p.Grad[i] {
			if got := b.Grad[i*p.Dim+j]; far(got, want) {
				t.Errorf("point %d: gradient[%d] %v, reference %v", i, j, got, want)
			}
		}
	}
	if k := d.Info().Known; p.LogZ != nil && !(math.Abs(k.LogZ-*p.LogZ) <= 1e-9+k.LogZErr) {
		t.Errorf("log Z %v ± %v, reference %v", k.LogZ, k.LogZErr, *p.LogZ)
	}
}

// referencePoints names the entries that must be checked, so that a lost entry is noticed.
var referencePoints = func() map[string]bool {
	m := map[string]bool{}
	for _, n := range strings.Fields(`gmm9 gmm40_fab gmm40_jax random_mixture_d5_seed7
		many_well_d5_m5_delta4 many_well_d50_m5_delta2 funnel10 coupled_many_well_d5_delta4_c0.3 banana_b0.03_s10 banana_b1_s1 rings3 rings_cos rosenbrock_d2_b100 rosenbrock_d4_b10
		phi4_2x2_kappa0.3 phi4_4x4_kappa0.2 phi4_4x4_kappa0.3 phi4_6x8_kappa0.25 phi4_8x8_kappa0.3 phi4_16x16_kappa0.3
		sonar ionosphere pima german_credit_prior10 german_credit_noprior german_credit_std brownian seeds`) {
		m[n] = true
	}
	return m
}()

func TestCatalogueHasReferencePoints(t *testing.T) {
	have := map[string]bool{}
	for _, e := range List() {
		have[e.Name] = true
	}
	for n := range referencePoints {
		if !have[n] {
			t.Errorf("%s is missing from the catalogue", n)
		}
	}
}
