package config

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// keys visits the keys of one table. The structs name their keys once, to a keys: a section reads them from a run file,
// a writer writes them to one, and so what is written always reads back.
//
// Every dst holds the default when it is visited, and keeps it if the file does not set the key.
type keys interface {
	text(name string, dst *string)
	need(name string, dst *string, accepted string) // a text that must be there
	choice(name string, dst *string, choices ...string)
	flag(name string, dst *bool)
	whole(name string, dst *int, lo, hi int) // hi = many: no upper bound
	number(name string, dst *float64, accepted string, ok func(float64) bool)
	numbers(name string, dst *[]float64, accepted string, ok func([]float64) bool)
	// each is a number for all coordinates, or an array with one for each.
	each(name string, dst *[]float64, accepted string, ok func(float64) bool)
	texts(name string, dst *map[string]string)
	free(name string, dst *map[string]any) // a table with keys of somebody else's
	table(name string, visit func(keys))
	// optional is a table whose absence means something; there says whether it is to be written.
	optional(name string, there bool, visit func(keys))
	// context says, for the message about an unknown key, when the known ones are known.
	context(text string)
	// later names keys that this version refuses although the documentation of the format has them.
	later(names ...string)
}

const many = math.MaxInt32

// section reads one table of the run file.
type section struct {
	r    *reader
	path string
	node *node // nil if the table is absent
	when string
	// known are the keys that were visited, postponed the ones that a later version will visit.
	known, postponed []string
}

// reader gathers the faults of all sections.
type reader struct {
	file   string
	faults []located
}

type located struct {
	line int
	Fault
}

func (r *reader) fault(n *node, key, format string, args ...any) {
	line := math.MaxInt
	if n != nil && n.line > 0 {
		line = n.line
	}
	r.faults = append(r.faults, located{line, Fault{Where: n.where(r.file), Key: key, Problem: fmt.Sprintf(format, args...)}})
}

func (s *section) key(name string) string {
	if s.path == "" {
		return name
	}
	return s.path + "." + name
}

// take marks name as known and returns its node, nil if absent.
func (s *section) take(name string) *node {
	s.known = append(s.known, name)
	if s.node == nil {
		return nil
	}
	return s.node.table[name]
}

// wrong reports the value of name.
func (s *section) wrong(n *node, name, accepted string) {
	s.r.fault(n, s.key(name), "found %s, accepted: %s", show(n.plain()), accepted)
}

func (s *section) text(name string, dst *string) {
	n := s.take(name)
	if n == nil {
		return
	}
	v, ok := n.value.(string)
	if !ok {
		s.wrong(n, name, "text in quotes")
		return
	}
	*dst = v
}

func (s *section) need(name string, dst *string, accepted string) {
	s.text(name, dst)
	switch n := s.known[len(s.known)-1]; {
	case s.node == nil || s.node.table[n] == nil:
		s.r.fault(s.node, s.key(name), "missing, accepted: %s", accepted)
	case s.node.table[n].value == "":
		s.wrong(s.node.table[n], name, accepted)
	}
}

func (s *section) choice(name string, dst *string, choices ...string) {
	n := s.take(name)
	if n == nil {
		return
	}
	v, ok := n.value.(string)
	if ok && slices.Contains(choices, v) {
		*dst = v
		return
	}
	s.wrong(n, name, quoted(choices)+meant(v, choices))
}

func (s *section) flag(name string, dst *bool) {
	n := s.take(name)
	if n == nil {
		return
	}
	v, ok := n.value.(bool)
	if !ok {
		s.wrong(n, name, "true or false")
		return
	}
	*dst = v
}

func (s *section) whole(name string, dst *int, lo, hi int) {
	n := s.take(name)
	if n == nil {
		return
	}
	v, ok := n.value.(int64)
	if f, isFloat := n.value.(float64); isFloat && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		v, ok = int64(f), true // 1e4 is a whole number to everyone but TOML
	}
	if !ok || v < int64(lo) || v > int64(hi) {
		accepted := fmt.Sprintf("a whole number from %d to %d", lo, hi)
		if hi >= many {
			accepted = fmt.Sprintf("a whole number, %d or more", lo)
		}
		s.wrong(n, name, accepted)
		return
	}
	*dst = int(v)
}

