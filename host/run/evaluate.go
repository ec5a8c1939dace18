package run

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"

	"github.com/sampan-mc/sampan/host/record"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/smc/diag"
	"github.com/sampan-mc/sampan/smc/mcmc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// Evaluation is what a trained transport is worth: its whole path, neither resampled nor moved, on fresh particles. What
// cannot be had is null.
type Evaluation struct {
	Target     string        `json:"target"`
	Transport  string        `json:"transport"`
	Particles  int           `json:"particles"`
	ESS        record.Float  `json:"ess"`         // of the weights, as a fraction
	ESSForward record.Float  `json:"ess_forward"` // of exact draws sent back, likewise
	ParetoK    record.Float  `json:"pareto_k"`
	LogZ       record.Float  `json:"log_z"`       // log of the mean weight
	LogZSE     record.Float  `json:"log_z_se"`    // by the variance of the weights
	LogZLower  record.Float  `json:"log_z_lower"` // mean log weight
	LogZUpper  record.Float  `json:"log_z_upper"` // the same of exact draws sent back
	LogZKnown  record.Float  `json:"log_z_known"`
	DeltaLogZ  record.Float  `json:"delta_log_z"`     // |log_z_lower − log_z_known|, the gap of the evidence bound
	W2         record.Float  `json:"w2"`              // transport distance of the unweighted end points from exact draws, of 2000 each
	W2Floor    record.Float  `json:"w2_floor"`        // the same of exact draws from others
	DeltaStd   record.Float  `json:"delta_std"`       // mean over coordinates of |sd of the unweighted end points − that of exact draws|
	Modes      *record.Modes `json:"modes,omitempty"` // of the end points, weighted
	Pilot      evals         `json:"pilot_evals"`
	Evals      evals         `json:"evals"` // of the training
	Seconds    trainSeconds  `json:"seconds"`
	Iterations int           `json:"iterations"`
	Warnings   []string      `json:"warnings"`
	Artefact   string        `json:"artefact"` // its folder
	Hash       string        `json:"hash"`
	Picture    string        `json:"picture"` // of the densities on the way, a file
}

type trainSeconds struct {
	Total record.Float `json:"total"`
	Pilot record.Float `json:"pilot"`
	Train record.Float `json:"train"`
}

// Encode is the evaluation as JSON.
func (e *Evaluation) Encode() ([]byte, error) {
	text, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("evaluation: %w", err)
	}
	return append(text, '\n'), nil
}

// transported is how many points the transport distance is computed from: its time and memory grow with the square.
const transported = 2000

// evaluate sends fresh particles through the transport, and exact draws of the target back, where those can be had.
func (h *hybridRun) evaluate(ctx context.Context) (*Evaluation, error) {
	cfg, n := h.cfg, h.knobs().Train.Evaluate
	cfg.Seed = rng.NewKey(cfg.Seed, "evaluate", 0).Uint64()
	cfg.Particles, cfg.Islands, cfg.Threshold, cfg.Move.Steps = n, 1, 0, 0
	cfg.AsIs, cfg.OnTheFly, cfg.Tempered = true, true, nil
	cfg.Move.Kernel = mcmc.Kernel{Kind: mcmc.RWM} // nothing is moved, so no gradients are needed
	res, err := smc.Run(ctx, h.ref, h.density, cfg, smc.Hooks{Workers: 1})
	if err != nil {
		return nil, fmt.Errorf("evaluate the transport: %w", err)
	}
	p := res.Islands[0].Particles
	m, known, nan := h.manifest, h.density.Info().Known, record.Float(math.NaN())
	e := &Evaluation{
		Target: h.target.Facts.Name, Transport: h.carrier.Info().Name, Particles: n,
		ESS: record.Float(res.ESS / float64(n)), ESSForward: nan, ParetoK: record.Float(res.ParetoK),
		LogZ: record.Float(res.LogZ), LogZSE: record.Float(res.Headline.Value), LogZLower: record.Float(diag.LowerBound(p.LogW)), LogZUpper: nan,
		LogZKnown: record.Float(known.LogZ), W2: nan, W2Floor: nan, DeltaStd: nan,
		Pilot: m.Pilot, Evals: m.Training.Evals, Iterations: m.Training.Steps, Warnings: m.Training.Warnings,
		Artefact: h.folder.Path(artefactFolder), Hash: m.hash(), Picture: h.folder.Path(filepath.Join(artefactFolder, pictureFile)),
	}
	e.DeltaLogZ = record.Float(diag.BoundGap(p.LogW, known.LogZ))
	x := make([]float64, p.D)
	e.Modes = modesOf(h.target.Known, p.N, func(i int) []float64 {
		h.transform.Constrain(1, p.X[i*p.D:(i+1)*p.D], x)
		return x
	}, p.LogW, res.ESS)
	if err := h.evaluateBack(ctx, e, p, cfg.Seed); err != nil {
		return nil, err
	}
	e.Seconds = trainSeconds{record.Float(h.seconds().Total), record.Float(h.phases.seconds(phasePilot)), record.Float(h.phases.seconds(phaseTrain))}
	return e, nil
}

// evaluateBack compares with exact draws of the target, and sends them back through the segments for the upper bound.
func (h *hybridRun) evaluateBack(ctx context.Context, e *Evaluation, ends *smc.Particles, seed uint64) error {
	plain, _, err := targets.Unconstrain(h.target.Density)
	if err != nil {
		return err
	}
	exact, ok := targets.As[targets.Sampler](plain)
	if !ok {
		return nil
	}
	n, d := ends.N, ends.D
	y := targets.NewBatch(n, d, targets.LogP)
	if err := exact.Sample(ctx, 0, n, rng.NewKey(seed, "evaluate/exact", 0), y.X); err != nil {
		return fmt.Errorf("exact draws of the target: %w", err)
	}
	sd := make([]float64, d)
	for j := range sd {
		column := make([]float64, n)
		for i := range column {
			column[i] = y.X[i*d+j]
		}
		sd[j] = diag.SD([][]float64{column})
	}
	e.DeltaStd = record.Float(diag.DeltaStd(ends.X, sd))
	if m := min(n/2, transported); m > 0 {
		half := y.X[:m*d]
		e.W2 = record.Float(diag.SinkhornW2(ends.X[:m*d], half, d, workers(h.conf)))
		e.W2Floor = record.Float(diag.SinkhornW2(y.X[m*d:2*m*d], half, d, workers(h.conf)))
	}
	back, ok := h.carrier.Transport.(smc.Backward)
	if !ok {
		return nil
	}
	if err := h.density.Eval(ctx, y); err != nil {
		return err
	}
	logW, _, err := smc.SendBack(ctx, back, h.ref, n, y.X, y.LogP, seed)
	if err != nil {
		return err
	}
	e.LogZUpper, e.ESSForward = record.Float(diag.UpperBound(logW)), record.Float(diag.ForwardESS(logW))
	return nil
}
