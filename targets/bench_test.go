package targets

import (
	"context"
	"testing"

	"github.com/sampan-mc/sampan/vec/rng"
)

// BenchmarkEval reports nanoseconds a point, gradient included, in batches of 256.
func BenchmarkEval(b *testing.B) {
	for _, name := range []string{
		"gaussian_d50", "gmm9", "gmm40_fab", "many_well_d5_m5_delta4", "many_well_d50_m5_delta2", "funnel10",
		"phi4_8x8_kappa0.3", "sonar", "pima", "german_credit_std", "conjugate_regression", "conjugate_regression_noise",
		"state_space_ar1_noise", "state_space_local_trend",
	} {
		b.Run(name, func(b *testing.B) {
			d, err := New(name, nil, "")
			if err != nil {
				b.Fatal(err)
			}
			const n = 256
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
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/point")
		})
	}
}
