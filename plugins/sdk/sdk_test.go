package sdk

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sampan-mc/sampan/targets"
)

const asPlugin = "SAMPAN_TEST_AS_PLUGIN"

// The test binary is also a plugin.
func TestMain(m *testing.M) {
	if os.Getenv(asPlugin) != "" {
		Main(
			Target{Name: "bowl", Version: "1.2.3", Summary: "a parabola", Schema: `{"type":"object"}`, Density: bowl()},
			Target{Name: "dish", New: func(json.RawMessage, string) (targets.Density, error) { return bowl(), nil }},
		)
	}
	os.Exit(m.Run())
}

func bowl() targets.Density {
	return targets.Func("bowl", targets.Reals("x", 2), func(x, grad []float64) float64 {
		for i, v := range x {
			if grad != nil {
				grad[i] = -2 * v
			}
		}
		return -x[0]*x[0] - x[1]*x[1]
	})
}

func program(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asPlugin+"=1")
	return cmd
}

func TestDescribeCommand(t *testing.T) {
	out, err := program("describe").Output()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"name":"bowl","version":"1.2.3","sdk":"go ` + Version + `","protocol":[1],"components":[` +
		`{"kind":"target","name":"bowl","summary":"a parabola","config_schema":{"type":"object"}},{"kind":"target","name":"dish"}]}` + "\n"
	if string(out) != want {
		t.Errorf("got %s, wanted %s", out, want)
	}
}

// By hand, a plugin says what it is and leaves.
func TestByHand(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, ErrByHand.Error()}, {[]string{"serve"}, ErrByHand.Error()}, {[]string{"help"}, `unknown command "help"; accepted: describe, serve`},
	} {
		out, err := program(c.args...).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(string(out), c.want) {
			t.Errorf("%v: %v, %s", c.args, err, out)
		}
	}
}

func TestDecode(t *testing.T) {
	type nested struct {
		Scale float64 `json:"scale"`
	}
	type config struct {
		Dim   int    `json:"dim"`
		Prior nested `json:"prior"`
		Name  string
		inner int
	}
	c := config{Dim: 3, inner: 1}
	if err := Decode([]byte(`{"prior": {"scale": 2}, "Name": "n"}`), &c); err != nil {
		t.Fatal(err)
	}
	if want := (config{Dim: 3, Prior: nested{2}, Name: "n", inner: 1}); c != want {
		t.Errorf("got %+v, wanted %+v", c, want)
	}
	for _, bad := range []struct {
		text string
		want targets.ConfigError
	}{
		{`{"dimm": 1}`, targets.ConfigError{Path: "dimm", Found: "an unknown key", Accepted: "dim, prior, Name"}},
		{`{"prior": {"scale": "a"}}`, targets.ConfigError{Path: "prior.scale", Found: `"a"`, Accepted: "a number"}},
		{`{"prior": {"skale": 1}}`, targets.ConfigError{Path: "prior.skale", Found: "an unknown key", Accepted: "scale"}},
		{`{"prior": 3}`, targets.ConfigError{Path: "prior", Found: "3", Accepted: "a table"}},
		{`{"dim": 1.5}`, targets.ConfigError{Path: "dim", Found: "1.5", Accepted: "a whole number"}},
		{`{"dim": {"a": 1}}`, targets.ConfigError{Path: "dim", Found: "a table", Accepted: "a whole number"}},
		{`[1]`, targets.ConfigError{Found: "a value of type array", Accepted: "a table"}},
		{`{} {}`, targets.ConfigError{Found: "more than one JSON value", Accepted: "one JSON object"}},
		{`{`, targets.ConfigError{Found: "unexpected EOF", Accepted: "one JSON object"}},
	} {
		var faults targets.ConfigErrors
		if err := Decode([]byte(bad.text), &c); !errors.As(err, &faults) || *faults[0] != bad.want {
			t.Errorf("%s: %v, wanted %v", bad.text, err, &bad.want)
		}
	}
	if err := Decode(nil, &c); err != nil {
		t.Errorf("no configuration gives %v", err)
	}
}

func TestComponentNames(t *testing.T) {
	for _, c := range []struct {
		components []Component
		want       string
	}{
		{nil, "at least one component"},
		{[]Component{Target{Name: "a b", Density: bowl()}}, `component name "a b"`},
		{[]Component{Target{Name: "a", Density: bowl()}, Target{Name: "a", Density: bowl()}}, `two components are named "a"`},
		{[]Component{Target{Name: "a"}}, "neither Density nor New"},
	} {
		if _, err := newServer(c.components); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, wanted %s", err, c.want)
		}
	}
}

// A panic's stack is left with the frames of the user's code.
func TestPanicStack(t *testing.T) {
	var nothing *Target
	f := guard(func() error { return errors.New(nothing.Name) })
	if f == nil || !strings.Contains(f.err.Error(), "nil pointer") {
		t.Fatalf("got %+v", f)
	}
	for _, line := range strings.Split(f.stack, "\n") {
		if strings.Contains(line, "sdk.guard(") || strings.Contains(line, "debug.Stack") || strings.Contains(line, "testing.") {
			t.Errorf("the stack holds %q", line)
		}
	}
	if !strings.Contains(f.stack, "TestPanicStack") {
		t.Errorf("the stack lacks the test:\n%s", f.stack)
	}
	if diff := cmp.Diff((*failure)(nil), guard(func() error { return nil }), cmp.AllowUnexported(failure{})); diff != "" {
		t.Error(diff)
	}
}
