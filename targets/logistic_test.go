package targets

import (
	"context"
	"testing"

	"github.com/sampan-mc/sampan/vec/rng"
)

func BenchmarkLogisticSonar(b *testing.B) { benchmarkTarget(b, "sonar", nil, 256) }

// benchmarkTarget reports nanoseconds for a point with its gradient, in batches of n.
func benchmarkTarget(b *testing.B, use string, config map[string]any, n int) {
	d, err := New(use, config, "")
	if err != nil {
		b.Fatal(err)
	}
	dim := d.Info().Dim()
	batch := NewBatch(n, dim, LogP|Grad)
	key := rng.NewKey(1, "bench", 0)
	for i := range n {
		key.Normals(batch.X[i*dim:(i+1)*dim], uint32(i), 0, 0)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Eval(context.Background(), batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/point")
}
