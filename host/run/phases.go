package run

import (
	"sync"
	"time"

	"github.com/sampan-mc/sampan/host/record"
	"github.com/sampan-mc/sampan/smc/mcmc"
)

// The phases of a run with a transport, in their order.
const (
	phasePilot  = "pilot"
	phaseTrain  = "train"
	phaseDecide = "decide"
	phaseSample = "sample"
	phaseBeside = "beside"
)

// phases keeps what each phase took, over all processes that worked at the run.
type phases struct {
	began, ended map[string]float64 // seconds of the run so far
	evals        map[string]evals
	width        map[string]float64 // parts of the whole, guessed, for the progress bar

	mu    sync.Mutex
	paces map[string]standing
}

// standing is where a phase stood when this process first told of it.
type standing struct {
	at       time.Time
	fraction float64
}

func newPhases(names ...string) *phases {
	guess := map[string]float64{phasePilot: 0.1, phaseTrain: 0.5, phaseDecide: 0.1, phaseSample: 0.3, phaseBeside: 0.2}
	p := &phases{began: map[string]float64{}, ended: map[string]float64{}, evals: map[string]evals{}, width: map[string]float64{}, paces: map[string]standing{}}
	total := 0.0
	for _, n := range names {
		total += guess[n]
	}
	for _, n := range names {
		p.width[n] = guess[n] / total
	}
	return p
}

func (p *phases) spent() evals {
	var t evals
	for name, e := range p.evals {
		if name != phaseBeside {
			t.Density += e.Density
			t.Gradient += e.Gradient
		}
	}
	return t
}

func (p *phases) seconds(name string) float64 { return max(0, p.ended[name]-p.began[name]) }

// left is how long a phase of which so much is done goes on, 0 if it is too early to say.
func (p *phases) left(name string, fraction float64) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	from, known := p.paces[name]
	if !known {
		p.paces[name] = standing{time.Now(), fraction}
	}
	done := fraction - from.fraction
	if !known || done < telling || fraction >= 1 {
		return 0
	}
	return time.Duration(float64(time.Since(from.at)) * (1 - fraction) / done)
}

// before is the part of the run that lies before a phase.
func (p *phases) before(name string) float64 {
	sum := 0.0
	for _, n := range []string{phasePilot, phaseTrain, phaseDecide, phaseSample, phaseBeside} {
		if n == name {
			break
		}
		sum += p.width[n]
	}
	return sum
}

// begin marks the start of a phase, once.
func (h *hybridRun) begin(name string) error {
	if _, ok := h.phases.began[name]; ok {
		return nil
	}
	h.phases.began[name] = h.seconds().Total
	return h.note(eventPhaseBegan, name)
}

// end marks its end.
func (h *hybridRun) end(name string, used evals) error {
	h.phases.evals[name] = used
	if _, ok := h.phases.ended[name]; ok {
		return nil
	}
	h.phases.ended[name] = h.seconds().Total
	return h.note(eventPhaseEnded, name)
}

func (h *hybridRun) note(kind, phase string) error {
	if h.folder == nil {
		return nil
	}
	return h.folder.Event(kind, record.Fields{"phase": phase, "seconds": h.seconds().fields()})
}

// telling is the part of a phase that must be done before the rest is foretold.
const telling = 0.05

// within scales the progress of a phase to that of the run. How long one takes says nothing of the others, so that the time
// left is the phase's; a decision's nobody knows.
func (h *hybridRun) within(name string, p Progress) {
	if h.options.Progress == nil {
		return
	}
	p.Part = name
	if name != phaseTrain && name != phaseDecide { // a training tells itself
		p.Left = h.phases.left(name, p.Fraction)
	}
	p.Fraction = h.phases.before(name) + h.phases.width[name]*min(p.Fraction, 1)
	if name != phaseTrain { // which counts on its own, and tells at its end
		p.Evals += h.phases.spent().Sum()
	}
	h.options.Progress(p)
}

// record is the phases as they stand in the summary.
func (p *phases) record() []record.Phase {
	var out []record.Phase
	for _, n := range []string{phasePilot, phaseTrain, phaseDecide, phaseSample, phaseBeside} {
		if _, ok := p.began[n]; ok {
			e := p.evals[n]
			out = append(out, record.Phase{Name: n, Evals: record.Evals(e), Seconds: record.Float(p.seconds(n))})
		}
	}
	return out
}

func evalsOf(t *mcmc.Tally) evals { return evals{t.Density, t.Gradient} }
