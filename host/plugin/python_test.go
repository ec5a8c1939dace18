package plugin

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sampan-mc/sampan/targets"
)

// python is an interpreter that has the Python SDK: SAMPAN_PYTHON, or the one `make python-env` makes.
func python(t testing.TB) string {
	t.Helper()
	path := os.Getenv("SAMPAN_PYTHON")
	if path == "" {
		path = filepath.Join("..", "..", "build", "python", "bin", "python")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := exec.Command(path, "-c", "import sampan").Run(); err != nil {
		t.Skipf("%s has no sampan package (%v): make python-env", path, err)
	}
	return path
}

func openPython(t testing.TB, o Options) *Target {
	t.Helper()
	o.Python, o.Folder = python(t), "testdata"
	spec, err := Find("./banana.py", o)
	if err != nil {
		t.Fatal(err)
	}
	target, err := Open(t.Context(), spec, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := target.Close(); err != nil {
			t.Error(err)
		}
	})
	return target
}

func TestPython(t *testing.T) {
	t.Parallel()
	var w witness
	target := openPython(t, w.watch(Options{Rows: 8, Workers: 2}))
	d := target.Density()
	b := points(20, 2)
	if err := d.Eval(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	for i := range b.N {
		x, y := b.X[2*i], b.X[2*i+1]
		r := y + 0.03*x*x - 3
		if want := -0.5*(x/10)*(x/10) - 0.5*r*r; math.Abs(b.LogP[i]-want) > 1e-14*10 || math.Abs(b.Grad[2*i+1]+r) > 1e-14*10 {
			t.Errorf("point %d: %v, %v; wanted %v, %v", i, b.LogP[i], b.Grad[2*i+1], want, -r)
		}
	}
	w.line(t, "printed while it is imported")
	w.line(t, "printed in a call")
	if f := target.Facts(); f.Name != "banana" || !strings.HasPrefix(f.SDK, "python ") {
		t.Errorf("facts are %+v", f)
	}
}

func TestPythonDescribe(t *testing.T) {
	t.Parallel()
	o := Options{Python: python(t), Folder: "testdata"}
	spec, err := Find("./banana.py", o)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Describe(t.Context(), spec, o)
	if err != nil {
		t.Fatal(err)
	}
	if s.Name != "banana" || len(s.Components) != 1 || s.Components[0].Kind != "target" || s.Components[0].Name != "banana" {
		t.Errorf("got %+v", s)
	}
}

// Faults of Python code reach the user: a traceback, the end of the process, silence with and without the interpreter's
// lock. The good points of a batch with a bad one are evaluated all the same if the user wants that.
func TestPythonFaults(t *testing.T) {
	for _, c := range []struct {
		name string
		x    float64
		want []string
		long bool
	}{
		{"raises", 5000, []string{"the solver did not converge", "Traceback (most recent call last)", "banana.py", `raise ValueError("the solver did not converge")`}, false},
		{"exits", 1500, []string{"exit status 7", "row 1 of the batch"}, true},
		{"hangs", 2500, []string{"no answer within 1s", "row 1 of the batch"}, true},
		{"hangs in C", 3500, []string{"no answer within 1s", "row 1 of the batch"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.long && testing.Short() {
				t.Skip("starts an interpreter several times")
			}
			t.Parallel()
			target := openPython(t, Options{Timeout: time.Second})
			b := targets.NewBatch(2, 2, targets.LogP)
			b.X[2] = c.x
			err := target.Density().Eval(t.Context(), b)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the message lacks %q:\n%v", want, err)
				}
			}
		})
	}
}

func TestPythonWithoutSDK(t *testing.T) {
	t.Parallel()
	// -S leaves site-packages out.
	bare := filepath.Join(t.TempDir(), "python")
	script := "#!/bin/sh\nunset PYTHONPATH\nexec '" + python(t) + "' -S \"$@\"\n"
	if err := os.WriteFile(bare, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	o := Options{Python: bare, Folder: "testdata"}
	spec, err := Find("./banana.py", o)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), spec, nil, o)
	if err == nil || !strings.Contains(err.Error(), "-m pip install PATH/plugins/python") {
		t.Errorf("got %v", err)
	}
}
