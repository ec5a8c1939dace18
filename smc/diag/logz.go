package diag

import "math"

// LogZError is one estimate of the standard error of log Z.
type LogZError struct {
	Method  string  // Genealogical, ImportanceSampling or AcrossIslands
	Value   float64 // standard error of the combined log Z; NaN if the method gives none
	Trusted bool
	Reason  string  // why, in a plain sentence
	DF      float64 // degrees of freedom of Value, for Student's t; +Inf for the normal
}

// The methods.
const (
	MethodGenealogical = "genealogical"
	MethodImportance   = "importance-sampling"
	MethodIslands      = "across-islands"
)

// CombineLogZ joins the islands' estimates: log Σ (N_m/N) exp(logZ_m). The estimates of Z, not of log Z, are unbiased,
// so these are averaged, with weights in proportion to the islands' sizes n.
func CombineLogZ(logZ []float64, n []int) float64 {
	if len(logZ) != len(n) {
		panic(badLength)
	}
	total := 0
	for _, k := range n {
		total += k
	}
	terms := make([]float64, len(logZ))
	for m := range logZ {
		terms[m] = logZ[m] + math.Log(float64(n[m])/float64(total))
	}
	return LogSumExp(terms)
}
