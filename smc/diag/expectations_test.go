package diag

import (
	"math"
	"testing"

	"github.com/sampan-mc/sampan/vec/rng"
)

// spread is the variance, of the expectations of x and x².
func spread(mean []float64) float64 { return mean[1] - mean[0]*mean[0] }

// weightedCopies is islands of draws from N(0, 1), each drawn twice, weighted to N(½, 1), with the statistics x and x².
// Ancestors are told to be shared by that many particles.
func weightedCopies(islands, n, share int, key rng.Key, run int) (out []Island, rows [][]float64) {
	z := make([]float64, n)
	for m := range islands {
		key.Normals(z, uint32(run), uint32(m), 0)
		s, r := Island{}, []float64{}
		for i := range 2 * n {
			x := z[i/2]
			s.LogW = append(s.LogW, x/2-0.125)
			s.Lineage = append(s.Lineage, int32(i/share))
			r = append(r, x, x*x)
		}
		s.LogZ = LogMeanExp(s.LogW)
		out, rows = append(out, s), append(rows, r)
	}
	return out, rows
}

// TestErrorOfFunctionsOfMeans holds the mean of the squared standard error to the variance over runs. False alarm: both are
// means of 600 runs with relative errors of 6 % and, by eight islands' scatter, 7 %; 30 % is beyond three of their sum. The
// twins take copies for draws, which halves the variance, and one island, from which nothing can be told.
func TestErrorOfFunctionsOfMeans(t *testing.T) {
	const runs = 600
	for _, c := range []struct {
		name           string
		islands, share int
		ok             bool
	}{
		{"by ancestors", 4, 2, true},
		{"by islands", 8, 1200, true},
		{"copies taken for draws", 4, 1, false},
	} {
		var sum, squares, errors float64
		for run := range runs {
			islands, rows := weightedCopies(c.islands, 600, c.share, rng.NewKey(5, c.name, 0), run)
			v, se := OfMeans(spread).Islands(islands, rows, 2)
			sum += v
			squares += v * v
			errors += se * se
		}
		mean := sum / runs
		variance := squares/runs - mean*mean
		if math.Abs(mean-1) > 0.02 {
			t.Errorf("%s: mean %.4f, want 1", c.name, mean)
		}
		if ratio := errors / runs / variance; (math.Abs(ratio-1) < 0.3) != c.ok {
			t.Errorf("%s: mean squared error over variance %.3f, right to be near 1: %v", c.name, ratio, c.ok)
		}
	}
	islands, rows := weightedCopies(1, 600, 1200, rng.NewKey(5, "one", 0), 0)
	if _, se := OfMeans(spread).Islands(islands, rows, 2); !math.IsNaN(se) {
		t.Errorf("one island of one ancestor has a standard error: %v", se)
	}
}

// TestMeanOfChains: of a mean itself the error is that of the mean.
func TestMeanOfChains(t *testing.T) {
	draws := make([][]float64, 4)
	for c := range draws {
		draws[c] = make([]float64, 500)
		rng.NewKey(6, "chains", 0).Normals(draws[c], uint32(c), 0, 0)
	}
	v, se := OfMeans(func(m []float64) float64 { return 3 * m[0] }).Chains(draws, 1)
	if !near(v, 3*Mean(draws), 1e-12) || !near(se, 3*MCSEMean(draws), 1e-6) {
		t.Errorf("found %v ± %v, want %v ± %v", v, se, 3*Mean(draws), 3*MCSEMean(draws))
	}
	for c := range draws {
		for i := range draws[c] {
			draws[c][i] = 2
		}
	}
	if v, se := OfMeans(func(m []float64) float64 { return m[0] }).Chains(draws, 1); !near(v, 2, 1e-9) || se != 0 {
		t.Errorf("of a constant: %v ± %v", v, se)
	}
}
