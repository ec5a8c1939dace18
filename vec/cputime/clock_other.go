//go:build !linux

package cputime

import "time"

// Thread is the whole process's: little else runs in it.
func Thread() time.Duration { return Process() }
