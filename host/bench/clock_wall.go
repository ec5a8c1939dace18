//go:build !unix

package bench

import "time"

var began = time.Now()

// processTime is wall time where there is no better clock: right on an idle machine, for one worker.
func processTime() time.Duration { return time.Since(began) }
