package diag_test

import (
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/smc/diag"
	"github.com/sampan-mc/sampan/vec/rng"
)

func ExampleSummarize() {
	draws := make([][]float64, 4) // four chains of independent normals
	for c := range draws {
		draws[c] = make([]float64, 1000)
		rng.NewKey(1, "example", c).Normals(draws[c], 0, 0, 0)
	}
	s := diag.Summarize(draws)
	fmt.Printf("mean %.2f ± %.3f, R-hat %.3f, bulk ESS %.0f of 4000\n", s.Mean, s.MCSEMean, s.Rhat, s.ESSBulk)
	// Output: mean -0.02 ± 0.016, R-hat 1.000, bulk ESS 3911 of 4000
}

func ExampleHeadline() {
	// Four islands that never resampled, each with its log weights.
	islands := make([]diag.Island, 4)
	logZ, sizes := make([]float64, 4), make([]int, 4)
	for m := range islands {
		w, lineage := make([]float64, 500), make([]int32, 500)
		rng.NewKey(1, "example", m).Normals(w, 0, 0, 0)
		for i := range w {
			w[i] = 0.5*w[i] - 0.125 // log-normal weights of mean one: log Z is 0
			lineage[i] = int32(i)
		}
		islands[m] = diag.Island{LogZ: diag.LogMeanExp(w), LogW: w, Lineage: lineage}
		logZ[m], sizes[m] = islands[m].LogZ, len(w)
	}
	h := diag.Headline(diag.LogZErrors(islands))
	combined := diag.CombineLogZ(logZ, sizes)
	low, high := diag.Interval(combined, h.Value, h.DF, 0.9)
	fmt.Printf("log Z = %.3f ± %.3f (%s), 90 %% in [%.3f, %.3f]: %v\n", combined, h.Value, h.Method, low, high, math.Abs(combined) < 3*h.Value)
	// Output: log Z = -0.003 ± 0.012 (importance-sampling), 90 % in [-0.023, 0.017]: true
}
