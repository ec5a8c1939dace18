package plugin

import (
	"fmt"
	"testing"
	"time"

	"github.com/sampan-mc/sampan/targets"
)

// BenchmarkWire crosses the process boundary with one request a call, log density and gradient; what crossing costs is
// what it takes beyond the target's own time, which the plugin measures.
func BenchmarkWire(b *testing.B) {
	for _, n := range []int{1, 16, 256, 2048} {
		b.Run(fmt.Sprintf("%dx10", n), func(b *testing.B) {
			target := open(b, "good", map[string]any{"dim": 10}, Options{Rows: n})
			d, batch := target.Density(), points(n, 10)
			before := target.Stats()
			for b.Loop() {
				if err := d.Eval(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
			}
			busy := target.Stats().TargetTime - before.TargetTime
			perCall := (b.Elapsed() - busy) / time.Duration(b.N)
			b.ReportMetric(float64(perCall.Nanoseconds()), "ns-crossing/op")
			b.ReportMetric(float64(perCall.Nanoseconds())/float64(10*n), "ns-crossing/float64")
			_ = targets.LogP
		})
	}
}
