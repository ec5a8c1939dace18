//go:build !unix

package cputime

import "time"

var began = time.Now()

// Process is wall time where there is no better clock: right on an idle machine, for one worker.
func Process() time.Duration { return time.Since(began) }
