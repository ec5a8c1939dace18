//go:build !unix

package plugin

import (
	"os"
	"syscall"
)

// Elsewhere there are no process groups: only the process itself is ended, and a plugin has to notice by itself that its
// host is gone.

func childAttributes() *syscall.SysProcAttr { return nil }

func terminateGroup(int) {}

func killGroup(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
}

type guard struct{}

func startGuard(string) *guard { return nil }
func (*guard) add(int)         {}
func (*guard) remove(int)      {}
func (*guard) close() error    { return nil }

type socketDir struct{ path string }

func newSocketDir() (*socketDir, error) {
	path, err := os.MkdirTemp("", "sampan-")
	return &socketDir{path}, err
}

func (d *socketDir) close() error { return os.RemoveAll(d.path) }
