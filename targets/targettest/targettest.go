// Package targettest is the suite that every density must pass: built-in targets, plain functions, plugins.
//
// Check runs it in a test. Run gives the findings themselves, for programs such as a plugin checker. What it looks at,
// in this order:
//
//	info         the description is complete and fits itself
//	shapes       batches of no, one and many points; requests that must be refused
//	purity       the same batch gives the same bytes, and its points are left alone
//	batch        a point's answer does not depend on the others in the batch, nor on their order
//	gradient     against central differences
//	parts        log prior and log likelihood, and their gradients, each right and adding up
//	status       NaN, infinite points and points outside the support are told by the status, and spoil no other row
//	transform    the integral over a positive coordinate is the same on both scales
//	draws        a draw depends on key and slot only, and lies in the support
//	score        over exact draws E ∇log p = 0 and E u ∂log p/∂u = −1, on the unconstrained scale; likewise for the prior
//	moments      exact draws against the known means and standard deviations
//	log-z        the known integral against importance sampling, in low dimension
//	outputs      derived quantities fill their width, row by row
//	concurrency  many calls at once give the same bytes; run it under the race detector
//
// A check whose ground has failed already is left out: what it would say would mislead. The three statistical checks
// have a false-alarm rate of 1e-6 each, for a density that is right; with the fixed seed of Options they always say
// the same.
package targettest

import (
	"context"
	"fmt"

	"github.com/sampan-mc/sampan/targets"
)

// Options adapt the suite to a density. The zero value is right for an exact density with draws of its own.
type Options struct {
	Points    []float64 // n×d points on the declared scale to look at besides random ones
	Scale     float64   // standard deviation of the random points on the unconstrained scale; 0: 1
	BatchTol  float64   // difference allowed between batched and single rows, relative to max(1, |value|); 0: the same bits
	GradTol   float64   // error allowed to a gradient, relative to max(1, |value|); 0: 1e-6
	Draws     int       // number of draws of the statistical checks; 0: 4096
	HeavyTail bool      // second moments are not tested: their estimate has no useful normal bound
	LogZDim   int       // highest dimension in which log Z is estimated; 0: 6
	Seed      uint64
}

// Result is the outcome of one check.
type Result struct {
	Check    string
	Skipped  string   // why it was not run; empty if it was
	Failures []string // empty: passed
}

// T is what Check needs of a *testing.T.
type T interface {
	Helper()
	Errorf(format string, args ...any)
}

// Check runs the suite on d and reports every failure to t, the name of the check first.
func Check(t T, d targets.Density, o Options) {
	t.Helper()
	for _, r := range Run(context.Background(), d, o) {
		for _, f := range r.Failures {
			t.Errorf("%s: %s", r.Check, f)
		}
	}
}

// Run runs the suite on d.
func Run(ctx context.Context, d targets.Density, o Options) []Result {
	s := &suite{ctx: ctx, d: d, in: d.Info(), o: o.withDefaults()}
	var out []Result
	failed := map[string]bool{}
	for _, c := range checks {
		r := Result{Check: c.name}
		for _, n := range c.needs {
			if failed[n] {
				r.Skipped = "needs " + n
			}
		}
		if r.Skipped == "" {
			s.failures, s.skipped = nil, ""
			c.run(s)
			r.Failures, r.Skipped = s.failures, s.skipped
		}
		failed[c.name] = len(r.Failures) > 0
		out = append(out, r)
	}
	return out
}

var checks = []struct {
	name  string
	needs []string
	run   func(*suite)
}{
	{"info", nil, (*suite).info},
	{"shapes", []string{"info"}, (*suite).shapes},
	{"purity", []string{"info", "shapes"}, (*suite).purity},
	{"batch", []string{"info", "shapes", "purity"}, (*suite).batch},
	{"gradient", []string{"info", "shapes", "purity", "batch"}, (*suite).gradient},
	{"parts", []string{"info", "shapes", "purity", "batch", "gradient"}, (*suite).parts},
	{"status", []string{"info", "shapes", "purity", "batch"}, (*suite).status},
	{"transform", []string{"info", "shapes", "purity", "batch"}, (*suite).transform},
	{"draws", []string{"info", "shapes"}, (*suite).draws},
	{"score", []string{"info", "shapes", "purity", "batch", "gradient", "parts", "draws"}, (*suite).score},
	{"moments", []string{"info", "shapes", "draws"}, (*suite).moments},
	{"log-z", []string{"info", "shapes", "purity", "batch", "draws"}, (*suite).logZ},
	{"outputs", []string{"info"}, (*suite).outputs},
	{"concurrency", []string{"info", "shapes", "purity", "batch"}, (*suite).concurrency},
}

func (o Options) withDefaults() Options {
	if o.Scale == 0 {
		o.Scale = 1
	}
	if o.GradTol == 0 {
		o.GradTol = 1e-6
	}
	if o.Draws == 0 {
		o.Draws = 4096
	}
	if o.LogZDim == 0 {
		o.LogZDim = 6
	}
	return o
}

type suite struct {
	ctx      context.Context
	d        targets.Density
	in       targets.Info
	o        Options
	failures []string
	skipped  string
}

// failf records a failure; after the fourth of a check only their number would grow, so they are dropped.
func (s *suite) failf(format string, args ...any) {
	if len(s.failures) < 4 {
		s.failures = append(s.failures, fmt.Sprintf(format, args...))
	}
}

func (s *suite) skipf(format string, args ...any) { s.skipped = fmt.Sprintf(format, args...) }