func (s *section) number(name string, dst *float64, accepted string, ok func(float64) bool) {
	n := s.take(name)
	if n == nil {
		return
	}
	v, isNumber := asNumber(n.value)
	if !isNumber || !ok(v) {
		s.wrong(n, name, accepted)
		return
	}
	*dst = v
}

func (s *section) numbers(name string, dst *[]float64, accepted string, ok func([]float64) bool) {
	n := s.take(name)
	if n == nil {
		return
	}
	list, good := n.value.([]any)
	out := make([]float64, len(list))
	for i, e := range list {
		v, isNumber := asNumber(e)
		good = good && isNumber
		out[i] = v
	}
	if !good || !ok(out) {
		s.wrong(n, name, accepted)
		return
	}
	*dst = out
}

func (s *section) each(name string, dst *[]float64, accepted string, ok func(float64) bool) {
	if s.node != nil && s.node.table[name] != nil {
		if _, isNumber := asNumber(s.node.table[name].value); isNumber {
			one := 0.0
			s.number(name, &one, accepted, ok)
			*dst = []float64{one}
			return
		}
	}
	s.numbers(name, dst, accepted+"; or an array with one for each coordinate", func(v []float64) bool {
		return len(v) > 0 && !slices.ContainsFunc(v, func(x float64) bool { return !ok(x) })
	})
}

func (s *section) texts(name string, dst *map[string]string) {
	s.table(name, func(k keys) {
		t := k.(*section)
		if t.node == nil {
			return
		}
		out := make(map[string]string, len(t.node.table))
		for _, word := range slices.Sorted(maps.Keys(t.node.table)) {
			v := ""
			t.text(word, &v)
			out[word] = v
		}
		*dst = out
	})
}

func (s *section) free(name string, dst *map[string]any) {
	n := s.take(name)
	if n == nil {
		return
	}
	if n.table == nil {
		s.wrong(n, name, fmt.Sprintf("a table, written [%s]", s.key(name)))
		return
	}
	s.refuseDates(name, n)
	*dst = n.plain().(map[string]any)
}

// refuseDates reports the dates in a table that goes to a component: JSON, in which it goes, has none.
func (s *section) refuseDates(path string, n *node) {
	for _, k := range slices.Sorted(maps.Keys(n.table)) {
		s.refuseDates(path+"."+k, n.table[k])
	}
	if when, ok := n.value.(time.Time); ok {
		s.r.fault(n, s.key(path), "found the date %s, accepted: text, numbers, true, false, lists and tables; write a date in quotes", when.Format(time.DateOnly))
	}
}

func (s *section) table(name string, visit func(keys)) {
	child := &section{r: s.r, path: s.key(name)}
	switch n := s.take(name); {
	case n == nil:
	case n.table == nil:
		s.wrong(n, name, fmt.Sprintf("a table, written [%s]", s.key(name)))
	default:
		child.node = n
	}
	visit(child)
	child.end()
}

func (s *section) optional(name string, _ bool, visit func(keys)) {
	if s.node == nil || s.node.table[name] == nil {
		s.known = append(s.known, name)
		return
	}
	s.table(name, visit)
}

func (s *section) context(text string) { s.when = " " + text }

func (s *section) later(names ...string) { s.postponed = append(s.postponed, names...) }

// end reports the keys that nothing visited.
func (s *section) end() {
	if s.node == nil {
		return
	}
	for _, k := range slices.Sorted(maps.Keys(s.node.table)) {
		n := s.node.table[k]
		switch {
		case slices.Contains(s.known, k):
		case slices.Contains(s.postponed, k):
			s.r.fault(n, s.key(k), "not available in this version of sampan")
		default:
			s.r.fault(n, s.key(k), "unknown key%s; accepted here%s: %s", meant(k, s.known), s.when, strings.Join(s.known, ", "))
		}
	}
}

func asNumber(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

func quoted(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = fmt.Sprintf("%q", w)
	}
	return strings.Join(out, ", ")
}

// meant is the end of a sentence that names what the user may have meant, or empty.
func meant(word string, words []string) string {
	if near := Nearest(word, words); near != "" {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	return ""
}

func positive(x float64) bool { return x > 0 && !math.IsInf(x, 0) }
