package plugin

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func heard(text string) (*output, *[]string) {
	var lines []string
	o := &output{log: func(level, text string) { lines = append(lines, level+" "+text) }}
	o.read(strings.NewReader(text), nil)
	return o, &lines
}

func TestOutputLines(t *testing.T) {
	long := strings.Repeat("x", pieceBytes+10)
	_, lines := heard("plain\n" +
		`{"@level": "warn", "@message": "mind", "@timestamp": 7}` + "\n" +
		`{"@message": 5}` + "\n" + `{"@level": "loud", "@message": "m"}` + "\n" + `{"a": 1}` + "\n" + long + "\nlast without end")
	want := []string{
		"info plain", "warn mind", `info {"@message": 5}`, `info {"@level": "loud", "@message": "m"}`, `info {"a": 1}`,
		"info " + long[:pieceBytes], "info " + long[pieceBytes:], "info last without end",
	}
	if !slices.Equal(*lines, want) {
		t.Errorf("got %.300q", *lines)
	}
}

// The end of the output is kept, and of that a traceback or panic is what the user needs to see.
func TestOutputTail(t *testing.T) {
	traceback := "Traceback (most recent call last):\n  File \"a.py\", line 3, in f\nValueError: no"
	goPanic := "panic: no\n\ngoroutine 1 [running]:\nmain.main()"
	var many strings.Builder
	for i := range 100_000 {
		fmt.Fprintln(&many, "line", i)
	}
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"few lines", "a\nb\n", "a\nb"},
		{"a traceback", "before\n" + traceback + "\n", traceback},
		{"the last traceback", "Traceback (most recent call last):\nfirst\n" + traceback, traceback},
		{"a panic", "before\n" + goPanic, goPanic},
		{"not in the middle of a line", "do not panic: it is only a warning", "do not panic: it is only a warning"},
	} {
		o, _ := heard(c.text)
		if got := o.tail(); got != c.want {
			t.Errorf("%s: %q, wanted %q", c.name, got, c.want)
		}
	}
	o, _ := heard(many.String())
	if got := strings.Split(o.tail(), "\n"); len(got) != tailLines || got[tailLines-1] != "line 99999" {
		t.Errorf("the tail of many lines is %q", got)
	}
	if len(o.kept) > 2*ringBytes {
		t.Errorf("%d bytes kept", len(o.kept))
	}
	o, _ = heard(traceback + "\n" + strings.Repeat("  more\n", 200))
	if n := strings.Count(o.tail(), "\n"); n != tracebackLines {
		t.Errorf("a long traceback has %d lines", n)
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("SECRET_TOKEN", "1")
	t.Setenv("LC_ALL", "C")
	t.Setenv("OMP_NUM_THREADS", "64")
	t.Setenv("SAMPAN_SOMETHING", "2")
	t.Setenv("ALPHA_LICENCE", "3")
	t.Setenv("BETA_LICENCE", "4")
	env := environment(&Spec{PassEnv: []string{"ALPHA_LICENCE"}}, Options{Threads: 1, PassEnv: []string{"BETA_LICENCE"}, Env: map[string]string{"LC_ALL": "de_DE", "MKL_NUM_THREADS": "2"}})
	for _, want := range []string{
		"LC_ALL=de_DE", "OMP_NUM_THREADS=1", "MKL_NUM_THREADS=2", "SAMPAN_SOMETHING=2", "ALPHA_LICENCE=3", "BETA_LICENCE=4", "PYTHONHASHSEED=0",
	} {
		if !slices.Contains(env, want) {
			t.Errorf("lacks %s", want)
		}
	}
	for _, kv := range env {
		if strings.HasPrefix(kv, "SECRET") {
			t.Errorf("passes %s on", kv)
		}
	}
	if !slices.IsSorted(env) {
		t.Error("not sorted")
	}
}
