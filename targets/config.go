package targets

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"gonum.org/v1/gonum/mat"
)

// ConfigError is one fault in a configuration: the key path within it, what was found there and what is accepted.
type ConfigError struct {
	Path     string // "prior_sd", "cov[1][2]"
	Found    string
	Accepted string
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("%s: found %s; accepted: %s", e.Path, e.Found, e.Accepted)
}

// ConfigErrors is every fault of a configuration, in the order of the keys.
type ConfigErrors []*ConfigError

func (e ConfigErrors) Error() string {
	lines := make([]string, len(e))
	for i, c := range e {
		lines[i] = c.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find the single faults.
func (e ConfigErrors) Unwrap() []error {
	out := make([]error, len(e))
	for i, c := range e {
		out[i] = c
	}
	return out
}

// UnknownTarget says that New was asked for a name the catalogue does not have.
type UnknownTarget struct {
	Name    string
	Nearest string // or empty
	Known   []string
}

func (e *UnknownTarget) Error() string {
	hint := ""
	if e.Nearest != "" {
		hint = fmt.Sprintf("; did you mean %q?", e.Nearest)
	}
	return fmt.Sprintf("no built-in target %q; accepted: %s%s", e.Name, strings.Join(e.Known, ", "), hint)
}

// nearest is the candidate within two edits of name, or within a third of its length, and closest to it; or empty.
func nearest(name string, candidates []string) string {
	best, at := "", max(2, len(name)/3)+1
	for _, c := range candidates {
		if d := edits(strings.ToLower(name), c); d < at {
			best, at = c, d
		}
	}
	return best
}

// edits is the Levenshtein distance.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diag, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diag+cost)
		}
	}
	return row[len(b)]
}

// reader takes typed values out of a configuration that came from TOML or JSON, and gathers every fault.
type reader struct {
	m      map[string]any
	seen   []string
	faults ConfigErrors
}

func (r *reader) fault(path, found, accepted string) {
	r.faults = append(r.faults, &ConfigError{path, found, accepted})
}

// get is the value at key, which from now on is a known key.
func (r *reader) get(key string) (any, bool) {
	if !slices.Contains(r.seen, key) {
		r.seen = append(r.seen, key)
	}
	v, ok := r.m[key]
	return v, ok
}

// done reports the faults, keys that nobody asked for among them.
func (r *reader) done() error {
	var unknown []string
	for k := range r.m {
		if !slices.Contains(r.seen, k) {
			unknown = append(unknown, k)
		}
	}
	sort.Strings(unknown)
	for _, k := range unknown {
		accepted := "no keys"
		if len(r.seen) > 0 {
			accepted = strings.Join(r.seen, ", ")
		}
		if n := nearest(k, r.seen); n != "" {
			accepted += fmt.Sprintf(" (did you mean %s?)", n)
		}
		r.fault(k, "an unknown key", accepted)
	}
	if len(r.faults) > 0 {
		return r.faults
	}
	return nil
}

// show is a value as an error message prints it: short, with its kind.
func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case string:
		return fmt.Sprintf("%q", v)
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	case map[string]any:
		return "a table"
	}
	return fmt.Sprint(v)
}

// number accepts what TOML and JSON decoders, and Go callers, make of a number.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	case int:
		return float64(v), true
	}
	return 0, false
}

// float reads a finite number that ok accepts; accepted says in words what that is.
func (r *reader) float(key string, def float64, accepted string, ok func(float64) bool) float64 {
	v, has := r.get(key)
	if !has {
		return def
	}
	f, isNum := number(v)
	if !isNum || math.IsNaN(f) || math.IsInf(f, 0) || !ok(f) {
		r.fault(key, show(v), accepted)
		return def
	}
	return f
}

func anyNumber(float64) bool     { return true }
func positiveNum(f float64) bool { return f > 0 }

func (r *reader) int(key string, def, lo, hi int) int {
	accepted := fmt.Sprintf("a whole number from %d to %d", lo, hi)
	return int(r.float(key, float64(def), accepted, func(f float64) bool {
		return f == math.Trunc(f) && f >= float64(lo) && f <= float64(hi)
	}))
}

