//go:build !unix

package tables

import "time"

var start = time.Now()

// cpuSeconds is the time since the start, where a process is not told what it used.
func cpuSeconds() float64 { return time.Since(start).Seconds() }
