package tables

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/cputime"
)

// hybrid is what the host made of a trained sampler.
type hybrid struct {
	LogZ, LogZErr float64 // log Z less the known value
	ESS           float64 // the least before any resampling, as a fraction
	Ancestors     float64 // surviving to the end, the least of the islands, as a fraction
	Modes, Of     int
	Variation     float64
	Decided       []string
	Seconds       float64
}

const (
	hybridPilot     = 1024 // as the host has by itself
	hybridParticles = 4096
)

// What a hybrid must reach.
const (
	hybridESS       = 0.3
	hybridAncestors = 0.05
	hybridVariation = 0.1
	hybridError     = 0.1
)

// hybrid makes a tempered pilot, lets it decide about the sampler, and draws.
func (s *sampler) hybrid(ctx context.Context) (*hybrid, error) {
	began := cputime.Seconds()
	pilot, err := s.row.tempered(ctx, s.target, s.seed, hybridPilot)
	if err != nil {
		return nil, fmt.Errorf("pilot of the hybrid: %w", err)
	}
	c := smc.Defaults()
	c.Seed, c.Particles, c.Islands, c.Transport, c.Tempered = uint64(s.seed), hybridParticles, islands, s.learner, pilot
	res, err := s.run(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("hybrid: %w", err)
	}
	h := &hybrid{LogZ: res.LogZ - s.target.Info().Known.LogZ, LogZErr: res.Headline.Value, ESS: 1, Ancestors: 1, Decided: res.Plan.Lines()}
	h.Seconds = cputime.Seconds() - began
	for _, is := range res.Islands {
		for _, rep := range is.Reports {
			h.ESS = min(h.ESS, rep.ESS)
		}
		h.Ancestors = min(h.Ancestors, float64(is.Reports[len(is.Reports)-1].Ancestors)/hybridParticles)
	}
	if modal := targets.ModesOf(s.target); modal != nil {
		var o outcome
		o.countModes(modal, res)
		h.Modes, h.Of, h.Variation = o.Modes, o.Of, o.Variation
	}
	return h, nil
}

// missed lists the gates that a hybrid misses.
func (h *hybrid) missed() (out []string) {
	say := func(bad bool, format string, args ...any) {
		if bad {
			out = append(out, "hybrid: "+fmt.Sprintf(format, args...))
		}
	}
	say(!(h.ESS >= hybridESS), "effective sample size %.3f before a resampling, demanded %.2g", h.ESS, hybridESS)
	say(!(h.Ancestors >= hybridAncestors), "%.3f of the ancestors survive, demanded %.2g", h.Ancestors, hybridAncestors)
	say(!(h.Variation <= hybridVariation), "modes' weights off by %.3f in total variation, allowed %.2g", h.Variation, hybridVariation)
	say(!(math.Abs(h.LogZ) <= 3*h.LogZErr), "log Z off by %+.4f, standard error %.4f", h.LogZ, h.LogZErr)
	say(!(h.LogZErr <= hybridError), "standard error of log Z %.3f, allowed %.2g", h.LogZErr, hybridError)
	return out
}

var hybridColumns = []string{"sampler", "target", "its own ESS", "its TV", "decided", "log Z", "least ESS", "ancestors", "modes", "TV", "CPU seconds", "missed"}

func (r row) hybridLine(o *outcome) string {
	h := o.Hybrid
	return fmt.Sprintf("| %s | %s | %.4f | %.3f | %s | %+.4f ± %.4f | %.2f | %.2f | %d/%d | %.3f | %.1f | %s |\n", r.table, r.target.short, o.ESS, o.Variation,
		strings.Join(h.Decided, "; "), h.LogZ, h.LogZErr, h.ESS, h.Ancestors, h.Modes, h.Of, h.Variation, h.Seconds, strings.Join(h.missed(), "; "))
}
