package plugin

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sampan-mc/sampan/targets"
)

// BenchmarkWire evaluates log density and gradient of n points of dimension 10 in one request: in this process, in one
// written in Go, and in one written in Python. median-µs is a whole call's; crossing-µs is that without the target's own
// time, which the plugin measures, and crossing-ns/float64 the same for each number of X. Asked for are at most 80 µs a call
// and 40 ns a number for Go, 300 µs a call for Python.
func BenchmarkWire(b *testing.B) {
	config := map[string]any{"dim": 10}
	here, err := targets.New("gaussian", config, "")
	if err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{1, 16, 256, 2048} {
		b.Run(fmt.Sprintf("%dx10/in-process", n), func(b *testing.B) {
			measure(b, here, n, func() Stats { return Stats{} })
		})
		b.Run(fmt.Sprintf("%dx10/go", n), func(b *testing.B) {
			spec, err := Builtin("gaussian", Options{})
			if err != nil {
				b.Fatal(err)
			}
			t, err := Open(b.Context(), spec, config, Options{Rows: n})
			if err != nil {
				b.Fatal(err)
			}
			defer t.Close()
			measure(b, t.Density(), n, t.Stats)
		})
		b.Run(fmt.Sprintf("%dx10/python", n), func(b *testing.B) {
			o := Options{Rows: n, Folder: "testdata", Python: python(b)}
			spec, err := Find("./normal.py", o)
			if err != nil {
				b.Fatal(err)
			}
			t, err := Open(b.Context(), spec, nil, o)
			if err != nil {
				b.Fatal(err)
			}
			defer t.Close()
			measure(b, t.Density(), n, t.Stats)
		})
	}
}

func measure(b *testing.B, d targets.Density, n int, stats func() Stats) {
	batch := points(n, 10)
	if err := d.Eval(b.Context(), batch); err != nil { // opens the stream
		b.Fatal(err)
	}
	var whole, crossing []time.Duration
	for b.Loop() {
		busy, began := stats().TargetTime, time.Now()
		if err := d.Eval(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
		took := time.Since(began)
		whole = append(whole, took)
		crossing = append(crossing, took-(stats().TargetTime-busy))
	}
	median := func(v []time.Duration) float64 {
		slices.Sort(v)
		return float64(v[len(v)/2].Nanoseconds())
	}
	b.ReportMetric(median(whole)/1e3, "median-µs")
	if stats() != (Stats{}) {
		b.ReportMetric(median(crossing)/1e3, "crossing-µs")
		b.ReportMetric(median(crossing)/float64(10*n), "crossing-ns/float64")
	}
}
