//go:build unix

package plugin

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func terminateGroup(pid int) { _ = unix.Kill(-pid, unix.SIGTERM) }
func killGroup(pid int)      { _ = unix.Kill(-pid, unix.SIGKILL) }

// guard is a small shell that outlives this process, however it ends, just long enough to kill the process groups it was
// told of and to remove the socket folder. It needs nothing of the plugins: one that is stuck in foreign code, or that
// left children behind, goes as well.
type guard struct {
	cmd  *exec.Cmd
	tell *os.File
}

const guardScript = `trap '' HUP INT TERM QUIT PIPE
groups=
while read -r op group; do
	case $op in
	add) groups="$groups $group" ;;
	remove)
		rest=
		for g in $groups; do [ "$g" = "$group" ] || rest="$rest $g"; done
		groups=$rest
		;;
	esac
done
for g in $groups; do kill -KILL "-$g"; done
rm -rf -- "$1"
`

// startGuard returns nil if there is no shell: then the plugins' own watch for their host has to do.
func startGuard(sockets string) *guard {
	r, w, err := os.Pipe()
	if err != nil {
		return nil
	}
	defer r.Close()
	cmd := exec.Command("/bin/sh", "-c", guardScript, "sampan-guard", sockets)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	cmd.Stdin = r
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that Ctrl-C does not reach it
	if err := cmd.Start(); err != nil {
		w.Close()
		return nil
	}
	return &guard{cmd, w}
}

func (g *guard) add(pid int)    { g.say("add", pid) }
func (g *guard) remove(pid int) { g.say("remove", pid) }

func (g *guard) say(op string, pid int) {
	if g != nil {
		fmt.Fprintf(g.tell, "%s %d\n", op, pid) // one short write: whole lines, whoever else writes
	}
}

func (g *guard) close() error {
	if g == nil {
		return nil
	}
	g.tell.Close()
	return g.cmd.Wait()
}

// socketDir is a folder of mode 0700 for the sockets of one household. A lock on a file in it says that it is in use.
type socketDir struct {
	path string
	lock *os.File
}

// maxSocketPath is the longest path of a socket, on the systems where it is shortest; socketName is what comes after the
// household's folder: go-plugin's own folder and the socket's name.
const (
	maxSocketPath = 103
	socketName    = len("/plugin-dir1234567890/plugin-1234567890.s")
)

func newSocketDir() (*socketDir, error) {
	prefix := fmt.Sprintf("sampan-%d-", os.Getuid())
	var bases []string
	for _, b := range []string{os.Getenv("XDG_RUNTIME_DIR"), "/tmp", os.TempDir()} {
		if b != "" {
			bases = append(bases, b)
		}
	}
	var last error
	for _, base := range bases {
		if room := maxSocketPath - socketName - len("/"+prefix+"1234567-1234567890"); len(base) > room {
			last = fmt.Errorf("%s is too long for a socket's path, by %d bytes", base, len(base)-room)
			continue
		}
		sweep(base, prefix)
		path, err := os.MkdirTemp(base, fmt.Sprintf("%s%d-", prefix, os.Getpid()))
		if err != nil {
			last = err
			continue
		}
		lock, err := lockFile(filepath.Join(path, "lock"))
		if err != nil {
			os.RemoveAll(path)
			last = err
			continue
		}
		return &socketDir{path, lock}, nil
	}
	return nil, fmt.Errorf("no folder for sockets in %s: %w", strings.Join(bases, ", "), last)
}

func (d *socketDir) close() error {
	err := os.RemoveAll(d.path)
	d.lock.Close()
	return err
}

func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// sweep removes the folders of hosts that have died. Those made just now may not have their lock yet and are left alone.
func sweep(base, prefix string) {
	found, _ := filepath.Glob(filepath.Join(base, prefix+"*"))
	for _, path := range found {
		st, err := os.Lstat(path)
		if err != nil || !st.IsDir() || time.Since(st.ModTime()) < time.Minute {
			continue
		}
		if own, ok := st.Sys().(*syscall.Stat_t); !ok || int(own.Uid) != os.Getuid() {
			continue
		}
		if lock, err := lockFile(filepath.Join(path, "lock")); err == nil {
			os.RemoveAll(path)
			lock.Close()
		}
	}
}
