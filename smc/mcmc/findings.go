package mcmc

import "fmt"

// Finding is something the user should know, in a plain sentence, under a code for machines.
type Finding struct{ Code, Text string }

func (c *chains) findings(r *Result) []Finding {
	var out []Finding
	say := func(code, format string, args ...any) {
		out = append(out, Finding{Code: code, Text: fmt.Sprintf(format, args...)})
	}
	moves := c.cfg.Chains * c.cfg.Draws * c.cfg.Thin
	if r.Diverged > 0 {
		say("divergent", "%d of %d trajectories after warm-up diverged: the step size is too large for part of the target, "+
			"which the chains then avoid; aim at a higher acceptance, or change the parametrisation", r.Diverged, moves)
	}
	out = append(out, AcceptanceFinding(c.cfg.Kernel.Kind, r.Acceptance, "after warm-up")...)
	out = append(out, r.Tally.Findings()...)
	return out
}

// AcceptanceFinding speaks up if a mean acceptance probability is far off; when says of which moves it is.
func AcceptanceFinding(k Kind, acceptance float64, when string) []Finding {
	low, high := 0.1, 0.7
	if k.NeedsGradient() {
		low, high = 0.3, 0.995
	}
	switch {
	case !(acceptance >= low):
		return []Finding{{"acceptance-low", fmt.Sprintf("the mean acceptance probability %s is %.3f: %v hardly moves; the step size is too large", when, acceptance, k)}}
	case acceptance > high:
		return []Finding{{"acceptance-high", fmt.Sprintf("the mean acceptance probability %s is %.3f: %v moves in steps smaller than it could", when, acceptance, k)}}
	}
	return nil
}

// Findings tells of points at which the target could not be evaluated.
func (t *Tally) Findings() []Finding {
	var out []Finding
	if t.Numerical > 0 {
		out = append(out, Finding{"numerical", fmt.Sprintf("the log density was not a number, or +Inf, at %d of %d points; "+
			"these were taken for points outside the support; the first bad point is %s", t.Numerical, t.Density+t.Gradient, point(t.FirstBad))})
	}
	if t.GradBad > 0 {
		out = append(out, Finding{"gradient", fmt.Sprintf("the gradient was not finite at %d of %d points where the log density was; "+
			"moves that met them were rejected; the first bad point is %s", t.GradBad, t.Gradient, point(t.FirstBad))})
	}
	if t.NotEvaluated > 0 {
		out = append(out, Finding{"truncated", fmt.Sprintf("target truncated at %d points: it could not be evaluated there, and they were "+
			"taken for points outside the support; the first bad point is %s", t.NotEvaluated, point(t.FirstBad))})
	}
	return out
}

// point writes x, shortened if it is long.
func point(x []float64) string {
	const most = 6
	if len(x) <= most {
		return fmt.Sprintf("%.6g", x)
	}
	return fmt.Sprintf("%.6g … and %d more coordinates", x[:most], len(x)-most)
}
