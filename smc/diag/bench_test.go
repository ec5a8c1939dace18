package diag

import (
	"fmt"
	"math"
	"testing"

	"github.com/sampan-mc/sampan/vec/rng"
)

func BenchmarkSummarize(b *testing.B) {
	for _, n := range []int{1000, 4096} {
		draws := make([][]float64, 4)
		for c := range draws {
			draws[c] = make([]float64, n)
			rng.NewKey(1, "bench", c).Normals(draws[c], 0, 0, 0)
		}
		b.Run(fmt.Sprintf("4x%d", n), func(b *testing.B) {
			for b.Loop() {
				Summarize(draws)
			}
		})
	}
}

func BenchmarkWeights(b *testing.B) {
	w, g := make([]float64, 4096), make([]float64, 4096)
	rng.NewKey(1, "bench", 0).Normals(w, 0, 0, 0)
	rng.NewKey(1, "bench", 1).Normals(g, 0, 0, 0)
	for name, f := range map[string]func(){
		"logsumexp": func() { LogSumExp(w) },
		"cess":      func() { CESS(w, g, math.Pi) },
		"pareto":    func() { ParetoK(w) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f()
			}
		})
	}
}
