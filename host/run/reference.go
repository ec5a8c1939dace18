package run

import (
	"fmt"
	"strings"

	"github.com/sampan-mc/sampan/host/config"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/smc/mcmc"
	"github.com/sampan-mc/sampan/targets"
)

// wideScale is the standard deviation, on the unconstrained scale, of the normal that is assumed where nothing better is
// known.
const wideScale = 10

// codeAssumed marks the warning that the reference was assumed.
const codeAssumed = "reference-assumed"

// reference makes the start of the path to target, which is on the unconstrained scale, and resolves "auto" in run: the
// prior, if the target has a normalised one that can be drawn from, else a wide normal, which is then marked as assumed.
func reference(run *config.Run, target targets.Density) (smc.Reference, error) {
	c := &run.Reference
	if c.Use == "auto" {
		if ref, err := smc.NewPrior(target); err == nil {
			c.Use = "prior"
			return ref, nil
		}
		c.Use, c.Scale, c.Assumed = "normal", []float64{wideScale}, true
	}
	ref, err := named(c, target, target.Info().Dim())
	if err != nil {
		return nil, run.Problem("reference.use", "%s", strings.TrimPrefix(err.Error(), "reference: "))
	}
	return ref, nil
}

// assumed warns, if the reference was assumed, about what starts there.
func (p *populationRun) assumed(starts string) []mcmc.Finding {
	c := &p.conf.Reference
	if !c.Assumed {
		return nil
	}
	return []mcmc.Finding{{Code: codeAssumed, Text: fmt.Sprintf(
		"nothing is known of where %s has its mass, so %s starts at a normal distribution of mean 0 and standard deviation %g in each "+
			"unconstrained coordinate. If the target reaches further out than that, say so in the run file: [reference] use = \"normal\", scale = ...",
		p.density.Info().Name, starts, c.Scale[0])}}
}

func named(c *config.Reference, target targets.Density, d int) (smc.Reference, error) {
	switch c.Use {
	case "prior":
		ref, err := smc.NewPrior(target)
		if err != nil {
			return nil, fmt.Errorf("%w; accepted for this target: use = \"normal\", \"student\" or \"uniform\"", err)
		}
		return ref, nil
	case "student":
		return smc.NewStudent(d, c.DOF, c.Location, c.Scale)
	case "uniform":
		return smc.NewUniform(d, c.Lower, c.Upper)
	}
	return smc.NewNormal(d, c.Location, c.Scale)
}
