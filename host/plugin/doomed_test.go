//go:build unix

package plugin

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const doomedCommand = "sampan-doomed-host"

// doomedHost makes the test binary a host with two workers of an animal that says which processes there are and then
// waits for its end.
func doomedHost() {
	if len(os.Args) < 3 || os.Args[1] != doomedCommand {
		return
	}
	var o Options
	o.Workers = 2
	o.Event = func(e Event) { fmt.Println("process", e.PID) }
	o.Log = func(l LogLine) {
		if child, ok := strings.CutPrefix(l.Text, "child "); ok {
			fmt.Println("process", child)
		}
	}
	target, err := Open(context.Background(), animal(os.Args[2]), nil, o)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("sockets", target.house.sockets.path)
	fmt.Println("guard", target.house.guard.cmd.Process.Pid)
	fmt.Println("ready")
	time.Sleep(time.Hour)
}

// gone reports whether a process has ended; a zombie nobody has reaped yet counts as ended.
func gone(pid int) bool {
	if unix.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return os.IsNotExist(err) && exists("/proc/self")
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(rest, "Z")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// When the host is killed, three seconds later there is no plugin, no child of one, no guard and no socket.
func TestHostKilled(t *testing.T) {
	for _, c := range []struct {
		animal    string
		processes int
	}{{"good", 2}, {"parent", 4}, {"stubborn", 2}} {
		t.Run(c.animal, func(t *testing.T) {
			t.Parallel()
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			host := exec.Command(self, doomedCommand, c.animal)
			out, err := host.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := host.Start(); err != nil {
				t.Fatal(err)
			}
			var pids []int
			sockets := ""
			for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "ready"; {
				kind, value, _ := strings.Cut(lines.Text(), " ")
				pid, err := strconv.Atoi(value)
				switch {
				case kind == "sockets":
					sockets = value
				case err != nil:
					t.Fatal(lines.Text())
				default:
					pids = append(pids, pid)
				}
			}
			if len(pids) != c.processes+1 || !exists(sockets) {
				t.Fatalf("processes %v, sockets in %q", pids, sockets)
			}
			for _, pid := range pids {
				if gone(pid) {
					t.Fatalf("process %d has ended before the host", pid)
				}
			}
			if err := host.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = host.Wait()
			eventually(t, 3*time.Second, "all gone", func() bool {
				for _, pid := range pids {
					if !gone(pid) {
						return false
					}
				}
				return !exists(sockets)
			})
		})
	}
}

// A plugin that is killed takes its child with it, and the child, which holds its pipes, delays nothing.
func TestChildOfAPlugin(t *testing.T) {
	var w witness
	target := open(t, "parent", nil, w.watch(Options{}))
	child, err := strconv.Atoi(w.line(t, "child "))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := unix.Kill(w.pids()[0], unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eval(t, target.Density(), 10)
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("the restart took %v", took)
	}
	eventually(t, 3*time.Second, "the child gone", func() bool { return gone(child) })
}

// Closing ends processes that heed nothing but SIGKILL, children included, and leaves no socket.
func TestStopLadder(t *testing.T) {
	if testing.Short() {
		t.Skip("climbs the ladder, 2 s")
	}
	t.Parallel()
	var w witness
	target := open(t, "stubborn", nil, w.watch(Options{Workers: 2}))
	began := time.Now()
	if err := target.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 3*grace {
		t.Errorf("took %v", took)
	}
	for _, pid := range w.pids() {
		if !gone(pid) {
			t.Errorf("process %d lives", pid)
		}
	}
	if path := target.house.sockets.path; exists(path) {
		t.Errorf("%s is still there", path)
	}
}

// A plugin that does as it is told is closed before the ladder's first rung has been waited for.
func TestCloseIsFast(t *testing.T) {
	target := open(t, "good", nil, Options{Workers: 3})
	eval(t, target.Density(), 10)
	began := time.Now()
	if err := target.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > grace {
		t.Errorf("took %v", took)
	}
}

// Folders of dead hosts are swept, those in use are not.
func TestSweep(t *testing.T) {
	base := t.TempDir()
	old := time.Now().Add(-time.Hour)
	make := func(name string) string {
		path := filepath.Join(base, name)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	dead, live, young, other := make("sampan-1-7-1"), make("sampan-1-8-1"), make("sampan-1-9-1"), make("else-1")
	lock, err := lockFile(filepath.Join(live, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	for _, path := range []string{dead, live, other} {
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	sweep(base, "sampan-1-")
	for path, want := range map[string]bool{dead: false, live: true, young: true, other: true} {
		if exists(path) != want {
			t.Errorf("%s: there is %v, wanted %v", filepath.Base(path), exists(path), want)
		}
	}
}
