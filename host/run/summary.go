package run

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/sampan-mc/sampan/host/record"
	"github.com/sampan-mc/sampan/smc/diag"
	"github.com/sampan-mc/sampan/smc/mcmc"
	"github.com/sampan-mc/sampan/targets"
)

// algorithm is what a run file can ask for: a population along a path, or plain chains.
type algorithm interface {
	run(ctx context.Context) (outcome, error)
	// again runs it anew from the start, in memory.
	again(ctx context.Context) (outcome, error)
	// lastStages runs the last recorded step of each stream again and compares the bytes; skipped are those it could not.
	lastStages(ctx context.Context, v record.View) (checks []Check, skipped []string, err error)
}

// outcome is what an algorithm gave.
type outcome interface {
	posterior(ctx context.Context) (*posterior, error)
	draws(post *posterior) *record.Draws
	digest(d *record.Digest)
	tally() mcmc.Tally
	told() []mcmc.Finding
	rhat(chains [][]float64) float64
	observables(t targets.Observed, post *posterior) []record.Observable
	// describe fills in what only this kind of algorithm has. The variables are there already.
	describe(sum *record.Summary, post *posterior)
	compareLogZ(k targets.Known, e *record.Error)
}

// information are the codes of findings that tell, but do not warn.
var information = []string{"log-z-unbiased", "log-z-consistent", "unseen-modes", "transport-replaced", "beside", "beside-too-small", "artefact-of-another-config"}

// digestOf is the digest of everything that must not depend on workers, restarts and resumes.
func digestOf(o outcome) string {
	d := record.NewDigest()
	o.digest(d)
	t := o.tally()
	d.Count("evals/density", t.Density)
	d.Count("evals/gradient", t.Gradient)
	return d.String()
}

// emptySummary says which run it is, and nothing of its results.
func (s *session) emptySummary() *record.Summary {
	nan := record.Float(math.NaN())
	return &record.Summary{
		Schema: record.SummarySchema, Version: Version, Seed: uint64(s.conf.Seed), Target: s.target.Facts.Name, Sampler: s.conf.Sampler.Use,
		LogZ: nan, LogZSE: nan, LogZErrors: []record.LogZError{}, ESS: nan, ESSFraction: nan, ParetoK: nan,
		Seconds: s.seconds().summary(), Variables: record.Variables{}, Findings: []record.Finding{}, Warnings: []string{},
	}
}

// summary sums up a run that is done.
func (s *session) summary(o outcome, post *posterior) *record.Summary {
	sum := s.emptySummary()
	sum.Status, sum.Digest = record.StatusDone, digestOf(o)
	t := o.tally()
	sum.Evals = record.Evals{Density: t.Density, Gradient: t.Gradient}
	for j, name := range post.names() {
		chains := post.column(j)
		sum.Variables = append(sum.Variables, record.VariableOf(name, diag.Summarize(chains), o.rhat(chains)))
	}
	for _, f := range append(append([]mcmc.Finding{}, s.findings...), o.told()...) {
		sum.Findings = append(sum.Findings, record.Finding{Code: f.Code, Text: f.Text})
	}
	if t, ok := targets.As[targets.Observed](s.target.Known); ok {
		sum.Observables = o.observables(t, post)
	}
	o.describe(sum, post)
	sum.Error = compare(o, s.target.Density.Info().Known, sum.Variables)
	for _, f := range sum.Findings {
		if !slices.Contains(information, f.Code) {
			sum.Warnings = append(sum.Warnings, f.Text)
		}
	}
	sum.Modes = s.modes(post, sum)
	sum.Seconds = s.seconds().summary()
	return sum
}

// modes compares the draws with the modes of the target. Moves do not take particles from mode to mode, so a population is
// worth as many draws as it has ancestors.
func (s *session) modes(post *posterior, sum *record.Summary) *record.Modes {
	n, d := post.chains*post.draws, s.transform.Dim()
	worth := float64(sum.ESS)
	if a := sum.Ancestors; a != nil {
		worth = min(worth, float64(a.Effective))
	}
	return modesOf(s.target.Known, n, func(i int) []float64 { return post.x[i*post.width:][:d] }, nil, worth)
}

// modesOf compares n points on the declared scale, with log weights unless these are nil, worth so many independent draws,
// with the modes of target, where those are known; nil if they are not.
func modesOf(target targets.Density, n int, at func(int) []float64, logW []float64, worth float64) *record.Modes {
	known := targets.ModesOf(target)
	if known == nil || len(known.ModeWeights()) == 0 {
		return nil
	}
	weights, mode := known.ModeWeights(), make([]int, n)
	for i := range mode {
		mode[i] = known.Mode(at(i))
	}
	shares := diag.ModeShares(mode, len(weights), logW)
	return &record.Modes{
		Of: len(weights), Found: diag.ModesFound(shares, weights), TotalVariation: record.Float(diag.TotalVariation(shares, weights)),
		Sampled: record.Float(diag.SampledVariation(weights, worth)),
	}
}

// compare sets the results against what is known of the target; nil if nothing is.
func compare(o outcome, k targets.Known, vars record.Variables) *record.Error {
	nan := record.Float(math.NaN())
	e := &record.Error{LogZ: nan, LogZKnown: nan, LogZKnownSE: nan, LogZDeviation: nan, MeanMax: nan, SDMax: nan, Source: k.Source}
	if math.IsNaN(k.LogZ) && k.Mean == nil && k.SD == nil {
		return nil
	}
	if !math.IsNaN(k.LogZ) {
		o.compareLogZ(k, e)
	}
	worst := func(now record.Float, v float64) record.Float {
		if v = math.Abs(v); v > float64(now) || (math.IsNaN(float64(now)) && !math.IsNaN(v)) {
			return record.Float(v)
		}
		return now
	}
	for j := range k.SD {
		sd := k.SD[j]
		e.SDMax = worst(e.SDMax, float64(vars[j].SD)/sd-1)
		if k.Mean != nil {
			e.MeanMax = worst(e.MeanMax, (float64(vars[j].Mean)-k.Mean[j])/sd)
		}
	}
	return e
}

// record is the posterior as it is written to draws.zarr.
func (p *posterior) record() *record.Draws {
	d := &record.Draws{Params: append(append([]targets.Param{}, p.params...), p.outputs...), Version: Version, Created: time.Now()}
	for c := range p.chains {
		d.Posterior = append(d.Posterior, p.x[c*p.draws*p.width:(c+1)*p.draws*p.width])
	}
	return d
}
