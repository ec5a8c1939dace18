package tables

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/sampan-mc/sampan/plugins/diffusion"
	"github.com/sampan-mc/sampan/plugins/sdk"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/cputime"
	"github.com/sampan-mc/sampan/vec/rng"
)

const pilotMove = 2 // applications of HMC a stage

// sampler is what a row trained.
type sampler struct {
	learner smc.Learner
	row     row
	seed    int
	target  targets.Density
}

// work runs a row.
func (r row) work(ctx context.Context, seed int) (*outcome, error) {
	o := &outcome{Row: r.name(), Seed: seed, Paths: r.paths}
	if r.race != nil {
		return o, r.outrun(ctx, o)
	}
	s, err := r.train(ctx, o, 0)
	if err != nil {
		return nil, err
	}
	began := cputime.Seconds()
	if r.contest != nil {
		err = s.compete(ctx, o)
	} else {
		err = o.weigh(ctx, s.learner, s.target, seed)
		o.Evaluate = cputime.Seconds() - began
	}
	if err == nil && r.hybrid {
		o.Hybrid, err = s.hybrid(ctx)
	}
	return o, err
}

// train makes the pilot and trains, for so many steps at most; 0: the method's own number.
func (r row) train(ctx context.Context, o *outcome, steps int) (*sampler, error) {
	target, err := targets.New(r.target.name, r.config(o.Seed), "")
	if err != nil {
		return nil, err
	}
	var points int64
	counted := targets.Watch(target, func(_ context.Context, n int, _ targets.Want) error { points += int64(n); return nil })
	config := maps.Clone(r.method)
	if _, told := config["reference"]; r.pilot == 0 && !told {
		config["reference"] = map[string]any{"scale": r.target.start}
	}
	text, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	made, err := diffusion.Component().New(sdk.Env{Config: text, Target: counted})
	if err != nil {
		return nil, err
	}
	learner, ok := made.(smc.Learner)
	if !ok {
		return nil, fmt.Errorf("the method does not learn")
	}
	training := smc.Training{Key: rng.NewKey(uint64(o.Seed), "train", 0), MaxSteps: steps}
	began := cputime.Seconds()
	if r.pilot > 0 {
		p, err := r.tempered(ctx, counted, o.Seed, r.pilot)
		if err != nil {
			return nil, fmt.Errorf("pilot: %w", err)
		}
		training.Pilot = p.Levels
	}
	o.Pilot = cputime.Seconds() - began
	began = cputime.Seconds()
	var looks stopwatch
	training.Report = looks.follow
	learned, err := learner.Train(ctx, &training)
	if err != nil {
		return nil, fmt.Errorf("training: %w", err)
	}
	o.Looks = looks.stop()
	o.Train = cputime.Seconds() - began - o.Looks
	o.Steps, o.Warnings, o.Evaluations = learned.Steps, learned.Warnings, points
	return &sampler{learner, r, o.Seed, target}, nil
}

// stopwatch takes the CPU time of a training's own evaluations.
type stopwatch struct {
	total, began float64
	running      bool
}

func (s *stopwatch) follow(r smc.TrainReport) {
	s.stop()
	if r.Phase == smc.Evaluating {
		s.began, s.running = cputime.Seconds(), true
	}
}

// stop ends an evaluation, if one is under way, and returns the time of all.
func (s *stopwatch) stop() float64 {
	if s.running {
		s.total += cputime.Seconds() - s.began
		s.running = false
	}
	return s.total
}

// reference is where tempering starts.
func (r row) reference(target targets.Density) (smc.Reference, error) {
	return smc.NewNormal(target.Info().Dim(), []float64{0}, []float64{r.target.start})
}

// tempered is the pilot, of n particles.
func (r row) tempered(ctx context.Context, target targets.Density, seed, n int) (*smc.Tempered, error) {
	ref, err := r.reference(target)
	if err != nil {
		return nil, err
	}
	c := smc.Defaults()
	c.Seed, c.Particles, c.Move.Steps = uint64(seed), n, pilotMove
	return smc.Pilot(ctx, ref, target, c, 0, smc.Hooks{})
}
