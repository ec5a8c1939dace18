package annealed

import (
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/plugins/diffusion/method"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
)

// Method is the bridge without a control.
var Method = method.Method{
	Name:    "ula",
	Summary: "annealed unadjusted Langevin steps and their reversal; nothing is learned",
	Keys:    defaults,
	New:     newULA,
}

// config of the method.
type config struct {
	Steps    int     `json:"steps" doc:"K, of the path"`
	Segments int     `json:"segments" doc:"parts of the path that the host weighs and may resample between"`
	Step     float64 `json:"step" doc:"size e of the first step"`
	StepEnd  float64 `json:"step_end" doc:"of the last step, the sizes between being geometric; 0: as the first"`
	Power    float64 `json:"power" doc:"of the temperatures (k/K)^power"`
	Backward float64 `json:"backward" doc:"factor of the score in the drift of the way back"`
}

var defaults = config{Steps: 64, Segments: 8, Step: 0.05, Power: 1, Backward: 1}

func newULA(p method.Problem) (smc.Transport, error) {
	c := defaults
	if err := p.Decode(&c); err != nil {
		return nil, err
	}
	if !p.Target.Info().Can.Has(targets.Grad) {
		return nil, fmt.Errorf("method ula needs the gradient of the target, which %s does not give", p.Target.Info().Name)
	}
	if c.StepEnd == 0 {
		c.StepEnd = c.Step
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	beta, step := make([]float64, c.Steps+1), make([]float64, c.Steps)
	for k := range step {
		t := float64(k) / float64(c.Steps)
		beta[k] = math.Pow(t, c.Power)
		step[k] = c.Step * math.Pow(c.StepEnd/c.Step, float64(k)/float64(max(c.Steps-1, 1)))
	}
	beta[c.Steps] = 1
	return New("ula", p.Target, p.Reference, beta, step, c.Segments, c.Backward, nil)
}

func (c config) check() error {
	var faults targets.ConfigErrors
	hold := func(ok bool, path string, found any, accepted string) {
		if !ok {
			faults = append(faults, &targets.ConfigError{Path: path, Found: fmt.Sprint(found), Accepted: accepted})
		}
	}
	const positive = "a positive number"
	hold(c.Steps >= 1 && c.Steps <= 1<<20, "steps", c.Steps, "1 to 1048576")
	hold(c.Segments >= 1 && c.Segments <= c.Steps, "segments", c.Segments, "1 to the number of steps")
	hold(c.Step > 0, "step", c.Step, positive)
	hold(c.StepEnd > 0 || c.StepEnd == c.Step, "step_end", c.StepEnd, positive)
	hold(c.Power > 0, "power", c.Power, positive)
	if len(faults) > 0 {
		return faults
	}
	return nil
}
