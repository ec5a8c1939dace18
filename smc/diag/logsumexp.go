package diag

import "math"

// LogSumExp returns log Σ exp(x_i). It is −Inf for an empty slice and for one of −Inf only, NaN if any value is NaN,
// and otherwise +Inf if any value is +Inf. The largest term is left out of the sum and put back through log1p, so the
// result is right to the last digits even where one term all but swallows the others.
func LogSumExp(x []float64) float64 {
	top, at := maxAt(x)
	if math.IsInf(top, 0) || math.IsNaN(top) {
		return top
	}
	var rest float64
	for i, v := range x {
		if i != at {
			rest += math.Exp(v - top)
		}
	}
	return top + math.Log1p(rest)
}

// LogMeanExp returns log of the mean of exp(x_i), with LogSumExp's edge cases; −Inf for an empty slice.
func LogMeanExp(x []float64) float64 {
	if len(x) == 0 {
		return math.Inf(-1)
	}
	return LogSumExp(x) - math.Log(float64(len(x)))
}

// maxAt returns the largest value and its first place; NaN if any value is NaN, −Inf and −1 if there is none.
func maxAt(x []float64) (top float64, at int) {
	top, at = math.Inf(-1), -1
	for i, v := range x {
		if math.IsNaN(v) {
			return v, i
		}
		if v > top || at < 0 {
			top, at = v, i
		}
	}
	return top, at
}
