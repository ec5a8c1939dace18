package tables

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/smc/diag"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/cputime"
)

// contest is log Z by sequential Monte Carlo with a trained transport, and by tempering in the same time.
type contest struct {
	allowed   float64 // error of log Z
	particles int     // of each island
	moves     int     // at each cut, and of tempering at each stage; 0: as where nothing is said
}

// beside is what tempering found in the time of something else.
type beside struct {
	LogZ, LogZErr float64 // log Z less the known value
	Particles     int     // of each island
	Seconds       float64
}

const (
	islands    = 4
	sounded    = 256 // particles of the short run that tells what tempering costs
	fewest     = 64
	unlike     = 1.25 // ratio of errors from which on one is said to be the better
	offErrors  = 3
	population = islands + 1 // with the pilot of the run
)

// compete estimates log Z by the sampler, as its segments are, with moves at every cut; then by tempering, in the time of
// all that took, and in that of the run alone.
func (s *sampler) compete(ctx context.Context, o *outcome) error {
	known := s.target.Info().Known
	o.KnownErr = known.LogZErr
	c := smc.Defaults()
	c.Seed, c.Particles, c.Islands, c.Transport, c.AsIs = uint64(s.seed), s.row.contest.particles, islands, s.learner, true
	if n := s.row.contest.moves; n > 0 {
		c.Move.Steps = n
	}
	began := cputime.Seconds()
	res, err := s.run(ctx, c)
	if err != nil {
		return err
	}
	o.Evaluate = cputime.Seconds() - began
	o.LogZ, o.LogZErr, o.ESS, o.ParetoK = res.LogZ-known.LogZ, res.Headline.Value, res.ESS/float64(islands*c.Particles), res.ParetoK
	if modal := targets.ModesOf(s.target); modal != nil {
		o.countModes(modal, res)
	}
	c.Transport, c.AsIs = nil, false
	c.Particles, c.Islands = sounded, 1
	began = cputime.Seconds()
	if _, err := s.run(ctx, c); err != nil {
		return err
	}
	each := (cputime.Seconds() - began) / (2 * sounded) // the pilot is another
	c.Islands = islands
	for _, budget := range []float64{o.Pilot + o.Train + o.Looks + o.Evaluate, o.Evaluate} {
		c.Particles = max(int(budget/each/population), fewest)
		began = cputime.Seconds()
		res, err := s.run(ctx, c)
		if err != nil {
			return err
		}
		o.Beside = append(o.Beside, beside{res.LogZ - known.LogZ, res.Headline.Value, c.Particles, cputime.Seconds() - began})
	}
	return nil
}

func (s *sampler) run(ctx context.Context, c smc.Config) (*smc.Result, error) {
	ref, err := s.row.reference(s.target)
	if err != nil {
		return nil, err
	}
	return smc.Run(ctx, ref, s.target, c, smc.Hooks{})
}

// countModes takes the modes that the islands' particles found, by weight, of all that there are.
func (o *outcome) countModes(modal targets.Modal, res *smc.Result) {
	var mode []int
	var lw []float64
	for i := range res.Islands {
		is := &res.Islands[i]
		shift := is.LogZ - diag.LogSumExp(is.Particles.LogW)
		for j := range is.Particles.N {
			mode = append(mode, modal.Mode(is.Particles.X[j*res.D:(j+1)*res.D]))
			lw = append(lw, is.Particles.LogW[j]+shift)
		}
	}
	o.Paths = len(lw)
	o.judgeModes(modal.ModeWeights(), mode, lw, math.Inf(1))
}

// missed lists the gates of a contest that an outcome misses.
func (c *contest) missed(o *outcome) (out []string) {
	if !(math.Abs(o.LogZ) <= c.allowed) {
		out = append(out, fmt.Sprintf("log Z off by %+.3f, allowed %.2g", o.LogZ, c.allowed))
	}
	if o.Modes < o.Of {
		out = append(out, fmt.Sprintf("%d of %d modes", o.Modes, o.Of))
	}
	return out
}

// better says which of the two knows log Z better: the one of the lesser standard error, unless it is off by more than that
// explains.
func (o *outcome) better(b beside) string {
	off := func(z, err float64) bool { return !(math.Abs(z) <= offErrors*math.Hypot(err, o.KnownErr)) }
	own, other := off(o.LogZ, o.LogZErr), off(b.LogZ, b.LogZErr)
	switch {
	case own && other:
		return "neither"
	case other || !own && o.LogZErr*unlike < b.LogZErr:
		return "learned"
	case own || b.LogZErr*unlike < o.LogZErr:
		return "tempering"
	}
	return "even"
}

var contestColumns = []string{"target", "allowed", "learned: log Z", "modes", "CPU seconds", "tempering, all that time", "better", "tempering, the run's time", "better", "missed"}

func (r row) contestLine(o *outcome, missed string) string {
	modes := "–"
	if o.Of > 0 {
		modes = fmt.Sprintf("%d/%d", o.Modes, o.Of)
	}
	cells := []string{r.target.short, figure(r.contest.allowed), fmt.Sprintf("%+.3f ± %.3f", o.LogZ, o.LogZErr), modes, fmt.Sprintf("%.0f + %.0f + %.1f", o.Pilot, o.Train, o.Evaluate)}
	for _, b := range o.Beside {
		cells = append(cells, fmt.Sprintf("%+.3f ± %.3f (%d × %d particles, %.1f s)", b.LogZ, b.LogZErr, islands, b.Particles, b.Seconds), o.better(b))
	}
	return "| " + strings.Join(append(cells, missed), " | ") + " |\n"
}
