package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestExamples runs the run files of docs/examples as they stand, but for the number of particles.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob("../../docs/examples/*.toml")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d examples: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			if testing.Short() {
				t.Skip("takes seconds")
			}
			if filepath.Base(file) == "banana.toml" && !hasPython() {
				t.Skip("SAMPAN_PYTHON names no interpreter with the sampan package")
			}
			path, err := filepath.Abs(file)
			if err != nil {
				t.Fatal(err)
			}
			b := newWorkbench(t)
			if code, _, stderr := b.sampan(nil, "run", path, "--set", "sampler.particles=64", "--set", "sampler.islands=2", "--json"); code != exitDone {
				t.Errorf("exit %d\n%s", code, stderr)
			}
		})
	}
}

// hasPython reports whether SAMPAN_PYTHON names an interpreter with the sampan package.
func hasPython() bool {
	python := os.Getenv("SAMPAN_PYTHON")
	return python != "" && exec.Command(python, "-c", "import sampan").Run() == nil
}
