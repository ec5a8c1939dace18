package diag

import (
	"math"
	"testing"

	"github.com/sampan-mc/sampan/vec/rng"
)

// TestSplittingSeesATrend: chains that drift alike agree with each other as wholes; only their halves differ. An R-hat
// without the split is the wrong twin.
func TestSplittingSeesATrend(t *testing.T) {
	x := caseNamed(t, "s10_trend")
	if got := RhatBasic(x); got < 1.1 {
		t.Errorf("split R-hat %v of a trend", got)
	}
	if got := rhat(x); got > 1.01 {
		t.Errorf("R-hat without split %v: the case no longer tells them apart", got)
	}
}

// TestFoldingSeesScale: chains of one location and different scale. The basic R-hat is the wrong twin.
func TestFoldingSeesScale(t *testing.T) {
	x := caseNamed(t, "s09_scale")
	if got := Rhat(x); got < 1.1 {
		t.Errorf("R-hat %v of chains of different scale", got)
	}
	if got := RhatBasic(x); got > 1.01 {
		t.Errorf("basic R-hat %v: the case no longer tells them apart", got)
	}
}

// TestNestedRhatWithOneChain: with one chain in a superchain, nested and plain R-hat differ by 1/n in the square.
func TestNestedRhatWithOneChain(t *testing.T) {
	x := caseNamed(t, "s04_ar09")
	superchains := make([][][]float64, len(x))
	for i := range x {
		superchains[i] = x[i : i+1]
	}
	plain, nested := rhat(x), NestedRhat(superchains)
	if got := nested*nested - plain*plain; !near(got, 1/float64(len(x[0])), 1e-12) {
		t.Errorf("squares differ by %v, want 1/%d", got, len(x[0]))
	}
}

// TestNestedRhatOfTwoLevels checks the formula on numbers that can be done by hand.
func TestNestedRhatOfTwoLevels(t *testing.T) {
	superchains := [][][]float64{
		{{0, 2}, {4, 6}}, // chain means 1, 5 (variance 8), chain variances 2, 2; mean 3
		{{1, 3}, {1, 3}}, // chain means 2, 2 (variance 0), chain variances 2, 2; mean 2
	}
	// B = ½, W = ((8 + 2) + (0 + 2))/2 = 6.
	if got, want := NestedRhat(superchains), math.Sqrt(1+0.5/6); !near(got, want, 1e-15) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestIslandRhat: independent islands of n particles have √(1 + F/n) with F of mean about 1; 1 + 10/n is exceeded with
// probability below 1e-7 for five islands (F with 4 and many degrees of freedom above 20). A shift by half a standard
// deviation of one island must be seen.
func TestIslandRhat(t *testing.T) {
	const n = 1000
	islands := make([][]float64, 5)
	for m := range islands {
		islands[m] = make([]float64, n)
		rng.NewKey(1, "island", m).Normals(islands[m], 0, 0, 0)
	}
	if got := IslandRhat(islands); got < 1 || got > 1+10.0/n {
		t.Errorf("independent islands: %v", got)
	}
	for i := range islands[2] {
		islands[2][i] += 0.5
	}
	if got := IslandRhat(islands); got < 1.01 {
		t.Errorf("one island shifted: %v", got)
	}
	if got := IslandRhat([][]float64{{1, 1}, {1, 1}}); !math.IsNaN(got) {
		t.Errorf("constant islands: %v", got)
	}
	if got := IslandRhat(islands[:1]); !math.IsNaN(got) {
		t.Errorf("one island: %v", got)
	}
	islands[0][3] = math.Inf(1)
	if got := IslandRhat(islands); !math.IsNaN(got) {
		t.Errorf("an infinite particle: %v", got)
	}
}

func TestUndefinedIsNaN(t *testing.T) {
	nan := math.NaN()
	for name, x := range map[string][][]float64{
		"none": nil, "empty chain": {{}}, "one draw": {{1}}, "two draws": {{1, 2}}, "constant": {{3, 3, 3, 3, 3, 3, 3, 3}},
		"NaN": {{1, 2, 3, nan, 5, 6, 7, 8}},
	} {
		s := Summarize(x)
		for what, v := range map[string]float64{"rhat": s.Rhat, "ess_bulk": s.ESSBulk, "ess_tail": s.ESSTail, "mcse_mean": s.MCSEMean, "mcse_sd": s.MCSESD, "pareto_k": s.ParetoK} {
			if !math.IsNaN(v) {
				t.Errorf("%s: %s = %v, want NaN", name, what, v)
			}
		}
	}
}
