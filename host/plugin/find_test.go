package plugin

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tree makes files under a new folder; those that begin with #! are executable.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		mode := os.FileMode(0o644)
		if strings.HasPrefix(text, "#!") {
			mode = 0o755
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

const goodManifest = `
name = "alpha"
version = "2.1.0"
kinds = ["target"]
summary = "of the test"
command = ["./serve", "--data", "{folder}/data"]
workers = 3
pass_env = ["ALPHA_LICENCE"]
files = ["serve", "data/*.csv"]
`

func quiet(t *testing.T) {
	t.Setenv("SAMPAN_PLUGIN_PATH", "")
	t.Setenv("SAMPAN_PYTHON", "")
	t.Setenv("XDG_DATA_HOME", t.TempDir())
}

func TestFindByPath(t *testing.T) {
	quiet(t)
	root := tree(t, map[string]string{
		"alpha/plugin.toml": goodManifest, "alpha/serve": "#!/bin/sh", "alpha/data/a.csv": "1", "alpha/data/b.csv": "2",
		"beta.py": "", "bin/gamma": "#!/bin/sh", "python": "#!/bin/sh",
	})
	in := func(name string) string { return filepath.Join(root, name) }
	o := Options{Folder: root, Python: "./python"}

	s, err := Find("./alpha", o)
	if err != nil {
		t.Fatal(err)
	}
	want := Spec{
		Name: "alpha", Version: "2.1.0", Summary: "of the test", Kinds: []string{"target"}, Source: in("alpha"), Dir: in("alpha"),
		Command: []string{in("alpha/serve"), "--data", in("alpha") + "/data"}, Workers: 3, PassEnv: []string{"ALPHA_LICENCE"},
		Files: []string{in("alpha/plugin.toml"), in("alpha/serve"), in("alpha/data/a.csv"), in("alpha/data/b.csv")}, manifest: true,
	}
	if diff := cmp.Diff(want, *s, cmp.AllowUnexported(Spec{})); diff != "" {
		t.Error(diff)
	}
	if s, err = Find("beta.py", o); err != nil {
		t.Fatal(err)
	}
	if want := []string{in("python"), "-m", "sampan", "serve", in("beta.py")}; s.Name != "beta" || !s.Python || !slices.Equal(s.Command, want) {
		t.Errorf("got %+v, wanted the command %v", s, want)
	}
	if s, err = Find("bin/gamma", o); err != nil {
		t.Fatal(err)
	}
	if want := []string{in("bin/gamma"), "serve"}; s.Name != "gamma" || s.Python || !slices.Equal(s.Command, want) {
		t.Errorf("got %+v, wanted the command %v", s, want)
	}
}

func TestFindMistakes(t *testing.T) {
	quiet(t)
	root := tree(t, map[string]string{
		"empty/readme": "", "text.txt": "no program",
		"bad/plugin.toml":  "name = 'has space'\nkinds = ['targets']\nfoo = 1\nworkers = -1\n",
		"gone/plugin.toml": strings.ReplaceAll(goodManifest, "alpha", "gone"),
		"beta.py":          "",
	})
	for _, c := range []struct {
		use  string
		want []string
	}{
		{"./nothing", []string{"nothing at", "a folder with a plugin.toml, a .py file, or an executable"}},
		{"./empty", []string{"a folder without a plugin.toml"}},
		{"./text.txt", []string{"a file that is not executable"}},
		{"unknown", []string{"no plugin of that name in " + filepath.Join(root, "plugins")}},
		{"what?", []string{"no name and no path"}},
		{"./bad", []string{`name: found "has space"`, `kinds: found "targets"; accepted: target, transport, sampler`, "foo: found an unknown key", "command: found nothing", "workers: found -1"}},
		{"./gone", []string{`files has "serve"`}},
		{"./beta.py", []string{`python names the interpreter "./no-python"`}},
	} {
		_, err := Find(c.use, Options{Folder: root, Python: "./no-python"})
		var e *UseError
		if !errors.As(err, &e) {
			t.Errorf("%s: got %v, wanted a *UseError", c.use, err)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: the message lacks %q:\n%v", c.use, want, err)
			}
		}
	}
}

