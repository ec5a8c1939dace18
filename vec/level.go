package vec

import (
	"fmt"
	"os"
	"slices"
)

// levels are the implementations this processor can run, the best first; generic is always the last.
var levels = []string{"generic"}

var level = "generic"

// Level is the implementation in use: "avx512", "avx2" or "generic".
func Level() string { return level }

// The level is chosen before anything can be computed. It is a matter of the process as a whole, like the processor.
func init() {
	detect()
	want := os.Getenv("SAMPAN_CPU")
	if want == "" {
		want = levels[0]
	}
	if !slices.Contains(levels, want) {
		panic(fmt.Sprintf("SAMPAN_CPU=%q; accepted on this machine: %q", want, levels))
	}
	level = want
	install(level)
}
