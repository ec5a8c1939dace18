package plugin

import (
	"fmt"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/annealed"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// BenchmarkSegment moves 1024 particles of dimension 10 over one segment of 16 Langevin steps: in this process, in a
// plugin that makes the target, and in one that asks for it, once a step.
func BenchmarkSegment(b *testing.B) {
	const n, d, steps = 1024, 10, 16
	source := builtinTarget(b, "many-well", map[string]any{"dim": d, "wells": 5, "delta": 2.0})
	config := map[string]any{"method": "ula", "steps": steps, "segments": 1, "step": 0.02}
	run := func(b *testing.B, tr smc.Transport) {
		in, out := crowd(n, d, 0, 0), smc.NewParticles(n, d, 0)
		ratio, status := make([]float64, n), make([]targets.Status, n)
		for b.Loop() {
			if err := tr.Segment(b.Context(), 1, in, out, ratio, status, rng.NewKey(1, "segment", 1)); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n*steps), "ns/particle-step")
	}
	b.Run("in-process", func(b *testing.B) {
		ref, err := smc.NewNormal(d, []float64{0}, []float64{1})
		if err != nil {
			b.Fatal(err)
		}
		beta, step := make([]float64, steps+1), make([]float64, steps)
		for k := range step {
			beta[k+1], step[k] = float64(k+1)/steps, 0.02
		}
		tr, err := annealed.New("ula", source.Density, ref, beta, step, 1, 1, nil)
		if err != nil {
			b.Fatal(err)
		}
		run(b, tr)
	})
	for _, s := range []TargetSource{source, askedTarget(source)} {
		b.Run(fmt.Sprintf("plugin/built-in=%v", s.Builtin != ""), func(b *testing.B) {
			spec, err := BuiltinTransport("diffusion", Options{})
			if err != nil {
				b.Fatal(err)
			}
			run(b, openTransport(b, spec, config, s, Options{Rows: n}).Served())
		})
	}
}
