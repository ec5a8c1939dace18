package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
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

// schemaOf is a schema with the alternative of this title as its only one.
func schemaOf(text json.RawMessage, title string) (json.RawMessage, error) {
	var s struct{ OneOf []json.RawMessage }
	var whole map[string]any
	if len(text) > 0 && (json.Unmarshal(text, &s) != nil || json.Unmarshal(text, &whole) != nil) {
		return text, nil // a schema of another form
	}
	var titles []string
	for _, one := range s.OneOf {
		var a schema
		if err := json.Unmarshal(one, &a); err != nil {
			return nil, fmt.Errorf("the plugin's schema: %w", err)
		}
		if a.Title == title {
			whole["oneOf"] = []json.RawMessage{one}
			return json.Marshal(whole)
		}
		titles = append(titles, a.Title)
	}
	accepted := "none"
	if len(titles) > 0 {
		accepted = strings.Join(titles, ", ")
	}
	return nil, &usageError{fmt.Sprintf("method: found %q, accepted: %s%s", title, accepted, meant(title, titles))}
}

// showSchema writes the keys of a component's configuration; of its alternatives, only where name is that of one, those of
// that one.
func showSchema(w io.Writer, text json.RawMessage, name string) {
	var s schema
	if err := json.Unmarshal(text, &s); err != nil {
		fmt.Fprintf(w, "         configuration: %s\n", text) // a schema of another form
		return
	}
	if i := slices.IndexFunc(s.OneOf, func(a schema) bool { return name != "" && a.Title == name }); i >= 0 {
		fmt.Fprintf(w, "\n%s: %s\n", name, s.OneOf[i].Description)
		all := maps.Clone(s.OneOf[i].Properties)
		for k, p := range s.Properties {
			if _, ok := all[k]; !ok {
				all[k] = p
			}
		}
		s = schema{Properties: all}
	}
	if len(s.Properties) > 0 {
		rows := [][]string{{"key", "type", "default", "meaning"}}
		s.keys("", &rows)
		fmt.Fprint(w, "\n"+columns(rows))
	}
	if len(s.OneOf) > 0 {
		var rows [][]string
		for _, a := range s.OneOf {
			rows = append(rows, []string{a.Title, a.Description})
		}
		fmt.Fprint(w, "\n"+columns(rows))
	}
}

// keys adds a row for each key of the table s, and of the tables in it.
func (s *schema) keys(before string, rows *[][]string) {
	for _, k := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[k]
		switch {
		case len(p.Properties) > 0:
			p.keys(before+k+".", rows)
		case p.Const == nil: // else it is the name of what is shown
			*rows = append(*rows, []string{before + k, p.kind(), orDash(string(p.Default)), p.meaning(slices.Contains(s.Required, k))})
		}
	}
}

// columns lines up rows of text; the last column is wrapped.
func columns(rows [][]string) string {
	width := make([]int, len(rows[0])-1)
	for _, r := range rows {
		for j := range width {
			width[j] = max(width[j], len([]rune(r[j])))
		}
	}
	var b strings.Builder
	for _, r := range rows {
		head := "  "
		for j, n := range width {
			head += fmt.Sprintf("%-*s  ", n, r[j])
		}
		b.WriteString(hanging(head, r[len(width)]))
	}
	return b.String()
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
	if len(p.Enum) > 0 {
		return "string"
	}
	return "-"
}

func (p *schema) meaning(required bool) string {
	var parts []string
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
