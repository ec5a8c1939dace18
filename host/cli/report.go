package cli

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sampan-mc/sampan/host/record"
	"github.com/sampan-mc/sampan/smc/diag"
)

// maxRows is how many variables the report shows; longTable is from where it starts to leave some out.
const (
	maxRows     = 10
	longTable   = 12
	reportWidth = 100
)

// report writes what came of a run for people.
func report(w io.Writer, s *record.Summary, dir string) {
	fmt.Fprintf(w, "\n%s by %s, seed %d\n\n", s.Target, s.Sampler, s.Seed)
	if !math.IsNaN(float64(s.LogZ)) {
		reportLogZ(w, s)
	}
	reportQuality(w, s)
	reportVariables(w, s, dir)
	reportObservables(w, s)
	reportKnown(w, s)
	reportCost(w, s)
	reportTransport(w, s)
	reportFindings(w, s)
	fmt.Fprintf(w, "\n  folder  %s\n", dir)
}

func reportLogZ(w io.Writer, s *record.Summary) {
	fmt.Fprintf(w, "  log Z   %s", withError(float64(s.LogZ), float64(s.LogZSE)))
	if i := s.LogZInterval; i != nil {
		d := decimals(float64(s.LogZSE))
		fmt.Fprintf(w, "   %.0f %% interval %.*f to %.*f", 100*float64(i.Level), d, float64(i.Low), d, float64(i.High))
	}
	fmt.Fprintln(w)
	if e := s.Error; e != nil && !math.IsNaN(float64(e.LogZKnown)) {
		fmt.Fprintf(w, "  known   %s (%s): off by %s, %.1f standard errors\n",
			withError(float64(e.LogZKnown), float64(e.LogZKnownSE)), e.Source, number(float64(e.LogZ), 2), float64(e.LogZDeviation))
	}
	for _, e := range s.LogZErrors {
		trust := "not trusted"
		switch {
		case e.Method == s.LogZMethod:
			trust = "used"
		case e.Trusted:
			trust = "trusted"
		}
		fmt.Fprint(w, hanging(fmt.Sprintf("    ± %-7s %-20s %-12s ", number(float64(e.Value), 2), e.Method, trust), e.Reason))
	}
	fmt.Fprintln(w)
}

// hanging writes text after a head, its further lines under its first.
func hanging(head, text string) string {
	pad := strings.Repeat(" ", len([]rune(head)))
	return head + strings.TrimPrefix(wrap(text, pad, reportWidth), pad)
}

func reportQuality(w io.Writer, s *record.Summary) {
	if !math.IsNaN(float64(s.ESS)) {
		what := "of the particles"
		if len(s.Islands) == 0 {
			what = "of the draws, of the variable that has least"
		}
		fmt.Fprintf(w, "  ESS        %s  (%.0f %% %s)\n", number(float64(s.ESS), 4), 100*float64(s.ESSFraction), what)
	}
	if k := float64(s.ParetoK); !math.IsNaN(k) {
		fmt.Fprintf(w, "  Pareto k   %.2f  %s\n", k, paretoVerdict(k, s.Ancestors.Of/max(1, len(s.Islands)), "the weights of the worst stage"))
	}
	if m := s.Modes; m != nil {
		fmt.Fprintf(w, "  modes      %s\n", modesText(m))
	}
	if a := s.Ancestors; a != nil {
		fmt.Fprintf(w, "  ancestors  %d of the %d draws from the reference have descendants at the end\n", a.Surviving, a.Of)
	}
}

// modesText says how many modes were found, and whether their weights are right.
func modesText(m *record.Modes) string {
	return fmt.Sprintf("%d of %d found; their weights off by %s in total variation, as many independent draws by %s",
		m.Found, m.Of, number(float64(m.TotalVariation), 2), number(float64(m.Sampled), 2))
}

// paretoVerdict says what a Pareto k of n weights means.
func paretoVerdict(k float64, n int, weights string) string {
	switch limit := diag.ParetoKThreshold(n); {
	case k <= 0.5:
		return fmt.Sprintf("good: %s have a finite variance (limit %.2f)", weights, limit)
	case k <= limit:
		return fmt.Sprintf("usable: below the limit of %.2f for %d particles", limit, n)
	case k < 1:
		return fmt.Sprintf("too high: above the limit of %.2f for %d particles; log Z and its error are not to be relied on", limit, n)
	}
	return fmt.Sprintf("far too high: %s have no mean; log Z is not to be relied on", weights)
}

