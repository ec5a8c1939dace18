package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata")

// TestGolden reads each archive's run.toml, with the assignments of its file "set" if there is one, and compares the
// resolved text, or the faults, with its file "want".
func TestGolden(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives in testdata: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			parts := map[string]string{}
			for _, f := range a.Files {
				parts[f.Name] = string(f.Data)
			}
			got := resolve(t, parts["run.toml"], strings.Fields(parts["set"]))
			if got == parts["want"] {
				return
			}
			if !*update {
				t.Fatalf("(-want +got)\n%s", cmp.Diff(parts["want"], got))
			}
			files := a.Files[:0]
			for _, f := range a.Files {
				if f.Name != "want" {
					files = append(files, f)
				}
			}
			a.Files = append(files, txtar.File{Name: "want", Data: []byte(got)})
			if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// resolve returns the resolved text, having checked that it reads back to the same run, or the faults.
func resolve(t *testing.T, text string, set []string) string {
	t.Helper()
	run, err := parseRun("run.toml", "/home/ann/study", []byte(text), set)
	if err != nil {
		var e *Error
		if !errors.As(err, &e) {
			t.Fatalf("error %T, want *Error: %v", err, err)
		}
		return e.Error() + "\n"
	}
	again, err := parseRun("run.toml", "/elsewhere", []byte(run.Text()), nil)
	if err != nil {
		t.Fatalf("resolved text does not read back: %v\n%s", err, run.Text())
	}
	if d := cmp.Diff(run, again, cmpopts.IgnoreUnexported(Run{})); d != "" {
		t.Errorf("resolved text reads back differently (-first +second)\n%s", d)
	}
	return run.Text()
}

func TestReadNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "absent.toml")
	_, err := Read(path)
	if want := path + ": no such file"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestReadFolderIsTheFilesOwn(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "r.toml")
	if err := os.WriteFile(path, []byte("[target]\nuse = \"sonar\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run, err := Read(path, "seed=7")
	if err != nil {
		t.Fatal(err)
	}
	if run.Folder != dir || run.Seed != 7 {
		t.Errorf("folder %s, seed %d; want %s, 7", run.Folder, run.Seed, dir)
	}
}

func TestProblemNamesTheLine(t *testing.T) {
	run, err := parseRun("run.toml", "/", []byte("[target]\nuse = \"many-well\"\n[target.config]\ndim = 5\ncov = [[1]]\n"), []string{"reference.use=prior"})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"target.config.dim":       "run.toml:4: target.config.dim: no",
		"target.config.cov[0][0]": "run.toml:5: target.config.cov[0][0]: no",
		"target.config.delta":     "run.toml:3: target.config.delta: no",
		"sampler.particles":       "run.toml: sampler.particles: no",
		"reference.use":           "--set: reference.use: no",
	} {
		if got := run.Problem(key, "no").Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	words := []string{"particles", "islands", "resampling", "hmc", "rwm"}
	for word, want := range map[string]string{
		"particels": "particles", "particle": "particles", "island": "islands", "hcm": "hmc", "HMC": "hmc", "zzzz": "", "x": "",
	} {
		if got := Nearest(word, words); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
