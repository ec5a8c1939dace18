//go:build unix

package record

import (
	"bufio"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/sampan-mc/sampan/targets"
)

func scalar(name string) []targets.Param { return []targets.Param{{Name: name}} }

func create(t *testing.T) *Folder {
	t.Helper()
	f, err := Create(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func kinds(t *testing.T, v View) string {
	t.Helper()
	events, err := v.Events()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range events {
		out = append(out, e.Kind)
	}
	return strings.Join(out, " ")
}

// leftovers are files that a kill left behind.
func leftovers(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if strings.HasSuffix(path, unfinished) {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestCreateRefusesWhatIsThere(t *testing.T) {
	f := create(t)
	f.Close()
	var exists *ExistsError
	if _, err := Create(f.Dir()); !errors.As(err, &exists) {
		t.Errorf("over an earlier run: %v", err)
	}
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "thesis.tex"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(other); !errors.As(err, &exists) {
		t.Errorf("over something else: %v", err)
	}
	if _, err := Open(other); err == nil || !strings.Contains(err.Error(), "not a run folder") {
		t.Errorf("opening something else: %v", err)
	}
	if _, err := Look(other); err == nil {
		t.Error("looking at something else: no error")
	}
	empty, err := Create(t.TempDir())
	if err != nil {
		t.Fatalf("in an empty folder: %v", err)
	}
	empty.Close()
	again, err := Open(f.Dir())
	if err != nil {
		t.Fatalf("opening an earlier run: %v", err)
	}
	again.Close()
}

func TestSecondProcessIsKeptOut(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	cmd := child(t, "hold", dir)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatalf("child said %q, %v", line, err)
	}
	_, err = Open(dir)
	var inUse *InUseError
	if !errors.As(err, &inUse) || inUse.PID != cmd.Process.Pid {
		t.Errorf("while process %d holds the lock: %v", cmd.Process.Pid, err)
	}
	if err != nil && !strings.Contains(err.Error(), strconv.Itoa(cmd.Process.Pid)) {
		t.Errorf("the message does not name the process: %v", err)
	}
	if v, err := Look(dir); err != nil || kinds(t, v) != "created" {
		t.Errorf("reading beside a writer: %v", err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	f, err := Open(dir)
	if err != nil {
		t.Fatalf("after the holder was killed: %v", err)
	}
	f.Close()
}

// TestSameProcessIsKeptOut: the lock belongs to the Folder, not to the process.
func TestSameProcessIsKeptOut(t *testing.T) {
	f := create(t)
	var inUse *InUseError
	if _, err := Open(f.Dir()); !errors.As(err, &inUse) || inUse.PID != os.Getpid() {
		t.Errorf("second Open: %v", err)
	}
	f.Close()
	g, err := Open(f.Dir())
	if err != nil {
		t.Fatal(err)
	}
	g.Close()
}

// TestKilledWriter kills a process that writes as fast as it can, after it has said that so many snapshots are safe. What
// it said must be there, whole.
func TestKilledWriter(t *testing.T) {
	for _, n := range []int{1, 2, 7, 20} {
		dir := filepath.Join(t.TempDir(), "run")
		cmd := child(t, "write", dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		safe := -1
		for range n {
			if !lines.Scan() {
				t.Fatal("the child ended")
			}
			safe, _ = strconv.Atoi(lines.Text())
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()

		f, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if left := leftovers(t, dir); left != nil {
			t.Errorf("left behind: %v", left)
		}
		index, payload, ok, err := f.LoadCheckpoint("island-0")
		if err != nil || !ok || index < safe || !bytes.Equal(payload, payloadOf(index)) {
			t.Errorf("snapshot %d said to be safe; found %d, %v, %v", safe, index, ok, err)
		}
		if index > 0 {
			if before, err := f.LoadCheckpointAt("island-0", index-1); err != nil || !bytes.Equal(before, payloadOf(index-1)) {
				t.Errorf("the one before %d: %v", index, err)
			}
		}
		events, err := f.Events()
		if err != nil || len(events) < n+1 {
			t.Errorf("%d events, want %d at least: %v", len(events), n+1, err)
		}
		if err := f.SaveCheckpoint("island-0", index+1, payloadOf(index+1)); err != nil {
			t.Error(err)
		}
		f.Close()
	}
}

func TestFullDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if err := child(t, "full", dir).Run(); err != nil {
		t.Fatal(err)
	}
	f, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if left := leftovers(t, dir); left != nil {
		t.Errorf("left behind: %v", left)
	}
	if index, payload, ok, err := f.LoadCheckpoint("s"); !ok || index != 0 || string(payload) != "small" || err != nil {
		t.Errorf("the snapshot before: %d %q %v %v", index, payload, ok, err)
	}
	if got := kinds(t, f.View); got != "created after" {
		t.Errorf("events: %s", got)
	}
	if _, err := f.ReadFile(RunFile); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("half a file: %v", err)
	}
}

func TestTornEventIsRepaired(t *testing.T) {
	f := create(t)
	if err := f.Event("first", Fields{"x": 1.5, "all": []float64{1, 2}}); err != nil {
		t.Fatal(err)
	}
	f.Close()
	path := f.Path(EventsFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, torn := range []string{`{"time":"20`, `{`, strings.Repeat("y", 10000)} {
		if err := os.WriteFile(path, append(bytes.Clone(whole), torn...), 0o600); err != nil {
			t.Fatal(err)
		}
		v, err := Look(f.Dir())
		if err != nil {
			t.Fatal(err)
		}
		if got := kinds(t, v); got != "created first" {
			t.Errorf("read beside a torn line: %s", got)
		}
		g, err := Open(f.Dir())
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Event("next", nil); err != nil {
			t.Fatal(err)
		}
		if got := kinds(t, g.View); got != "created first events-repaired next" {
			t.Errorf("after repair: %s", got)
		}
		g.Close()
	}
	if err := os.WriteFile(path, append([]byte("not json\n"), whole...), 0o600); err != nil {
		t.Fatal(err)
	}
	v, _ := Look(f.Dir())
	if _, err := v.Events(); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("a bad line in the middle: %v", err)
	}
}

func TestFailuresAreKeptApart(t *testing.T) {
	f := create(t)
	var got []string
	for i := range 3 {
		path, err := f.SaveFailure("point.csv", []byte{byte('0' + i)})
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil || b[0] != byte('0'+i) {
			t.Errorf("%s holds %q, %v", path, b, err)
		}
		got = append(got, filepath.Base(path))
	}
	if s := strings.Join(got, " "); s != "point.csv point-2.csv point-3.csv" {
		t.Error(s)
	}
}
