package config

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/BurntSushi/toml"
)

// commandLine is the line of values that were an argument of their own.
const commandLine = -1

// node is one value of the run file and the line it stands on; 0 for a value that came from --set.
type node struct {
	line  int
	value any              // nil for a table
	table map[string]*node // nil for a value
}

// where says, for a message, what the node's value came from: a line, or the command line.
func (n *node) where(file string) string {
	switch {
	case n == nil || n.line == commandLine:
		return file
	case n.line == 0:
		return "--set"
	}
	return fmt.Sprintf("%s:%d", file, n.line)
}

// plain is the node as maps and values, without lines.
func (n *node) plain() any {
	if n.table == nil {
		return n.value
	}
	m := make(map[string]any, len(n.table))
	for k, c := range n.table {
		m[k] = c.plain()
	}
	return m
}

// parse reads TOML text into a tree of nodes.
func parse(file string, text []byte) (*node, error) {
	var top map[string]toml.Primitive
	md, err := toml.Decode(string(text), &top)
	if err != nil {
		var pe toml.ParseError
		if errors.As(err, &pe) {
			return nil, &Error{Faults: []Fault{{Where: fmt.Sprintf("%s:%d", file, pe.Position.Line), Problem: "not valid TOML: " + pe.Message + typicalSlip(text, pe.Position.Line)}}}
		}
		return nil, &Error{Faults: []Fault{{Where: file, Problem: "not valid TOML: " + err.Error()}}}
	}
	return subtree(&md, top)
}

// typicalSlip adds advice where the faulty line looks like the mistake that most people make: text without quotes.
func typicalSlip(text []byte, line int) string {
	lines := strings.Split(string(text), "\n")
	if line < 1 || line > len(lines) {
		return ""
	}
	key, value, ok := strings.Cut(lines[line-1], "=")
	value = strings.TrimSpace(value)
	if !ok || value == "" || strings.ContainsAny(value, `"'[{#`) || value[0] < 'A' {
		return ""
	}
	return fmt.Sprintf("; text goes in quotes: %s = %q", strings.TrimSpace(key), value)
}

func subtree(md *toml.MetaData, prims map[string]toml.Primitive) (*node, error) {
	n := &node{table: make(map[string]*node, len(prims))}
	for key, prim := range prims {
		child := &node{}
		var table map[string]toml.Primitive
		var value any
		if err := md.PrimitiveDecode(prim, &value); err != nil {
			return nil, err
		}
		if _, ok := value.(map[string]any); ok {
			if err := md.PrimitiveDecode(prim, &table); err != nil {
				return nil, err
			}
			var err error
			if child, err = subtree(md, table); err != nil {
				return nil, err
			}
		} else {
			child.value = value
		}
		if child.line = lineOf(md, prim); child.line == 0 {
			child.line = child.first()
		}
		n.table[key] = child
	}
	return n, nil
}

// first is the line of the first value in a table that has no line of its own, as those of dotted keys have none.
func (n *node) first() int {
	line := 0
	for _, c := range n.table {
		if line == 0 || c.line < line {
			line = c.line
		}
	}
	return line
}

// lineProbe refuses every value. The refusal is how the TOML library tells where a value stands: it keeps positions to
// itself except in errors.
type lineProbe struct{}

var errProbe = errors.New("position asked for")

func (*lineProbe) UnmarshalTOML(any) error { return errProbe }

func lineOf(md *toml.MetaData, prim toml.Primitive) int {
	var pe toml.ParseError
	if errors.As(md.PrimitiveDecode(prim, &lineProbe{}), &pe) {
		return pe.Position.Line
	}
	return 0
}

// set applies one "key.path=value" of the command line. The value is TOML; a word that is not is taken as a string, so
// that quotes need not survive the shell.
func (n *node) set(assignment string) error {
	path, text, ok := strings.Cut(assignment, "=")
	path = strings.TrimSpace(path)
	if !ok || path == "" {
		return &Error{Faults: []Fault{{Where: "--set", Problem: fmt.Sprintf("found %q, accepted: key=value, such as sampler.particles=4096", assignment)}}}
	}
	var doc map[string]any
	if _, err := toml.Decode("v = "+text, &doc); err != nil {
		doc = map[string]any{"v": text}
	}
	keys := strings.Split(path, ".")
	for i, k := range keys[:len(keys)-1] {
		child, ok := n.table[k]
		if !ok {
			child = &node{table: map[string]*node{}}
			n.table[k] = child
		}
		if child.table == nil {
			return &Error{Faults: []Fault{{Where: "--set", Key: path, Problem: fmt.Sprintf("%s is a value, not a table", strings.Join(keys[:i+1], "."))}}}
		}
		n = child
	}
	n.table[keys[len(keys)-1]] = fromPlain(doc["v"])
	return nil
}

func fromPlain(v any) *node {
	m, ok := v.(map[string]any)
	if !ok {
		return &node{value: v}
	}
	n := &node{table: make(map[string]*node, len(m))}
	for k, c := range m {
		n.table[k] = fromPlain(c)
	}
	return n
}

func readFile(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, &Error{Faults: []Fault{{Where: path, Problem: "no such file"}}}
	case err != nil:
		return nil, &Error{Faults: []Fault{{Where: path, Problem: err.Error()}}}
	}
	return text, nil
}
