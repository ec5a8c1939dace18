package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// schema is what is shown of a JSON Schema: the keys of a table, and alternatives of it.
type schema struct {
	Title       string
	Description string
	Type        any // a name, or a list of them
	Default     json.RawMessage
	Enum        []any
	Const       any
	Properties  map[string]schema
	Required    []string
	OneOf       []schema
}

// showSchema writes the keys of a component's configuration; of its alternatives, only where name is that of one, those of
// that one.
func showSchema(w io.Writer, text json.RawMessage, name string) error {
	var s schema
	if err := json.Unmarshal(text, &s); err != nil {
		fmt.Fprintf(w, "         configuration: %s\n", text) // a schema of another form
		return nil
	}
	var titles []string
	for _, a := range s.OneOf {
		titles = append(titles, a.Title)
	}
	if name != "" {
		i := slices.Index(titles, name)
		if i < 0 {
			accepted := "none"
			if len(titles) > 0 {
				accepted = strings.Join(titles, ", ")
			}
			return &usageError{fmt.Sprintf("found %q, accepted: %s%s", name, accepted, meant(name, titles))}
		}
		fmt.Fprintf(w, "\n%s: %s\n", name, s.OneOf[i].Description)
		all := maps.Clone(s.OneOf[i].Properties)
		for k, p := range s.Properties {
			if _, ok := all[k]; !ok {
				all[k] = p
			}
		}
		s = schema{Properties: all}
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(s.Properties) > 0 {
		fmt.Fprintln(table, "\n  key\ttype\tdefault\tmeaning")
		showKeys(table, "", s)
	}
	if len(s.OneOf) > 0 {
		fmt.Fprintln(table)
		for _, a := range s.OneOf {
			fmt.Fprintf(table, "  %s\t%s\n", a.Title, a.Description)
		}
	}
	return table.Flush()
}

func showKeys(w io.Writer, before string, s schema) {
	for _, k := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[k]
		if len(p.Properties) > 0 {
			showKeys(w, before+k+".", p)
			continue
		}
		fmt.Fprintf(w, "  %s%s\t%s\t%s\t%s\n", before, k, p.kind(), orDash(string(p.Default)), p.meaning(slices.Contains(s.Required, k)))
	}
}

func (p *schema) kind() string {
	switch t := p.Type.(type) {
	case string:
		return t
	case []any:
		names := make([]string, len(t))
		for i, n := range t {
			names[i] = fmt.Sprint(n)
		}
		return strings.Join(names, " or ")
	}
	if p.Const != nil || len(p.Enum) > 0 {
		return "string"
	}
	return "-"
}

func (p *schema) meaning(required bool) string {
	var parts []string
	if p.Const != nil {
		parts = append(parts, fmt.Sprintf("%q", p.Const))
	}
	if p.Description != "" {
		parts = append(parts, p.Description)
	}
	if len(p.Enum) > 0 {
		words := make([]string, len(p.Enum))
		for i, v := range p.Enum {
			words[i] = fmt.Sprint(v)
		}
		parts = append(parts, "one of "+strings.Join(words, ", "))
	}
	if required {
		parts = append(parts, "required")
	}
	return strings.Join(parts, "; ")
}
