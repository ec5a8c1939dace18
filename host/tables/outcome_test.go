package tables

import (
	"context"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/smc/diag"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// outcome is what a row reached.
type outcome struct {
	Row  string
	Seed int

	ESS, LogZ, Gap float64 // log Z less the known value; the known value less the lower bound
	LogZErr        float64 // standard error of log Z
	Modes, Of      int     // found, by weight
	Variation      float64 // of the modes' weights
	Pilot, Train   float64 // CPU seconds
	Looks          float64 // of the training's own evaluations
	Evaluate       float64
	Evaluations    int64 // of the target, by pilot and training
	Steps          int
	Paths          int
	ParetoK        float64
	Warnings       []string
	Failed         string
	BackwardESS    float64 `json:",omitempty"`

	Beside    []beside   `json:",omitempty"` // tempering, held against a row's own way to log Z
	KnownErr  float64    `json:",omitempty"` // standard error of the known value, where that is an estimate
	Hybrid    *hybrid    `json:",omitempty"`
	Prototype *prototype `json:",omitempty"`
}

const (
	chunk = 1024

	countable = 20 // effective paths that a mode must expect, to be told found or missing
)

// weigh sends fresh particles down the path.
func (o *outcome) weigh(ctx context.Context, t smc.Transport, target targets.Density, seed int) error {
	d, known := target.Info().Dim(), target.Info().Known.LogZ
	modal := targets.ModesOf(target)
	key := rng.NewKey(uint64(seed), "fresh", 0)
	lw := make([]float64, 0, o.Paths)
	mode := make([]int, 0, o.Paths)
	for at := 0; at < o.Paths; at += chunk {
		n := min(chunk, o.Paths-at)
		in, out := smc.NewParticles(n, d, 0), smc.NewParticles(n, d, 0)
		in.First, out.First = at, at
		if err := t.Reference().Sample(ctx, at, n, key, in.X); err != nil {
			return err
		}
		status := make([]targets.Status, n)
		start := targets.Batch{N: n, D: d, Want: targets.LogP, X: in.X, LogP: make([]float64, n), Status: make([]targets.Status, n)}
		if err := t.Reference().Eval(ctx, &start); err != nil {
			return err
		}
		part := make([]float64, n)
		ratio := make([]float64, n)
		for k := range t.Cuts() {
			if err := t.Segment(ctx, k+1, in, out, ratio, status, rng.NewKey(uint64(seed), "fresh/moves", k)); err != nil {
				return err
			}
			for i := range part {
				part[i] += ratio[i]
			}
			in, out = out, in
		}
		end := targets.Batch{N: n, D: d, Want: targets.LogP, X: in.X, LogP: make([]float64, n), Status: make([]targets.Status, n)}
		if err := target.Eval(ctx, &end); err != nil {
			return err
		}
		for i := range part {
			l := part[i] + end.LogP[i] - start.LogP[i]
			if math.IsNaN(l) {
				l = math.Inf(-1)
			}
			lw = append(lw, l)
			if modal != nil {
				mode = append(mode, modal.Mode(in.X[i*d:(i+1)*d]))
			}
		}
	}
	n := float64(len(lw))
	o.ESS = diag.WeightESS(lw) / n
	o.LogZ = diag.LogMeanExp(lw) - known
	o.LogZErr = math.Sqrt((1/o.ESS - 1) / n)
	o.Gap = known - diag.LowerBound(lw)
	o.ParetoK = diag.ParetoK(lw)
	if modal != nil {
		o.judgeModes(modal.ModeWeights(), mode, lw, n*o.ESS)
	}
	return nil
}

// judgeModes tells which modes were found by weighted points, of which so many are effective.
func (o *outcome) judgeModes(weights []float64, mode []int, lw []float64, effective float64) {
	o.Modes, o.Of = 0, 0
	shares := diag.ModeShares(mode, len(weights), lw)
	o.Variation = diag.TotalVariation(shares, weights)
	for i, w := range weights {
		if w*effective < countable {
			continue
		}
		o.Of++
		if shares[i] > w/2 {
			o.Modes++
		}
	}
}

// faults lists the gates that an outcome misses.
func (r row) faults(o *outcome) (out []string) {
	if o.Failed != "" {
		return []string{o.Failed}
	}
	switch {
	case r.contest != nil:
		return r.contest.missed(o)
	case r.race != nil:
		return o.behind()
	}
	if o.ESS < r.demanded {
		out = append(out, fmt.Sprintf("effective sample size %.4f, demanded %.4f", o.ESS, r.demanded))
	}
	if !r.biased && math.Abs(o.LogZ) > math.Max(0.01, 3*o.LogZErr) {
		out = append(out, fmt.Sprintf("log Z off by %+.4f, standard error %.4f", o.LogZ, o.LogZErr))
	}
	if r.demanded > 0 && o.Gap > -0.5*math.Log(r.demanded)+0.05 {
		out = append(out, fmt.Sprintf("lower bound %.3f below log Z, allowed %.3f", o.Gap, -0.5*math.Log(r.demanded)+0.05))
	}
	if o.Of > 0 && !r.noModes && (o.Modes < o.Of || o.Variation > 0.03) {
		out = append(out, fmt.Sprintf("%d of %d modes, weights off by %.3f in total variation", o.Modes, o.Of, o.Variation))
	}
	if r.seconds > 0 && o.Pilot+o.Train > r.seconds {
		out = append(out, fmt.Sprintf("%.0f CPU seconds, allowed %.0f", o.Pilot+o.Train, r.seconds))
	}
	if o.Hybrid != nil {
		out = append(out, o.Hybrid.missed()...)
	}
	return out
}
