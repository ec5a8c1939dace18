package plugin

import (
	"errors"
	"fmt"
	"strings"
)

// UseError says that a component asked for by `use` cannot be found or is no plugin: a mistake in the run file or on the
// command line.
type UseError struct {
	Use      string
	Found    string
	Accepted string
}

func (e *UseError) Error() string {
	return fmt.Sprintf("use = %q: found %s; accepted: %s", e.Use, e.Found, e.Accepted)
}

// Error is a plugin's failure, told so that its author can mend it.
type Error struct {
	Plugin    string
	Op        string // what was asked of it: start, describe, create, evaluate, sample, derive, segment, train ...
	Problem   string // what went wrong
	Hint      string // what might help; or empty
	Traceback string // of the component's code, as its language prints it; or empty
	Stderr    string // the end of what the process printed; or empty
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "plugin %s: %s: %s", e.Plugin, e.Op, e.Problem)
	if e.Hint != "" {
		fmt.Fprintf(&b, "\nhint: %s", e.Hint)
	}
	if e.Traceback != "" {
		fmt.Fprintf(&b, "\n%s", indent(e.Traceback))
	} else if e.Stderr != "" {
		fmt.Fprintf(&b, "\nlast output of the plugin:\n%s", indent(e.Stderr))
	}
	return b.String()
}

func indent(s string) string {
	return "  | " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n  | ")
}

// errClosed is the answer to calls on a plugin that has been closed.
var errClosed = errors.New("the plugin is closed")

// lost is an attempt that ended with the process: it ended by itself, fell silent, or did not start. Another process may
// do better.
type lost struct {
	op      string
	problem string
	hint    string
	stderr  string
	hung    bool // killed at its deadline
	unborn  bool // it never came to the call
	gotOn   bool // the work had got on since the process before, so that this is no repetition
}

func (e *lost) Error() string { return e.op + ": " + e.problem }

func (e *lost) forUser(plugin string) *Error {
	return &Error{Plugin: plugin, Op: e.op, Problem: e.problem, Hint: e.hint, Stderr: e.stderr}
}
