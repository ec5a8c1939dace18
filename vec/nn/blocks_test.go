package nn

import (
	"fmt"
	"math"
	"testing"

	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// TestBlockDivergence: whatever the layers, the divergence of a combination of blocks is the sum of their tangents'
// diagonals; also after the parameters and the combination changed.
func TestBlockDivergence(t *testing.T) {
	const n, p = 3, 64
	for _, hidden := range [][]int{{9}, {9, 9}, {9, 7}, {9, 9, 9}, {9, 7, 7, 7}} {
		for _, residual := range []bool{false, true} {
			t.Run(fmt.Sprint(hidden, residual), func(t *testing.T) {
				var l Layout
				net := NewMLP[float64](&l, "m", MLPConfig{In: n + 2, Out: 2 * n, Hidden: hidden, Residual: residual, Head: 1})
				w := NewParams[float64](&l)
				var a tile.Arena[float64]
				x := a.Input(n+2, p)
				copy(x.Slice(0, n+2).Flat(), direction[float64]((n+2)*p, 4))
				pass := net.NewPass(&a, x, nil)
				for round, c := range [][]float64{{1, -0.7}, {0.2, 3}} {
					w.Init(rng.NewKey(uint64(round), "test", 0))
					got, want := make([]float64, p), make([]float64, p)
					pass.Record(w, nil)
					pass.(BlockDivergent[float64]).BlockDivergence(w, c, got)
					tx := tile.New[float64](n+2, p)
					for i := range n {
						tx.Fill(0)
						tx.Slice(i, i+1).Fill(1)
						y := pass.JVP(w, nil, tx)
						for j := range want {
							want[j] += c[0]*y.Row(i)[j] + c[1]*y.Row(n + i)[j]
						}
					}
					for j := range want {
						if !(math.Abs(got[j]-want[j]) < 1e-12) {
							t.Fatalf("round %d, particle %d: %v, by tangents %v", round, j, got[j], want[j])
						}
					}
				}
			})
		}
	}
}
