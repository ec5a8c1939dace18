package pde

import (
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn/learntest"
	"github.com/sampan-mc/sampan/vec/cputime"
	"github.com/sampan-mc/sampan/vec/nn"
)

// BenchmarkStep is a step of training by default: what it takes, its points and the target's scores there, of the time that
// the vector core's Jacobian and Gauss-Newton take on given points. Processor time, in turns; the median.
func BenchmarkStep(b *testing.B) {
	const rounds = 15
	for _, c := range []struct {
		name   string
		method string
		config map[string]any
	}{
		{"d=2", LogCE, map[string]any{"dim": 2, "wells": 2, "delta": 4.0, "rotation": 5}},
		{"d=5", LogCE, map[string]any{"dim": 5, "wells": 5, "delta": 4.0, "rotation": 5}},
		{"d=50", LogCE, map[string]any{"dim": 50, "wells": 5, "delta": 2.0, "rotation": 5}},
	} {
		b.Run(c.name, func(b *testing.B) {
			d := learntest.Target(b, "many-well", c.config)
			p, l := Defaults(c.method).Plan(c.method), problem(d, 1)
			s, err := p.Prepare(b.Context(), &l, pilotOf(b, d))
			if err != nil {
				b.Fatal(err)
			}
			m := p.newModel(l.Dim, s.Frame.Dim-s.Frame.Active, len(s.Facts[factDirections])/max(s.Frame.Active, 1))
			w := nn.NewParams[float32](&m.layout)
			m.start(w, l.Stream("init"), s.Facts[factDirections], s.Facts[factNorm])
			t := newTraining(p, &l, s, m, w)
			step := 0
			whole := func() {
				if _, err := t.step(b.Context(), step); err != nil {
					b.Fatal(err)
				}
				step++
			}
			core := func() {
				m.loss.Jacobian(t.residual, t.jacobian, w, t.points.batch)
				t.solver.Step(w.Theta, t.residual, t.jacobian, rateLast)
				w.Refresh()
			}
			whole() // for a first batch of points
			for b.Loop() {
				ratio, seconds := cputime.Ratio(rounds, core, whole)
				b.ReportMetric(ratio, "of-core")
				b.ReportMetric(1e3*seconds, "ms")
			}
		})
	}
}
