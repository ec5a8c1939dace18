package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestExamples runs the run files of docs/examples as they stand, but for the number of particles and of steps of training.
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
			args := []string{"run", path, "--json", "--set", "sampler.particles=64", "--set", "sampler.islands=2"}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), "sampler.transport") {
				args = append(args, "--set", "sampler.transport.pilot.particles=256", "--set", "sampler.transport.train.max_steps=20",
					"--set", "sampler.transport.config.steps=16")
				if !strings.Contains(string(text), "method =") { // by pis
					args = append(args, "--set", "sampler.transport.config.refresh=0")
				}
			}
			b := newWorkbench(t)
			if code, _, stderr := b.sampan(nil, args...); code != exitDone {
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
