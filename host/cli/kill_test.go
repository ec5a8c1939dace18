package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// workbench is a folder with the programs and run files of one test.
type workbench struct {
	t   *testing.T
	dir string
}

const (
	smcRun = `
[target]
use = "./ragged"
chunk_rows = 64
[target.env]
%s
[reference]
use = "normal"
scale = 3.0
[sampler]
particles = 200
islands = 3
[sampler.move]
leapfrog = 4
`
	hmcRun = `
[target]
use = "./ragged"
chunk_rows = 5
[target.env]
%s
[sampler]
use = "hmc"
chains = 12
warmup = 100
draws = 300
leapfrog = 3
`
	hybridRun = `
[target]
use = "many-well"
[target.config]
dim = 3
[reference]
use = "normal"
scale = 1.5
[sampler]
particles = 200
islands = 3
[sampler.move]
leapfrog = 4
[sampler.transport]
use = "./pupil"
chunk_rows = 64
[sampler.transport.pilot]
particles = 200
[sampler.transport.train]
max_steps = 60
[sampler.transport.env]
%s
`
	diffusionRun = `
[target]
use = "many-well"
[target.config]
dim = 2
[reference]
use = "normal"
scale = 1.5
[sampler]
particles = 200
islands = 2
[sampler.move]
leapfrog = 4
[sampler.transport]
use = "./scholar"
decide = false
chunk_rows = 8
workers = 1
[sampler.transport.config]
method = "pis"
steps = 8
[sampler.transport.pilot]
particles = 200
[sampler.transport.train]
max_steps = 60
[sampler.transport.env]
%s
`
	builtinRun = `
[target]
use = "many-well"
chunk_rows = 64
[target.config]
dim = 3
[reference]
use = "normal"
scale = 3.0
[sampler]
particles = 200
islands = 3
[sampler.move]
leapfrog = 4
`
)

// algorithms are the run files that the tests below go through, a population and chains.
func algorithms() map[string]string {
	if testing.Short() {
		return map[string]string{"smc": smcRun}
	}
	return map[string]string{"smc": smcRun, "hmc": hmcRun, "hybrid": hybridRun}
}

// pluginTable is the table of the run file whose plugin dies.
func pluginTable(algorithm string) string {
	if algorithm == "hybrid" {
		return "sampler.transport"
	}
	return "target"
}

