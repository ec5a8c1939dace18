package config

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// writer writes the keys it visits as TOML. Tables come after the values of the table that holds them, as TOML wants.
type writer struct {
	path   string
	values strings.Builder
	tables []string // rendered, each with its header
}

func (w *writer) put(name, value string) {
	fmt.Fprintf(&w.values, "%s = %s\n", bareOrQuoted(name), value)
}

func (w *writer) text(name string, dst *string)                { w.put(name, basicString(*dst)) }
func (w *writer) need(name string, dst *string, _ string)      { w.put(name, basicString(*dst)) }
func (w *writer) choice(name string, dst *string, _ ...string) { w.put(name, basicString(*dst)) }
func (w *writer) flag(name string, dst *bool)                  { w.put(name, strconv.FormatBool(*dst)) }
func (w *writer) whole(name string, dst *int, _, _ int)        { w.put(name, strconv.Itoa(*dst)) }
func (w *writer) number(name string, dst *float64, _ string, _ func(float64) bool) {
	w.put(name, float(*dst))
}

func (w *writer) numbers(name string, dst *[]float64, _ string, _ func([]float64) bool) {
	if *dst == nil {
		return
	}
	parts := make([]string, len(*dst))
	for i, x := range *dst {
		parts[i] = float(x)
	}
	w.put(name, "["+strings.Join(parts, ", ")+"]")
}

func (w *writer) each(name string, dst *[]float64, _ string, _ func(float64) bool) {
	if len(*dst) == 1 {
		w.put(name, float((*dst)[0]))
		return
	}
	w.numbers(name, dst, "", nil)
}

func (w *writer) texts(name string, dst *map[string]string) {
	if len(*dst) == 0 {
		return
	}
	w.table(name, func(k keys) {
		for _, word := range slices.Sorted(maps.Keys(*dst)) {
			v := (*dst)[word]
			k.text(word, &v)
		}
	})
}

func (w *writer) free(name string, dst *map[string]any) {
	if len(*dst) == 0 {
		return
	}
	w.table(name, func(k keys) {
		for _, word := range slices.Sorted(maps.Keys(*dst)) {
			k.(*writer).any(word, (*dst)[word])
		}
	})
}

func (w *writer) any(name string, v any) {
	if m, ok := v.(map[string]any); ok {
		w.table(name, func(k keys) {
			for _, word := range slices.Sorted(maps.Keys(m)) {
				k.(*writer).any(word, m[word])
			}
		})
		return
	}
	w.put(name, inline(v))
}

func (w *writer) table(name string, visit func(keys)) {
	child := &writer{path: strings.TrimPrefix(w.path+"."+bareOrQuoted(name), ".")}
	visit(child)
	w.tables = append(w.tables, "\n["+child.path+"]\n"+child.String())
}

func (w *writer) optional(name string, there bool, visit func(keys)) {
	if there {
		w.table(name, visit)
	}
}

func (w *writer) context(string)  {}
func (w *writer) later(...string) {}

func (w *writer) String() string { return w.values.String() + strings.Join(w.tables, "") }

// inline renders a value of a free table on one line.
func inline(v any) string {
	switch v := v.(type) {
	case string:
		return basicString(v)
	case float64:
		return float(v)
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = inline(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case []map[string]any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = inline(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, bareOrQuoted(k)+" = "+inline(v[k]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprint(v)
}

// float prints x so that it reads back to the same bits, and as a float rather than a whole number.
func float(x float64) string {
	switch {
	case math.IsInf(x, 1):
		return "inf"
	case math.IsInf(x, -1):
		return "-inf"
	case math.IsNaN(x):
		return "nan"
	}
	s := strconv.FormatFloat(x, 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}

// basicString is s as a TOML basic string.
func basicString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsControl(r):
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func bareOrQuoted(key string) string {
	bare := key != ""
	for _, r := range key {
		bare = bare && (r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	}
	if bare {
		return key
	}
	return basicString(key)
}
