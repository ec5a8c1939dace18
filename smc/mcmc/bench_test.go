package mcmc

import (
	"context"
	"fmt"
	"testing"
)

// flat is a density that costs nothing: it fills in nothing, so that what is measured is the kernel alone. The terms
// stay those of the origin of a standard normal: zero.
type flat struct{ d int }

func (f flat) Dim() int { return f.d }

func (f flat) Eval(context.Context, int, []float64, bool, *Terms) error { return nil }

// BenchmarkHMC measures what the kernel itself costs: nanoseconds per particle and leapfrog step, with ten steps a
// trajectory, and with the four of the default of package smc. "plain" has the target alone, "path" a reference and
// β = ½. The bound is 60 + 4·d. Most of the cost is that of the momenta, about 20 ns a coordinate once a trajectory, so
// that the shorter trajectories come out above the bound in high dimension.
func BenchmarkHMC(b *testing.B) {
	const n = 1024
	for _, c := range []struct {
		name      string
		beta      float64
		leapfrogs int
	}{{"plain", 1, 10}, {"path", 0.5, 10}, {"path", 0.5, 4}} {
		ref, beta, leapfrogs := c.beta < 1, c.beta, c.leapfrogs
		for _, d := range []int{2, 10, 61, 200} {
			b.Run(fmt.Sprintf("%s/steps=%d/d=%d", c.name, leapfrogs, d), func(b *testing.B) {
				k := Kernel{Kind: HMC, Leapfrogs: leapfrogs}
				m, s := NewMover(k, n, d, ref, &Tally{}), NewState(n, d, ref, true)
				tn, st := FirstTuning(HMC, d), NewStreams(1, "bench", 0)
				stage := uint32(0)
				for b.Loop() {
					if _, err := m.Move(context.Background(), flat{d}, beta, &tn, s, &st, stage, 0); err != nil {
						b.Fatal(err)
					}
					stage++
				}
				ns := float64(b.Elapsed().Nanoseconds()) / float64(b.N) / n / float64(leapfrogs)
				b.ReportMetric(ns, "ns/leapfrog")
				b.ReportMetric(60+4*float64(d), "ns/bound")
			})
		}
	}
}
