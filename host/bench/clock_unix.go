//go:build unix && !linux

package bench

import (
	"time"

	"golang.org/x/sys/unix"
)

// processTime is the processor time of the process in its own code.
func processTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		panic(err) // only for a wrong argument
	}
	return time.Duration(u.Utime.Nano())
}