func reportVariables(w io.Writer, s *record.Summary, dir string) {
	if len(s.Variables) == 0 {
		return
	}
	rows := [][]string{{"", "mean", "sd", "q5", "q50", "q95", "ess_bulk", "ess_tail", "rhat", "mcse"}}
	shown := s.Variables
	if len(shown) > longTable {
		shown = shown[:maxRows]
	}
	for _, v := range shown {
		d := decimals(float64(v.MCSEMean))
		cell := func(x record.Float) string {
			if math.IsNaN(float64(v.MCSEMean)) || v.MCSEMean <= 0 {
				return number(float64(x), 4)
			}
			return fmt.Sprintf("%.*f", min(d, 6), float64(x))
		}
		rows = append(rows, []string{
			v.Name, cell(v.Mean), cell(v.SD), cell(v.Q5), cell(v.Q50), cell(v.Q95),
			whole(v.ESSBulk), whole(v.ESSTail), number(float64(v.Rhat), 4), number(float64(v.MCSEMean), 2),
		})
	}
	fmt.Fprintln(w)
	fmt.Fprint(w, table("  ", rows))
	if more := len(s.Variables) - len(shown); more > 0 {
		fmt.Fprintf(w, "  … and %d more variables, in %s\n", more, filepath.Join(dir, record.SummaryFile))
	}
	fmt.Fprintln(w)
}

func reportObservables(w io.Writer, s *record.Summary) {
	if len(s.Observables) == 0 {
		return
	}
	rows := [][]string{{"observable", "value", "se"}}
	for _, o := range s.Observables {
		value := number(float64(o.Value), 4)
		if o.SE > 0 {
			value = fmt.Sprintf("%.*f", min(decimals(float64(o.SE)), 6), float64(o.Value))
		}
		rows = append(rows, []string{o.Name, value, number(float64(o.SE), 2)})
	}
	fmt.Fprintln(w, table("  ", rows))
}

// reportKnown says how far the draws are from moments that are known.
func reportKnown(w io.Writer, s *record.Summary) {
	e := s.Error
	if e == nil || math.IsNaN(float64(e.MeanMax)) && math.IsNaN(float64(e.SDMax)) {
		return
	}
	fmt.Fprintf(w, "  known moments (%s): means off by at most %s sd, sds by at most %s %%\n\n",
		e.Source, number(float64(e.MeanMax), 2), number(100*float64(e.SDMax), 2))
}

func whole(x record.Float) string {
	if math.IsNaN(float64(x)) {
		return "-"
	}
	return fmt.Sprintf("%.0f", float64(x))
}

func reportCost(w io.Writer, s *record.Summary) {
	fmt.Fprintf(w, "  evaluations  %s of the density alone, %s with gradient\n", thousands(s.Evals.Density), thousands(s.Evals.Gradient))
	t := s.Seconds
	fmt.Fprintf(w, "  seconds      %s in all: target %s, sampler %s, wire %s\n",
		number(float64(t.Total), 3), number(float64(t.Target), 3), number(float64(t.Sampler), 3), number(float64(t.Wire), 3))
}

// reportTransport says what was decided about the segments of a transport, what the phases cost, and whether it paid.
func reportTransport(w io.Writer, s *record.Summary) {
	if s.Transport == nil {
		return
	}
	rows := [][]string{{"phase", "density", "gradient", "seconds"}}
	for _, p := range s.Phases {
		rows = append(rows, []string{p.Name, thousands(p.Evals.Density), thousands(p.Evals.Gradient), number(float64(p.Seconds), 3)})
	}
	fmt.Fprintf(w, "\n%s\n  transport %s:\n", table("    ", rows), s.Transport.Name)
	for _, line := range s.Transport.Decided {
		fmt.Fprint(w, hanging("    - ", line))
	}
	if s.Beside != nil {
		fmt.Fprint(w, "\n"+wrap(s.Beside.Text, "  ", reportWidth))
	}
}

// reportFindings writes the warnings, and below them what is only to be known.
func reportFindings(w io.Writer, s *record.Summary) {
	var warnings, notes []string
	for _, f := range s.Findings {
		if slices.Contains(s.Warnings, f.Text) {
			warnings = append(warnings, f.Text)
		} else {
			notes = append(notes, f.Text)
		}
	}
	notes = slices.DeleteFunc(notes, func(text string) bool { return s.Beside != nil && text == s.Beside.Text }) // said already
	for _, group := range []struct {
		head  string
		texts []string
	}{{"warnings", warnings}, {"notes", notes}} {
		if len(group.texts) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n  %s\n", group.head)
		for _, t := range group.texts {
			fmt.Fprint(w, hanging("    - ", t))
		}
	}
}