func (r *reader) bool(key string, def bool) bool {
	v, has := r.get(key)
	if !has {
		return def
	}
	b, ok := v.(bool)
	if !ok {
		r.fault(key, show(v), "true or false")
		return def
	}
	return b
}

func (r *reader) string(key, def, accepted string) string {
	v, has := r.get(key)
	if !has {
		return def
	}
	s, ok := v.(string)
	if !ok || s == "" {
		r.fault(key, show(v), accepted)
		return def
	}
	return s
}

// choice reads one of a few words.
func (r *reader) choice(key, def string, words ...string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = fmt.Sprintf("%q", w)
	}
	accepted := strings.Join(quoted, ", ")
	s := r.string(key, def, accepted)
	if !slices.Contains(words, s) {
		if n := nearest(s, words); n != "" {
			accepted += fmt.Sprintf(" (did you mean %q?)", n)
		}
		r.fault(key, show(s), accepted)
		return def
	}
	return s
}

// vector reads a list of numbers; nil if the key is absent. want < 0 accepts any length but 0.
func (r *reader) vector(key string, want int) []float64 {
	v, has := r.get(key)
	if !has {
		return nil
	}
	return r.list(key, v, want, false)
}

// list reads a list of numbers at path; null becomes NaN where gaps are allowed, as does a NaN, which TOML can write.
func (r *reader) list(path string, v any, want int, gaps bool) []float64 {
	accepted := "a list of numbers"
	if want >= 0 {
		accepted = fmt.Sprintf("a list of %d numbers", want)
	}
	var out []float64
	switch v := v.(type) {
	case []float64:
		out = v
	case []any:
		out = make([]float64, len(v))
		for i, e := range v {
			f, ok := number(e)
			switch {
			case gaps && (e == nil || math.IsNaN(f)):
				f = math.NaN()
			case !ok || math.IsNaN(f) || math.IsInf(f, 0):
				r.fault(fmt.Sprintf("%s[%d]", path, i), show(e), "a finite number")
				return nil
			}
			out[i] = f
		}
	default:
		r.fault(path, show(v), accepted)
		return nil
	}
	if len(out) == 0 || want >= 0 && len(out) != want {
		r.fault(path, fmt.Sprintf("a list of %d", len(out)), accepted)
		return nil
	}
	return out
}

// matrix reads a list of rows of equal length, row-major; rows and cols < 0 accept any number but 0.
func (r *reader) matrix(key string, rows, cols int, gaps bool) (flat []float64, nRows, nCols int) {
	v, has := r.get(key)
	if !has {
		return nil, 0, 0
	}
	var list []any
	switch v := v.(type) {
	case []any:
		list = v
	case [][]float64:
		for _, row := range v {
			list = append(list, row)
		}
	}
	count := "rows"
	if rows >= 0 {
		count = fmt.Sprintf("%d rows", rows)
	}
	if len(list) == 0 || rows >= 0 && len(list) != rows {
		r.fault(key, show(v), fmt.Sprintf("a list of %s, each a list of numbers", count))
		return nil, 0, 0
	}
	for i, row := range list {
		vals := r.list(fmt.Sprintf("%s[%d]", key, i), row, cols, gaps)
		if vals == nil {
			return nil, 0, 0
		}
		cols = len(vals)
		flat = append(flat, vals...)
	}
	return flat, len(list), cols
}

// symmetric makes a positive definite matrix of d×d numbers already read at key, or reports why it is none.
func (r *reader) symmetric(key string, flat []float64, d int) *mat.SymDense {
	if len(flat) != d*d {
		r.fault(key, fmt.Sprintf("a list of %d rows", d), "as many rows as columns")
		return nil
	}
	for i := range d {
		for j := range i {
			if a, b := flat[i*d+j], flat[j*d+i]; math.Abs(a-b) > 1e-12*math.Max(math.Abs(a), math.Abs(b)) {
				r.fault(fmt.Sprintf("%s[%d][%d]", key, i, j), show(a), fmt.Sprintf("%v, for symmetry", b))
				return nil
			}
		}
	}
	sym := mat.NewSymDense(d, flat)
	var chol mat.Cholesky
	if !chol.Factorize(sym) {
		r.fault(key, "a matrix that is not positive definite", "a covariance")
		return nil
	}
	return sym
}
