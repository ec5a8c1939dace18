package diag

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Headline chooses the one standard error to quote.
//
//  1. The estimate from within the islands (genealogical, importance sampling), if it is trusted and the scatter of the
//     islands does not contradict it. It is the steadiest: with the four islands of the default its degrees of freedom
//     are in the tens or hundreds, where the scatter has three, whose t interval is half as long again and whose
//     standard error is off by more than a factor of two in one run of six.
//  2. The scatter across islands, if that is trusted. It takes over when the islands disagree by more than their
//     genealogies allow, as when each has seen other modes.
//     But heavy tails make the error of importance sampling too small, if anything: scatter that is smaller still is luck.
//  3. The largest there is, not to be trusted. If there is none, an untrusted NaN.
func Headline(errors []LogZError) LogZError {
	within, across, largest := LogZError{Value: math.NaN()}, LogZError{Value: math.NaN()}, LogZError{Value: math.NaN(), DF: math.NaN()}
	for _, e := range errors {
		if e.Method == MethodIslands {
			across = e
		} else if e.Trusted || !within.Trusted {
			within = e
		}
		if e.Value > largest.Value || math.IsNaN(largest.Value) {
			largest = e
		}
	}
	switch {
	case within.Trusted && !contradict(within, across):
		return within
	case across.Trusted && !(within.Method == MethodImportance && within.Value > across.Value):
		return across
	}
	if largest.Trusted { // a trusted one that the others contradict
		largest.Trusted = false
		largest.Reason = "the estimates contradict each other"
	}
	return largest
}

// contradictAt is the chance at which the estimates are said to contradict each other though both are right.
const contradictAt = 1e-3

// contradict reports whether islands scatter more than the estimate from within them allows, by an F test.
func contradict(within, across LogZError) bool {
	if math.IsNaN(within.Value) || math.IsNaN(across.Value) || across.Value <= within.Value {
		return false
	}
	if within.Value == 0 {
		return true
	}
	ratio := across.Value * across.Value / (within.Value * within.Value)
	df := math.Min(within.DF, 1e6) // the F law with an infinite second parameter is its limit
	return distuv.F{D1: across.DF, D2: df}.Survival(ratio) < contradictAt
}

// Disagreement returns a plain sentence if the estimates contradict each other, and nothing if they do not.
func Disagreement(errors []LogZError) string {
	for _, across := range errors {
		for _, within := range errors {
			if across.Method == MethodIslands && within.Method != MethodIslands && contradict(within, across) {
				return fmt.Sprintf("the islands' estimates of log Z differ by more than each island's own error allows "+
					"(standard error %.3g across islands, %.3g %s): they have seen different parts of the target, "+
					"or move too slowly within it", across.Value, within.Value, within.Method)
			}
		}
	}
	return ""
}

// Interval returns the central interval for log Z at the given level, such as 0.9, from its estimate, the estimate's
// standard error and that error's degrees of freedom (+Inf: normal).
//
// Ẑ is unbiased, so log Ẑ lies low, by se²/2 where Ẑ is log-normal; the interval is centred there, and no further up
// than by one half, since for a standard error above one no such formula means much.
func Interval(logZ, se, df, level float64) (low, high float64) {
	centre := logZ + math.Min(se*se, 1)/2
	half := se * studentQuantile((1+level)/2, df)
	return centre - half, centre + half
}

func studentQuantile(p, df float64) float64 {
	if df > 1e6 { // the normal to six digits, and beyond the range of the incomplete beta function
		return distuv.UnitNormal.Quantile(p)
	}
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}.Quantile(p)
}
