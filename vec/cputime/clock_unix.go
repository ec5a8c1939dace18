//go:build unix && !linux

package cputime

import (
	"time"

	"golang.org/x/sys/unix"
)

// Process is the processor time of the process in its own code.
func Process() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		panic(err) // only for a wrong argument
	}
	return time.Duration(u.Utime.Nano())
}
