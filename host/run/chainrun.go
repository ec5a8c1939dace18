package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/host/record"
	"github.com/sampan-mc/sampan/smc/diag"
	"github.com/sampan-mc/sampan/smc/mcmc"
	"github.com/sampan-mc/sampan/smc/mcmc/snapshot"
	"github.com/sampan-mc/sampan/targets"
)

// chainStream is the one stream of a run of chains. Its snapshots are numbered from 0, and with each goes the block of
// draws of the same number, which may be empty.
const chainStream = "chains"

// chainRun is a run of plain chains.
type chainRun struct {
	*session
	cfg mcmc.Config
}

func (c *chainRun) run(ctx context.Context) (outcome, error) {
	var failed error
	next := 0 // number of the next snapshot
	hooks := mcmc.Hooks{
		Save: func(snap []byte, b *mcmc.Block) error {
			if failed != nil {
				return failed
			}
			if err := c.folder.SaveBlock(chainStream, next, encodeBlock(b)); err != nil {
				return err
			}
			err := c.folder.SaveCheckpoint(chainStream, next, snap)
			next++
			return err
		},
		Progress: func(p mcmc.Progress) {
			if err := c.blockDone(p); failed == nil {
				failed = err
			}
		},
		Load: func() ([]byte, []*mcmc.Block, bool) {
			index, snap, ok, err := c.folder.LoadCheckpoint(chainStream)
			var blocks []*mcmc.Block
			if err == nil && ok {
				blocks, err = loadBlocks(c.folder.View, index+1)
				next = index + 1
			}
			failed = err
			return snap, blocks, ok && err == nil
		},
	}
	res, err := mcmc.Run(ctx, c.density, c.cfg, hooks)
	if failed != nil {
		err = failed
	}
	if err != nil {
		return nil, err
	}
	return &chainOutcome{c, res}, nil
}

func (c *chainRun) again(ctx context.Context) (outcome, error) {
	res, err := mcmc.Run(ctx, c.density, c.cfg, mcmc.Hooks{})
	if err != nil {
		return nil, err
	}
	return &chainOutcome{c, res}, nil
}

func (c *chainRun) blockDone(p mcmc.Progress) error {
	points, _ := c.meter.read()
	if c.options.Progress != nil {
		c.options.Progress(chainsProgress(p, points))
	}
	return c.folder.Event(eventIterations, record.Fields{
		"done": p.Iteration, "of": p.Iterations, "warmup": p.Warmup, "acceptance": p.Acceptance, "step": p.Step,
		"divergent": p.Divergent, "seconds": c.seconds().fields(),
	})
}

// errEnough stops the chains after one block.
var errEnough = errors.New("one block is enough")

// lastStages runs the last block of iterations again.
func (c *chainRun) lastStages(ctx context.Context, v record.View) (checks []Check, skipped []string, err error) {
	have, err := v.Checkpoints(chainStream)
	if err != nil || len(have) < 2 {
		return nil, nil, err
	}
	from, to := have[len(have)-2], have[len(have)-1]
	before, err := v.LoadCheckpointAt(chainStream, from)
	if err != nil {
		return nil, nil, err
	}
	after, err := v.LoadCheckpointAt(chainStream, to)
	if err != nil {
		return nil, nil, err
	}
	blocks, err := loadBlocks(v, to+1)
	if err != nil {
		return nil, nil, err
	}
	var same bool
	_, err = mcmc.Run(ctx, c.density, c.cfg, mcmc.Hooks{
		Load: func() ([]byte, []*mcmc.Block, bool) { return before, blocks[:to], true },
		Save: func(snap []byte, b *mcmc.Block) error {
			same = bytes.Equal(snap, after) && bytes.Equal(encodeBlock(b), encodeBlock(blocks[to]))
			return errEnough
		},
	})
	if !errors.Is(err, errEnough) {
		return nil, nil, fmt.Errorf("run the last iterations again: %w", err)
	}
	return []Check{{What: fmt.Sprintf("chains, iterations of snapshot %d", to), Same: same}}, nil, nil
}

// chainOutcome is what it gave.
type chainOutcome struct {
	*chainRun
	*mcmc.Result
}

func (o *chainOutcome) posterior(ctx context.Context) (*posterior, error) {
	return ofChains(ctx, o.Result, o.target.Density, o.transform)
}

func (o *chainOutcome) tally() mcmc.Tally { return o.Result.Tally }

func (o *chainOutcome) told() []mcmc.Finding { return o.Result.Findings }

