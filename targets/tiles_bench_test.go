//go:build linux

package targets

import (
	"context"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// BenchmarkTiles reports nanoseconds a particle in tiles of 128; how many times as fast that is as Eval, with gradient, in
// batches of 128; and for logistic regression what part of the multiply-add peak its products reach, whatever else is in
// the time. All three loops take turns, in time of this thread's processor, and medians are reported.
func BenchmarkTiles(b *testing.B) {
	for _, name := range []string{
		"gmm9", "gmm40_fab", "gmm40_jax_d50", "random_mixture_d5_seed7", "many_well_d5_m5_delta4", "many_well_d50_m5_delta2", "funnel10",
		"phi4_8x8_kappa0.3", "phi4_16x16_kappa0.3", "sonar", "pima", "german_credit_std",
	} {
		d, err := New(name, nil, "")
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name+"/float64", func(b *testing.B) { benchTiles[float64](b, d) })
		b.Run(name+"/float32", func(b *testing.B) { benchTiles[float32](b, d) })
	}
}

func benchTiles[T vec.Float](b *testing.B, d Density) {
	const n = 128
	f := OnTiles[T](d, n)
	all := asked[T](d, f.Can(), n, 1, 1)
	batch := NewBatch(n, d.Info().Dim(), LogP|Grad)
	tile.Unpack64(batch.X, all.X)
	plain := func() error { return d.Eval(context.Background(), batch) }
	products := 0.0 // operations in those of log density and score
	if l, ok := As[*logistic](d); ok {
		products = 4 * float64(l.a.Rows*l.a.Cols*n)
	}
	for _, c := range []struct {
		name     string
		of       TileBatch[T]
		products float64
	}{
		{"logp,grad", TileBatch[T]{X: all.X, LogP: all.LogP, Grad: all.Grad}, products},
		{"logp", TileBatch[T]{X: all.X, LogP: all.LogP}, products / 2},
		{"grad", TileBatch[T]{X: all.X, Grad: all.Grad}, products},
		{"hvp", TileBatch[T]{X: all.X, V: all.V, HVP: all.HVP}, 1.5 * products},
		{"all", *all, 2 * products},
	} {
		b.Run(c.name, func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			var operations float64
			loops := [3]func() error{
				func() error { return f.Eval(context.Background(), &c.of) },
				plain,
				func() error { operations = vec.MultiplyAdds[T](1 << 14); return nil },
			}
			ns := inTurns(b, loops[:])
			b.ReportMetric(ns[0]/n, "ns/particle")
			b.ReportMetric(ns[1]/ns[0], "×plain")
			if c.products > 0 {
				b.ReportMetric(c.products/ns[0]/(operations/ns[2]), "of-peak")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkInTiles reports what InTiles makes of batches of 256, with gradient, beside the density itself.
func BenchmarkInTiles(b *testing.B) {
	for _, name := range []string{"gmm9", "gmm40_fab", "many_well_d50_m5_delta2", "phi4_8x8_kappa0.3", "sonar", "german_credit_std"} {
		b.Run(name, func(b *testing.B) {
			d, err := New(name, nil, "")
			if err != nil {
				b.Fatal(err)
			}
			const n = 256
			batch, fast := NewBatch(n, d.Info().Dim(), LogP|Grad), InTiles(d, 64)
			tile.Unpack64(batch.X, asked[float64](d, LogP, n, 1, 1).X)
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			ns := inTurns(b, []func() error{
				func() error { return fast.Eval(context.Background(), batch) },
				func() error { return d.Eval(context.Background(), batch) },
			})
			b.ReportMetric(ns[0]/n, "ns/point")
			b.ReportMetric(ns[1]/ns[0], "×plain")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// inTurns returns the median time of a call of each loop, in ns.
func inTurns(b *testing.B, loops []func() error) []float64 {
	const slice, rounds = 2 * time.Millisecond, 15
	timed := func(f func() error, n int) time.Duration {
		start := threadTime()
		for range n {
			if err := f(); err != nil {
				b.Fatal(err)
			}
		}
		return threadTime() - start
	}
	calls, times := make([]int, len(loops)), make([][]float64, len(loops))
	for i, f := range loops {
		calls[i] = 1
		for timed(f, calls[i]) < slice {
			calls[i] *= 2
		}
	}
	for range rounds {
		for i, f := range loops {
			times[i] = append(times[i], float64(timed(f, calls[i]).Nanoseconds())/float64(calls[i]))
		}
	}
	out := make([]float64, len(loops))
	for i, t := range times {
		slices.Sort(t)
		out[i] = t[rounds/2]
	}
	return out
}

func threadTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(err)
	}
	return time.Duration(t.Nano())
}
