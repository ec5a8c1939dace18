//go:build !linux

package bench

import (
	"math"
	"runtime"
	"time"
)

// threadTime is the whole process's: little else runs in it.
func threadTime() time.Duration { return processTime() }

func processor() string { return runtime.GOARCH }

func load() float64 { return math.NaN() }
