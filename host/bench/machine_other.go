//go:build !linux

package bench

import (
	"math"
	"runtime"
)

func processor() string { return runtime.GOARCH }

func load() float64 { return math.NaN() }
