//go:build unix

package sdk

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// takeStdio keeps standard output and input for the protocol and gives the component's code others: what it prints on
// standard output, in whatever language, goes to standard error, and its standard input is empty.
func takeStdio() (handshake, lifeline *os.File, err error) {
	out, err := unix.FcntlInt(1, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, nil, err
	}
	in, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, nil, err
	}
	if err := redirect(2, 1); err != nil {
		return nil, nil, err
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, nil, err
	}
	defer null.Close()
	if err := redirect(int(null.Fd()), 0); err != nil {
		return nil, nil, err
	}
	return os.NewFile(uintptr(out), "handshake"), os.NewFile(uintptr(in), "lifeline"), nil
}

// ignoreBrokenPipes lets a plugin whose log nobody reads any more live long enough to take its children with it.
func ignoreBrokenPipes() { signal.Ignore(syscall.SIGPIPE) }

// leaveWithGroup ends the process, and its children if it leads its process group.
func leaveWithGroup() {
	if unix.Getpgrp() == os.Getpid() {
		_ = unix.Kill(-os.Getpid(), unix.SIGKILL)
	}
	os.Exit(0)
}
