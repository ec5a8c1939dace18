package config

import (
	"fmt"
	"strings"
)

// Fault is one mistake in a run file, told so that it can be mended without reading the manual.
type Fault struct {
	Where   string // "run.toml:12", "run.toml" or "--set"
	Key     string // "sampler.particles"; empty if it is not about one key
	Problem string // what was found and what is accepted
}

func (f Fault) String() string {
	if f.Key == "" {
		return f.Where + ": " + f.Problem
	}
	return f.Where + ": " + f.Key + ": " + f.Problem
}

// Error holds every fault of a run file, in the order of the file's lines.
type Error struct{ Faults []Fault }

func (e *Error) Error() string {
	lines := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// show prints a value as it would stand in a run file.
func show(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("%q", v)
	case []any:
		parts := make([]string, 0, len(v))
		for i, e := range v {
			if i == 8 {
				parts = append(parts, "…")
				break
			}
			parts = append(parts, show(e))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		return "a table"
	case []map[string]any:
		return "an array of tables"
	}
	return fmt.Sprint(v)
}

// Nearest returns the candidate that is closest to word, or "" if none is close enough to be what was meant.
func Nearest(word string, candidates []string) string {
	best, bestDist := "", 1+len(word)/3+1
	for _, c := range candidates {
		if d := distance(strings.ToLower(word), strings.ToLower(c)); d < bestDist {
			best, bestDist = c, d
		}
	}
	if best == "" {
		for _, c := range candidates {
			if len(word) >= 3 && (strings.Contains(c, word) || strings.Contains(word, c) && len(c) >= 3) {
				return c
			}
		}
	}
	return best
}

// distance counts the insertions, deletions, replacements and swaps of neighbours that turn a into b.
func distance(a, b string) int {
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
