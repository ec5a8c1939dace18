package bench

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
)

// processor is the name that the processor gives itself.
func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// load is the machine's load average of the last minute.
func load() float64 {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return math.NaN()
	}
	var one float64
	if _, err := fmt.Sscan(string(b), &one); err != nil {
		return math.NaN()
	}
	return one
}