func newWorkbench(t *testing.T) *workbench {
	t.Helper()
	b := &workbench{t: t, dir: t.TempDir()}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sampan", "ragged", "pupil", "scholar"} {
		if err := os.Symlink(self, filepath.Join(b.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// write writes a run file, whose plugin gets the variables in env.
func (b *workbench) write(text string, env ...string) string {
	b.t.Helper()
	if strings.Contains(text, "%s") {
		var vars strings.Builder
		for _, kv := range append(env, "GORACE="+noSleep) {
			k, v, _ := strings.Cut(kv, "=")
			fmt.Fprintf(&vars, "%s = %q\n", k, v)
		}
		text = fmt.Sprintf(text, vars.String())
	}
	if err := os.WriteFile(filepath.Join(b.dir, "run.toml"), []byte(text), 0o644); err != nil {
		b.t.Fatal(err)
	}
	return "run.toml"
}

// sampan runs the program and returns its exit code, -1 if it was killed.
func (b *workbench) sampan(env []string, args ...string) (code int, stdout, stderr string) {
	b.t.Helper()
	cmd := exec.Command(filepath.Join(b.dir, "sampan"), args...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		b.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// digest runs the program with --json, which must end well, and returns the digest.
func (b *workbench) digest(args ...string) string {
	b.t.Helper()
	code, stdout, stderr := b.sampan(nil, append(args, "--json")...)
	if code != exitDone {
		b.t.Fatalf("sampan %s: exit %d\n%s", strings.Join(args, " "), code, stderr)
	}
	return digestIn(b.t, stdout)
}

func digestIn(t *testing.T, summary string) string {
	t.Helper()
	var s struct{ Status, Digest string }
	if err := json.Unmarshal([]byte(summary), &s); err != nil || s.Status != "done" || s.Digest == "" {
		t.Fatalf("no digest of a run that is done: %v\n%s", err, summary)
	}
	return s.Digest
}

// TestDigestAnyWorkers: the same bytes for any number of workers, here and in processes of their own.
func TestDigestAnyWorkers(t *testing.T) {
	b := newWorkbench(t)
	file := b.write(builtinRun)
	want := b.digest("run", file, "--workers", "1")
	ways := [][]string{
		{"--workers", "3"}, {"--isolate", "--set", "target.workers=2"},
		{"--workers", "2"}, {"--workers", "7"}, {"--isolate", "--workers", "1"},
	}
	if testing.Short() {
		ways = ways[:2]
	}
	for _, args := range ways {
		if got := b.digest(append([]string{"run", file}, args...)...); got != want {
			t.Errorf("%v: digest %s, want %s", args, got, want)
		}
	}
	if got := b.digest("run", file, "--seed", "2"); got == want {
		t.Error("another seed gives the same digest")
	}
}

// TestDigestAnyProcesses is the same for a plugin whose last bits depend on the size of the batch.
func TestDigestAnyProcesses(t *testing.T) {
	for name, text := range algorithms() {
		t.Run(name, func(t *testing.T) {
			b := newWorkbench(t)
			file := b.write(text)
			plugin := pluginTable(name)
			want := b.digest("run", file, "--workers", "1")
			for _, n := range counts() {
				if got := b.digest("run", file, "--workers", fmt.Sprint(n), "--set", fmt.Sprintf("%s.workers=%d", plugin, n)); got != want {
					t.Errorf("%d processes: digest %s, want %s", n, got, want)
				}
			}
			if name == "hybrid" { // the bridge does not depend on the size of the batch
				return
			}
			if got := b.digest("run", file, "--set", "target.chunk_rows=7"); got == want {
				t.Error("the plugin does not depend on the size of the batch: this test shows nothing")
			}
		})
	}
}

// counts are the numbers of processes to try.
func counts() []int {
	if testing.Short() {
		return []int{3}
	}
	return []int{1, 2, 3, 7}
}

// TestDigestPluginKilled: a process of the target or of the transport that dies at random moments changes nothing.
func TestDigestPluginKilled(t *testing.T) {
	for name, text := range algorithms() {
		t.Run(name, func(t *testing.T) {
			b := newWorkbench(t)
			want := b.digest("run", b.write(text), "--workers", "1")
			lives := filepath.Join(b.dir, "lives")
			file := b.write(text, "RAGGED_LIVES="+lives, "RAGGED_DEATHS=3", "RAGGED_SEED=1")
			if got := b.digest("run", file, "--out", "killed", "--set", pluginTable(name)+".workers=2"); got != want {
				t.Errorf("digest %s, want %s", got, want)
			}
			events, err := os.ReadFile(filepath.Join(b.dir, "killed", "events.jsonl"))
			if err != nil {
				t.Fatal(err)
			}
			least := 3
			if name == "hybrid" { // which process trains, and how many segments come to each, is a matter of chance
				least = 1
			}
			if n := strings.Count(string(events), `"plugin_died"`); n < least || n > 3 {
				t.Errorf("%d deaths in the record, want 3", n)
			}
		})
	}
}

// TestDigestDiffusionKilled: diffusion samplers whose process is killed in training learn the same, from their checkpoint,
// and killed in the run they move alike.
func TestDigestDiffusionKilled(t *testing.T) {
	b := newWorkbench(t)
	want := b.digest("run", b.write(diffusionRun), "--out", "whole")
	file := b.write(diffusionRun, "RAGGED_LIVES="+filepath.Join(b.dir, "lives"), "RAGGED_DEATHS=6", "RAGGED_SEED=1")
	if got := b.digest("run", file, "--out", "killed"); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
	events, err := os.ReadFile(filepath.Join(b.dir, "killed", "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{"train", "segment"} {
		if !strings.Contains(string(events), `"text":"`+at+`: the process ended: signal: killed"`) {
			t.Errorf("no process died in %s:\n%s", at, events)
		}
	}
}

// TestDigestHostStopped: a run whose host is killed, or stopped, at random moments ends in the same bytes, and so does its
// verification.
func TestDigestHostStopped(t *testing.T) {
	for name, text := range algorithms() {
		for _, signal := range []string{"KILL", "TERM"} {
			if testing.Short() && signal == "KILL" {
				continue
			}
			t.Run(name+"/"+signal, func(t *testing.T) {
				b := newWorkbench(t)
				want := b.digest("run", b.write(text), "--workers", "1")
				lives := filepath.Join(b.dir, "lives")
				file := b.write(text, "RAGGED_LIVES="+lives, "RAGGED_DEATHS=4", "RAGGED_SEED=7", "RAGGED_VICTIM=host", "RAGGED_SIGNAL="+signal)
				wantCode := map[string]int{"KILL": -1, "TERM": exitInterrupted}[signal]
				args, stops := []string{"run", file, "--out", "stopped", "--json"}, 0
				for {
					code, stdout, stderr := b.sampan(nil, args...)
					if code == exitDone {
						if got := digestIn(t, stdout); got != want {
							t.Errorf("digest %s after %d stops, want %s", got, stops, want)
						}
						break
					}
					if stops++; code != wantCode || stops > 4 {
						t.Fatalf("stop %d: exit %d, want %d\n%s", stops, code, wantCode, stderr)
					}
					if signal == "TERM" && !strings.Contains(stderr, "resume stopped") {
						t.Errorf("the message does not say how to go on:\n%s", stderr)
					}
					args = []string{"resume", "stopped", "--json"}
				}
				least := 4
				if name == "hybrid" { // a host that was told to stop finishes what it is at, where it may be told again
					least = 1
				}
				if stops < least {
					t.Errorf("%d stops, want 4", stops)
				}
				if code, _, stderr := b.sampan(nil, "verify", "stopped"); code != exitDone {
					t.Errorf("verify: exit %d\n%s", code, stderr)
				}
			})
		}
	}
}

// TestFullDisk: no room ends the run cleanly, and with room again it goes on.
func TestFullDisk(t *testing.T) {
	b := newWorkbench(t)
	file := b.write(builtinRun)
	want := b.digest("run", file)
	code, _, stderr := b.sampan([]string{"SAMPAN_TEST_FILE_SIZE=6000"}, "run", file, "--out", "full", "--workers", "1")
	if code != exitInterrupted || !strings.Contains(stderr, "no room") || !strings.Contains(stderr, "resume full") {
		t.Fatalf("exit %d, want %d and advice:\n%s", code, exitInterrupted, stderr)
	}
	if got := b.digest("resume", "full"); got != want {
		t.Errorf("digest %s after a full disk, want %s", got, want)
	}
}
