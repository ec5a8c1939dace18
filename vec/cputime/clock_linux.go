package cputime

import (
	"time"

	"golang.org/x/sys/unix"
)

// Thread is the processor time of the calling thread, Process that of all threads of the process.
func Thread() time.Duration  { return clock(unix.CLOCK_THREAD_CPUTIME_ID) }
func Process() time.Duration { return clock(unix.CLOCK_PROCESS_CPUTIME_ID) }

func clock(id int32) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(id, &t); err != nil {
		panic(err) // both clocks are in every Linux that runs Go
	}
	return time.Duration(t.Nano())
}
