package mcmc

import (
	"fmt"

	"github.com/sampan-mc/sampan/smc/mcmc/snapshot"
)

// keep appends the state of all chains to the block.
func (c *chains) keep() {
	b := c.block
	b.N++
	b.X = append(b.X, c.state.X...)
	b.LogP = append(b.LogP, c.state.LogTarget...)
	b.Accept = append(b.Accept, c.mover.Prob...)
	b.Energy = append(b.Energy, c.mover.Energy...)
	b.Divergent = append(b.Divergent, c.mover.Divergent...)
}

// flush saves the block and the state after it, and reports.
func (c *chains) flush(hooks Hooks) error {
	if hooks.Save != nil {
		if err := hooks.Save(c.snapshot(), c.block); err != nil {
			return fmt.Errorf("save after iteration %d: %w", c.iteration, err)
		}
	}
	c.blocks = append(c.blocks, c.block)
	c.block = &Block{First: c.block.First + c.block.N}
	if hooks.Progress != nil {
		hooks.Progress(Progress{
			Iteration: c.iteration, Iterations: c.cfg.iterations(), Warmup: c.iteration <= c.cfg.Warmup,
			Acceptance: c.recent.Acceptance(), Step: c.tuning.Step, Divergent: c.diverged,
		})
	}
	c.recent = Stats{}
	return nil
}

const (
	snapshotFormat  = "sampan/mcmc/chains"
	snapshotVersion = 1
)

// fingerprint is of all that decides the draws but the target's own values.
func (c *chains) fingerprint() snapshot.Fingerprint {
	var w snapshot.Writer
	k := &c.cfg
	w.Uint(k.Seed)
	for _, v := range []int{c.d, k.Chains, k.Warmup, k.Draws, k.Thin, int(k.Kernel.Kind), k.Kernel.Leapfrogs} {
		w.Int(v)
	}
	w.Float(k.Kernel.Jitter)
	w.Float(k.Step)
	w.Float(k.accept())
	w.Floats(k.Init)
	return snapshot.FingerprintOf(w.Bytes())
}

func (c *chains) snapshot() []byte {
	w := snapshot.NewWriter(snapshotFormat, snapshotVersion, c.fingerprint())
	w.Int(c.iteration)
	w.Int(c.block.First + c.block.N)
	c.state.Write(w)
	c.tuning.Write(w, nil)
	for _, v := range []float64{c.step1.mu, c.step1.bar, c.step1.log, c.step1.avg} {
		w.Float(v)
	}
	w.Int(c.step1.k)
	w.Int(c.window.n)
	w.Floats(c.window.mean)
	w.Floats(c.window.m2)
	w.Float(c.acceptSum)
	w.Int(c.diverged)
	c.tally.Write(w)
	return w.Bytes()
}

func (c *chains) restore(snap []byte, blocks []*Block) error {
	r, err := snapshot.Open(snap, snapshotFormat, snapshotVersion, c.fingerprint())
	if err != nil {
		return fmt.Errorf("resume chains: %w", err)
	}
	c.iteration = r.Int()
	kept := r.Int()
	c.state.Read(r)
	c.tuning.Read(r, nil)
	for _, v := range []*float64{&c.step1.mu, &c.step1.bar, &c.step1.log, &c.step1.avg} {
		*v = r.Float()
	}
	c.step1.k = r.Int()
	c.window.n = r.Int()
	c.window.mean, c.window.m2 = r.Floats(), r.Floats()
	c.acceptSum = r.Float()
	c.diverged = r.Int()
	c.tally.Read(r)
	if err := r.Close(); err != nil {
		return fmt.Errorf("resume chains: %w", err)
	}
	have := 0
	for _, b := range blocks {
		if b.First != have || len(b.X) != b.N*c.cfg.Chains*c.d {
			return fmt.Errorf("resume chains: a block of %d draws from draw %d found, one from draw %d wanted", b.N, b.First, have)
		}
		have += b.N
		c.blocks = append(c.blocks, b)
	}
	if have != kept {
		return fmt.Errorf("resume chains: blocks hold %d draws, the snapshot was taken after %d", have, kept)
	}
	c.block = &Block{First: kept}
	return nil
}

func (c *chains) result() *Result {
	r := &Result{
		Chains: c.cfg.Chains, Draws: c.cfg.Draws, D: c.d, Tuning: c.tuning, Diverged: c.diverged, Tally: *c.tally,
		Acceptance: c.acceptSum / float64(c.cfg.Draws*c.cfg.Thin),
	}
	for _, b := range c.blocks {
		r.N += b.N
		r.X = append(r.X, b.X...)
		r.LogP = append(r.LogP, b.LogP...)
		r.Accept = append(r.Accept, b.Accept...)
		r.Energy = append(r.Energy, b.Energy...)
		r.Divergent = append(r.Divergent, b.Divergent...)
	}
	r.Findings = c.findings(r)
	return r
}
