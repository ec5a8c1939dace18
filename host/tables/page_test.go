package tables

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// write makes the page of the rows that there are outcomes of.
func (b *book) write() []byte {
	var p bytes.Buffer
	p.WriteString("# Learned samplers against published figures\n\n" +
		"Made by `make tables`. ESS is the effective sample size of fresh paths as a fraction; log Z and the gap (log Z less the mean log weight)\n" +
		"are against the known value; modes as found by weight, of those that expect 20 paths or more; TV the total variation of all their weights. CPU seconds are pilot + training, on one core; the training's evaluations of itself are left out, but from outcomes that are older than that distinction.\n" +
		"Where there are several seeds, medians, and the range of ESS. A row that misses a gate says which. Above each table is all that is set of its samplers.\n")
	table := ""
	for _, r := range rows() {
		all := b.of(r)
		if len(all) == 0 {
			continue
		}
		if r.table != table {
			table = r.table
			head(&p, table, b.settings(table), r.columns())
		}
		p.WriteString(line(r, all))
	}
	b.hybrids(&p)
	return p.Bytes()
}

// pathColumns are those of the rows that are judged by fresh paths.
var pathColumns = []string{"target", "published ESS", "demanded", "ESS", "log Z", "gap", "modes", "TV", "Pareto k", "paths", "steps", "evaluations", "CPU seconds", "missed"}

func (r row) columns() []string {
	switch {
	case r.contest != nil:
		return contestColumns
	case r.race != nil:
		return raceColumns
	}
	return pathColumns
}

// head starts a table.
func head(p *bytes.Buffer, title, text string, columns []string) {
	fmt.Fprintf(p, "\n## %s\n\n%s| %s |\n|%s\n", title, text, strings.Join(columns, " | "), strings.Repeat(" --- |", len(columns)))
}

// settings tells the configurations of a table's samplers: all that is set; and where there are several, of which targets.
func (b *book) settings(table string) string {
	var texts []string
	of := map[string][]string{}
	for _, r := range rows() {
		if r.table != table || len(b.of(r)) == 0 {
			continue
		}
		text := inline(r.method)
		if of[text] == nil {
			texts = append(texts, text)
		}
		if !slices.Contains(of[text], r.target.short) {
			of[text] = append(of[text], r.target.short)
		}
	}
	var p strings.Builder
	for _, text := range texts {
		fmt.Fprintf(&p, "`%s`", text)
		if len(texts) > 1 {
			fmt.Fprintf(&p, ": %s", strings.Join(of[text], "; "))
		}
		p.WriteString("\n\n")
	}
	return p.String()
}

// inline is a configuration as it would stand in a run file, the method first.
func inline(config map[string]any) string {
	keys := slices.Sorted(maps.Keys(config))
	if i := slices.Index(keys, "method"); i > 0 {
		keys = slices.Insert(slices.Delete(keys, i, i+1), 0, "method")
	}
	var parts []string
	for _, k := range keys {
		text := fmt.Sprint(config[k])
		switch v := config[k].(type) {
		case string:
			text = fmt.Sprintf("%q", v)
		case float64:
			text = fmt.Sprintf("%.3g", v)
		case map[string]any:
			text = "{" + inline(v) + "}"
		}
		parts = append(parts, k+" = "+text)
	}
	return strings.Join(parts, ", ")
}

// hybrids adds the table of what the host made of samplers, one seed of each.
func (b *book) hybrids(p *bytes.Buffer) {
	begun := false
	for _, r := range rows() {
		all := b.of(r)
		if len(all) == 0 || all[len(all)/2].Hybrid == nil {
			continue
		}
		if !begun {
			head(p, "The same samplers in the host's hybrid, which decides whether to use them", "", hybridColumns)
			begun = true
		}
		p.WriteString(r.hybridLine(all[len(all)/2]))
	}
}

func line(r row, all []*outcome) string {
	median := func(f func(o *outcome) float64) float64 {
		v := make([]float64, len(all))
		for i, o := range all {
			v[i] = f(o)
		}
		slices.Sort(v)
		return v[len(v)/2]
	}
	ess := func(o *outcome) float64 { return o.ESS }
	span := fmt.Sprintf("%.4f", median(ess))
	if len(all) > 1 {
		low, high := math.Inf(1), math.Inf(-1)
		for _, o := range all {
			low, high = math.Min(low, o.ESS), math.Max(high, o.ESS)
		}
		span += fmt.Sprintf(" (%.4f–%.4f)", low, high)
	}
	var missed []string
	for _, o := range all {
		for _, f := range r.faults(o) {
			missed = append(missed, fmt.Sprintf("seed %d: %s", o.Seed, strings.ReplaceAll(f, "\n", " ")))
		}
	}
	o, lapses := all[len(all)/2], strings.Join(missed, "; ")+r.note
	switch {
	case o.Failed != "" && (r.contest != nil || r.race != nil):
		return fmt.Sprintf("| %s |%s %s |\n", r.target.short, strings.Repeat(" – |", len(r.columns())-2), lapses)
	case r.contest != nil:
		return r.contestLine(o, lapses)
	case r.race != nil:
		return r.raceLine(o, lapses)
	}
	target := r.target.short
	if r.rotated {
		target += ", rotated"
	}
	modes, variation := "–", "–"
	if o.Of > 0 {
		modes, variation = fmt.Sprintf("%d/%d", o.Modes, o.Of), fmt.Sprintf("%.3f", median(func(o *outcome) float64 { return o.Variation }))
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %+.4f ± %.4f | %.4f | %s | %s | %.2f | %d | %d | %.2g | %.0f + %.0f | %s |\n", target,
		figure(r.published), figure(r.demanded), span, median(func(o *outcome) float64 { return o.LogZ }), median(func(o *outcome) float64 { return o.LogZErr }),
		median(func(o *outcome) float64 { return o.Gap }), modes, variation, median(func(o *outcome) float64 { return o.ParetoK }), o.Paths, o.Steps,
		float64(o.Evaluations), median(func(o *outcome) float64 { return o.Pilot }), median(func(o *outcome) float64 { return o.Train }), lapses)
}

func figure(v float64) string {
	if v == 0 {
		return "–"
	}
	return strings.TrimPrefix(fmt.Sprintf("%.4g", v), "0")
}
