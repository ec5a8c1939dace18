package targets

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/sampan-mc/sampan/vec/rng"
)

// TestCoxReferencePoints needs the pines, which are not part of the repository for their licence.
func TestCoxReferencePoints(t *testing.T) {
	reference := filepath.Join("..", "..", "shared", "reference", "targets")
	pines := filepath.Join(reference, "data", "finpines.csv")
	if _, err := os.Stat(pines); errors.Is(err, fs.ErrNotExist) {
		t.Skip("the pines lie in the shared reference, which is not beside the repository")
	}
	for _, name := range []string{"lgcp32_white", "lgcp32_latent", "lgcp40_white", "lgcp40_latent"} {
		if testing.Short() && name != "lgcp32_white" {
			continue
		}
		p, err := readPoints(filepath.Join(reference, "points", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		agree(t, name, map[string]any{"csv": pines}, p)
	}
}

// smallCox is a process on 3 × 3 cells, and its covariance.
func smallCox(t *testing.T, whitened bool) (Density, CoxProcess, *mat.SymDense) {
	t.Helper()
	m := CoxProcess{Grid: 3, Counts: []float64{0, 2, 1, 0, 0, 5, 1, 0, 3}, Mean: 1.2, Variance: 0.8, Range: 0.4, Whitened: whitened}
	d, err := NewCoxProcess(m)
	if err != nil {
		t.Fatal(err)
	}
	k := mat.NewSymDense(9, nil)
	for i := range 9 {
		for j := range 9 {
			dx, dy := float64(i/3-j/3)/3, float64(i%3-j%3)/3 // in sides of the square
			k.SetSym(i, j, m.Variance*math.Exp(-math.Sqrt(dx*dx+dy*dy)/m.Range))
		}
	}
	return d, m, k
}

// TestCoxIsTheFormula: the field's density against one that inverts K, and the white one against that.
func TestCoxIsTheFormula(t *testing.T) {
	latent, m, k := smallCox(t, false)
	white, _, _ := smallCox(t, true)
	var chol mat.Cholesky
	chol.Factorize(k)
	prior, err := NewGaussian(constants(9, m.Mean), k, 0)
	if err != nil {
		t.Fatal(err)
	}
	var l mat.TriDense
	chol.LTo(&l)
	const n = 20 // more than two blocks
	w, f, g := NewBatch(n, 9, LogP|Grad|Parts), NewBatch(n, 9, LogP|Grad|Parts), NewBatch(n, 9, LogP)
	rng.NewKey(1, "white", 0).Normals(w.X, 0, 0, 0)
	for i := range n {
		for j := range 9 {
			f.X[i*9+j] = m.Mean
			for q := range j + 1 {
				f.X[i*9+j] += l.At(j, q) * w.X[i*9+q]
			}
		}
	}
	copy(g.X, f.X)
	for _, e := range []error{white.Eval(context.Background(), w), latent.Eval(context.Background(), f), prior.Eval(context.Background(), g)} {
		if e != nil {
			t.Fatal(e)
		}
	}
	for i := range n {
		lik := 0.0
		for j, c := range m.Counts {
			lik += c*f.X[i*9+j] - math.Exp(f.X[i*9+j])/9
		}
		near(t, "log likelihood", f.LogLik[i], lik, 1e-13)
		near(t, "log likelihood, white", w.LogLik[i], lik, 1e-13)
		near(t, "log prior", f.LogPrior[i], g.LogP[i], 1e-13)
		near(t, "log prior, white", w.LogPrior[i], g.LogP[i]+0.5*chol.LogDet(), 1e-13)
		for q := range 9 { // gradients are each other's by Lᵀ
			v := 0.0
			for j := q; j < 9; j++ {
				v += l.At(j, q) * f.Grad[i*9+j]
			}
			near(t, "gradient", w.Grad[i*9+q], v, 1e-12)
		}
	}
}

func constants(d int, c float64) []float64 {
	v := make([]float64, d)
	fill(v, c)
	return v
}

func TestBin(t *testing.T) {
	window := [4]float64{-5, 5, -8, 2}
	counts, err := bin([]float64{-5, 5, 0, -4.9}, []float64{-8, 2, 1.9, -7.9}, window, 2)
	if got, want := fmt.Sprint(counts), "[2 0 0 2]"; err != nil || got != want {
		t.Errorf("counts %s (%v), wanted %s", got, err, want)
	}
	if _, err := bin([]float64{0}, []float64{2.1}, window, 2); err == nil {
		t.Error("a point outside of the window was counted")
	}
}

// BenchmarkCox is a gradient of the benchmark's size, by block and alone.
func BenchmarkCox(b *testing.B) {
	m := CoxProcess{Grid: 40, Counts: make([]float64, 1600), Mean: coxMean, Variance: coxVariance, Range: coxRange, Whitened: true}
	d, err := NewCoxProcess(m)
	if err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{1, 64} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			batch := NewBatch(n, 1600, LogP|Grad)
			for b.Loop() {
				if err := d.Eval(context.Background(), batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/point")
		})
	}
}
