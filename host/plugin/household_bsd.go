//go:build unix && !linux

package plugin

import "syscall"

// childAttributes makes a child the leader of its own process group.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