func (o *chainOutcome) digest(d *record.Digest) {
	d.Floats("chains/x", o.X, o.Draws, o.Chains, o.D)
	d.Floats("chains/log_p", o.LogP, o.Draws, o.Chains)
}

func (o *chainOutcome) draws(post *posterior) *record.Draws {
	out := post.record()
	byChain := func(v []float64) [][]float64 {
		rows := make([][]float64, o.Chains)
		for i, x := range v {
			rows[i%o.Chains] = append(rows[i%o.Chains], x)
		}
		return rows
	}
	diverging := make([]float64, len(o.Divergent))
	for i, is := range o.Divergent {
		if is {
			diverging[i] = 1
		}
	}
	out.Stats = []record.Stat{
		{Name: "lp", Values: byChain(o.LogP)},
		{Name: "acceptance_rate", Values: byChain(o.Accept)},
		{Name: "energy", Values: byChain(o.Energy)},
		{Name: "diverging", Values: byChain(diverging)},
	}
	return out
}

func (o *chainOutcome) rhat(chains [][]float64) float64 { return diag.Rhat(chains) }

// Limits of Vehtari and others (2021): above the first the chains have not mixed, below the second nothing that is
// computed from the draws is worth much.
const (
	rhatLimit = 1.01
	essLimit  = 400
)

// describe fills in the effective sample size of the variable that has the smallest, and warns of chains that have not
// mixed.
func (o *chainOutcome) describe(sum *record.Summary, _ *posterior) {
	worstESS, worstRhat := record.Variable{ESSBulk: record.Float(math.Inf(1))}, record.Variable{}
	for _, v := range sum.Variables {
		if v.ESSBulk < worstESS.ESSBulk {
			worstESS = v
		}
		if v.Rhat > worstRhat.Rhat {
			worstRhat = v
		}
	}
	if worstESS.Name != "" {
		sum.ESS = worstESS.ESSBulk
		sum.ESSFraction = sum.ESS / record.Float(o.Chains*o.Draws)
	}
	if worstRhat.Rhat > rhatLimit {
		sum.Findings = append(sum.Findings, record.Finding{Code: "rhat", Variable: worstRhat.Name, Text: fmt.Sprintf(
			"R-hat of %s is %.3f, above %.2f: the chains have not mixed, and their draws are not yet draws from the target; run them longer, or look for separate modes",
			worstRhat.Name, float64(worstRhat.Rhat), rhatLimit)})
	}
	if worstESS.ESSBulk < essLimit {
		sum.Findings = append(sum.Findings, record.Finding{Code: "ess-low", Variable: worstESS.Name, Text: fmt.Sprintf(
			"the draws of %s are worth %.0f independent ones, fewer than %d: too few for its quantiles and for R-hat; take more draws",
			worstESS.Name, float64(worstESS.ESSBulk), essLimit)})
	}
}

// compareLogZ does nothing: chains give no log Z.
func (o *chainOutcome) compareLogZ(_ targets.Known, e *record.Error) {
	nan := record.Float(math.NaN())
	e.LogZ, e.LogZKnown, e.LogZKnownSE, e.LogZDeviation = nan, nan, nan, nan
}

const (
	blockFormat  = "sampan/run/block"
	blockVersion = 1
)

func encodeBlock(b *mcmc.Block) []byte {
	w := snapshot.NewWriter(blockFormat, blockVersion, snapshot.Fingerprint{})
	w.Int(b.First)
	w.Int(b.N)
	for _, v := range [][]float64{b.X, b.LogP, b.Accept, b.Energy} {
		w.Floats(v)
	}
	flags := make([]byte, len(b.Divergent))
	for i, is := range b.Divergent {
		if is {
			flags[i] = 1
		}
	}
	w.Raw(flags)
	return w.Bytes()
}

func loadBlocks(v record.View, n int) ([]*mcmc.Block, error) {
	raw, err := v.Blocks(chainStream, n)
	if err != nil {
		return nil, err
	}
	out := make([]*mcmc.Block, n)
	for i, b := range raw {
		r, err := snapshot.Open(b, blockFormat, blockVersion, snapshot.Fingerprint{})
		if err != nil {
			return nil, fmt.Errorf("block %d of the draws: %w", i, err)
		}
		block := &mcmc.Block{First: r.Int(), N: r.Int(), X: r.Floats(), LogP: r.Floats(), Accept: r.Floats(), Energy: r.Floats()}
		for _, f := range r.Raw() {
			block.Divergent = append(block.Divergent, f != 0)
		}
		if err := r.Close(); err != nil {
			return nil, fmt.Errorf("block %d of the draws: %w", i, err)
		}
		out[i] = block
	}
	return out, nil
}