// Names are looked up in the documented order; what is further down is reported as shadowed, and PATH is never searched.
func TestFindByName(t *testing.T) {
	quiet(t)
	root := tree(t, map[string]string{
		"one/sampan-plugin-alpha": "#!/bin/sh", "two/alpha/plugin.toml": strings.ReplaceAll(goodManifest, `"serve", "data/*.csv"`, ""),
		"plugins/sampan-plugin-alpha": "#!/bin/sh", "plugins/sampan-plugin-beta": "#!/bin/sh", "path/sampan-plugin-gamma": "#!/bin/sh",
		"plugins/broken/plugin.toml": "nonsense",
	})
	in := func(name string) string { return filepath.Join(root, name) }
	t.Setenv("SAMPAN_PLUGIN_PATH", in("two"))
	t.Setenv("PATH", in("path"))
	o := Options{Folder: root, Dirs: []string{in("one")}}
	s, err := Find("alpha", o)
	if err != nil {
		t.Fatal(err)
	}
	shadowed := []string{in("two/alpha"), in("plugins/sampan-plugin-alpha")}
	if s.Source != in("one/sampan-plugin-alpha") || !slices.Equal(s.Shadowed, shadowed) {
		t.Errorf("found %s, shadowing %v", s.Source, s.Shadowed)
	}
	if _, err := Find("gamma", o); err == nil {
		t.Error("found a plugin on PATH")
	}
	specs, faults := List(o)
	var found []string
	for _, s := range specs {
		found = append(found, s.Source)
	}
	if diff := cmp.Diff([]string{in("one/sampan-plugin-alpha"), in("plugins/sampan-plugin-beta")}, found); diff != "" {
		t.Error(diff)
	}
	if !slices.Equal(specs[0].Shadowed, shadowed) || len(faults) != 1 || !strings.Contains(faults[0].Error(), "broken") {
		t.Errorf("shadowed %v, faults %v", specs[0].Shadowed, faults)
	}
}

func TestDescribe(t *testing.T) {
	good := `{"name": "alpha", "version": "1.2", "sdk": "sh", "protocol": [1, 2], "components": [` +
		`{"kind": "target", "name": "a", "summary": "one"}, {"kind": "sampler", "name": "b", "config_schema": {"type": "object"}}], "later": 1}`
	for _, c := range []struct{ script, want string }{
		{"#!/bin/sh\n[ \"$1\" = describe ] && echo '" + good + "'", ""},
		{"#!/bin/sh\necho hello", `printed "hello`},
		{"#!/bin/sh\necho no such file >&2; exit 3", "exit status 3"},
		{"#!/bin/sh\necho '{\"name\": \"alpha\", \"protocol\": [2]}'", "speaks protocol [2]"},
		{"#!/bin/sh\necho '{\"name\": \"alpha\", \"protocol\": [1], \"components\": [{\"kind\": \"toy\"}]}'", `serves a "toy"`},
		{"#!/bin/sh\necho '{\"name\": \"alpha\", \"protocol\": [1]}'", "it serves 0 components"},
		{"#!/bin/sh\nsleep 60", "did not end within"},
	} {
		o := Options{Folder: tree(t, map[string]string{"alpha": c.script}), StartTimeout: 1e8, DescribeTimeout: 1e8}
		if c.want == "" {
			o.StartTimeout = 0
		}
		spec, err := Find("./alpha", o)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Describe(t.Context(), spec, o)
		if c.want != "" {
			var e *Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, wanted %s", err, c.want)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if s.Version != "1.2" || s.Summary != "one" || !slices.Equal(s.Kinds, []string{"target", "sampler"}) || string(s.Components[1].Schema) != `{"type": "object"}` {
			t.Errorf("got %+v", s)
		}
	}
}

// A plugin without a describe command is started to be asked; a manifest must agree with it.
func TestDescribeByCall(t *testing.T) {
	spec := animal("good")
	s, err := Describe(t.Context(), spec, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s.Name != "good" || s.Version != "1.0.0" || len(s.Components) != 1 || s.Components[0].Kind != "target" {
		t.Errorf("got %+v", s)
	}
	spec.manifest, spec.Name = true, "bad"
	if _, err := Describe(t.Context(), spec, Options{}); err == nil || !strings.Contains(err.Error(), `says that its name is "bad", the plugin says "good"`) {
		t.Errorf("got %v", err)
	}
}
