package smc

import (
	"github.com/sampan-mc/sampan/smc/mcmc"
	"github.com/sampan-mc/sampan/smc/mcmc/snapshot"
)

const (
	snapshotFormat  = "sampan/smc/population"
	snapshotVersion = 3
)

// fingerprint is of all that decides the population but the values of reference and target.
func (pop *population) fingerprint() snapshot.Fingerprint {
	var w snapshot.Writer
	c := &pop.cfg
	w.String(pop.stream)
	w.String(pop.ref.Info().Name)
	w.String(pop.target.Info().Name)
	w.Uint(c.Seed)
	for _, v := range []int{pop.d, c.Particles, int(c.Resampler), c.Move.Steps, c.Schedule.MaxStages,
		int(c.Move.Kernel.Kind), c.Move.Kernel.Leapfrogs} {
		w.Int(v)
	}
	for _, v := range []float64{c.Threshold, c.Schedule.CESS, c.Move.Kernel.Jitter, c.Move.Step, c.Move.accept()} {
		w.Float(v)
	}
	w.Floats(c.Schedule.Betas)
	w.Bool(c.OnTheFly)
	if pop.transport != nil {
		w.String(pop.transport.Info().Name)
		w.Bool(c.AsIs)
	}
	return snapshot.FingerprintOf(w.Bytes())
}

// snapshot holds all of the population's state after a stage: equal states give equal bytes.
func (pop *population) snapshot() []byte {
	w := snapshot.NewWriter(snapshotFormat, snapshotVersion, pop.fingerprint())
	w.Int(pop.stage)
	w.Float(pop.beta)
	w.Float(pop.logZ)
	w.Int(pop.resamplings)
	w.Float(pop.pairLoss)
	pop.s.Write(w)
	w.Floats(pop.p.LogW)
	w.Ints32(pop.p.Lineage)
	w.Floats(pop.p.Aux)
	for _, v := range []int{pop.cut, int(pop.kind), pop.to} {
		w.Int(v)
	}
	for _, v := range []bool{pop.fresh, pop.refinable, pop.wants} {
		w.Bool(v)
	}
	pop.tuning.Write(w, nil)
	pop.plan.write(w, &pop.tuning)
	w.Int(len(pop.reports))
	for i := range pop.reports {
		pop.reports[i].write(w)
	}
	pop.tally.Write(w)
	return w.Bytes()
}

func (pop *population) restore(snap []byte) error {
	r, err := snapshot.Open(snap, snapshotFormat, snapshotVersion, pop.fingerprint())
	if err != nil {
		return err
	}
	pop.stage = r.Int()
	pop.beta = r.Float()
	pop.logZ = r.Float()
	pop.resamplings = r.Int()
	pop.pairLoss = r.Float()
	pop.s.Read(r)
	r.FillFloats(pop.p.LogW)
	r.FillInts32(pop.p.Lineage)
	r.FillFloats(pop.p.Aux)
	var kind int
	for _, v := range []*int{&pop.cut, &kind, &pop.to} {
		*v = r.Int()
	}
	pop.kind = CutKind(kind)
	for _, v := range []*bool{&pop.fresh, &pop.refinable, &pop.wants} {
		*v = r.Bool()
	}
	pop.tuning.Read(r, nil)
	pop.plan.read(r, &pop.tuning)
	pop.reports = nil
	for range r.Count() {
		rep := Report{Stream: pop.stream}
		rep.read(r)
		pop.reports = append(pop.reports, rep)
	}
	pop.tally = mcmc.Tally{}
	pop.tally.Read(r)
	return r.Close()
}

func (p *Plan) write(w *snapshot.Writer, before *mcmc.Tuning) {
	w.Int(len(p.Stages))
	for i := range p.Stages {
		s := &p.Stages[i]
		w.Int(s.Segment)
		w.Int(s.Cut)
		w.Int(s.Moves)
		w.Int(s.Finer)
		w.Float(s.Beta)
		s.Tuning.Write(w, before)
		before = &s.Tuning
	}
	w.Int(p.Cuts)
	w.Int(len(p.Decisions))
	for _, d := range p.Decisions {
		for _, v := range []int{d.First, d.Last, int(d.Verdict), d.Stages} {
			w.Int(v)
		}
		w.Float(d.ParetoK)
		w.Float(d.CESS)
		w.String(d.Why)
	}
}

func (p *Plan) read(r *snapshot.Reader, before *mcmc.Tuning) {
	p.Stages = make([]PlannedStage, r.Count())
	for i := range p.Stages {
		s := &p.Stages[i]
		s.Segment, s.Cut, s.Moves, s.Finer, s.Beta = r.Int(), r.Int(), r.Int(), r.Int(), r.Float()
		s.Tuning.Read(r, before)
		before = &s.Tuning
	}
	p.Cuts, p.Decisions = r.Int(), nil
	for range r.Count() {
		d := Decision{First: r.Int(), Last: r.Int(), Verdict: Verdict(r.Int()), Stages: r.Int()}
		d.ParetoK, d.CESS, d.Why = r.Float(), r.Float(), r.String()
		p.Decisions = append(p.Decisions, d)
	}
}

func (p *Report) write(w *snapshot.Writer) {
	for _, v := range []int{p.Stage, p.Stages, p.Ancestors, p.Moves, p.Divergent, p.Dead, p.Segment, p.Lost, p.FirstLost} {
		w.Int(v)
	}
	for _, v := range []float64{p.Beta, p.CESS, p.ESS, p.ParetoK, p.LogZ, p.Acceptance, p.Step} {
		w.Float(v)
	}
	w.Bool(p.Resampled)
	p.Tally.Write(w)
}

func (p *Report) read(r *snapshot.Reader) {
	for _, v := range []*int{&p.Stage, &p.Stages, &p.Ancestors, &p.Moves, &p.Divergent, &p.Dead, &p.Segment, &p.Lost, &p.FirstLost} {
		*v = r.Int()
	}
	for _, v := range []*float64{&p.Beta, &p.CESS, &p.ESS, &p.ParetoK, &p.LogZ, &p.Acceptance, &p.Step} {
		*v = r.Float()
	}
	p.Resampled = r.Bool()
	p.Tally.Read(r)
}
