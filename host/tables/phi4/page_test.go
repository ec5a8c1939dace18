package phi4

import (
	"bytes"
	"fmt"
	"math"
	"strings"
)

// table is the page.
func table(have map[string]*outcome, name string) []byte {
	var p bytes.Buffer
	fmt.Fprintf(&p, "# The φ⁴ lattice over the hopping parameter\n\nMade by `make tables-phi4`. Periodic lattices, λ = 0.022; a learned path inside SMC of 4 × 2048 particles, pilot, training and decision included in CPU seconds.\n"+
		"Reference values of log Z: 4×4 by transfer matrix, to 2e-4; 8×8 by annealed SMC, to 0.06 for κ ≤ 0.3 and 0.15 above, biased low. Observables are from the weighted particles.\n"+
		"Rings where the run gave its learned path up and tempered; lines are long chains.\n\n![observables](%s.svg)\n\n", name)
	p.WriteString("## log Z\n\n| lattice | κ | method | what was decided | log Z | reference | off by | allowed | ESS | evaluations | CPU seconds | |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	each(have, func(at point, o *outcome, r reference) {
		off, allowed := o.LogZ.Value-r.logZ, 3*o.LogZ.SE+at.tolerance()
		verdict := "within"
		if math.Abs(off) > allowed {
			verdict = "**missed**"
		}
		fmt.Fprintf(&p, "| %d×%d | %g | %s | %s | %.4f ± %.4f | %.4f | %+.4f | %.4f | %.0f %% | %.2g | %.0f | %s |\n", at.extent, at.extent, at.kappa, o.Method,
			strings.Join(o.Decided, "; "), o.LogZ.Value, o.LogZ.SE, r.logZ, off, allowed, 100*o.ESS, float64(o.Evaluations), o.CPU, verdict)
	})
	p.WriteString("\n## Observables\n\nThe run's, beside long chains of HMC (8 of 2000 draws) and, where there are, reference values: by transfer matrix for 4×4 (the Binder cumulant at κ = 0.25 by SMC, good to 1 %), by SMC, good to 1 %, for 8×8.\n\n" +
		"| lattice | κ | observable | run | HMC | reference |\n| --- | --- | --- | --- | --- | --- |\n")
	each(have, func(at point, o *outcome, r reference) {
		for _, name := range []string{meanM, absM, chi, binder, action} {
			known := "–"
			if v, ok := r.observables[name]; ok {
				known = fmt.Sprintf("%g", v)
			}
			long := "–"
			if c := have["chains "+at.String()]; c != nil && (name != meanM || at.kappa < 0.3) {
				long = c.Observables[name].String()
			}
			fmt.Fprintf(&p, "| %d×%d | %g | %s | %s | %s | %s |\n", at.extent, at.extent, at.kappa, strings.ReplaceAll(name, "_", " "), o.Observables[name], long, known)
		}
	})
	return p.Bytes()
}

// each goes over the points that there are outcomes of, in order.
func each(have map[string]*outcome, f func(point, *outcome, reference)) {
	for _, l := range extents {
		for _, k := range kappas {
			p := point{l, k}
			if o := have[p.String()]; o != nil {
				f(p, o, references[p])
			}
		}
	}
}

func (e estimate) String() string { return fmt.Sprintf("%.4f ± %.4f", e.Value, e.SE) }
