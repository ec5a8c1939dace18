package pinn

import (
	"math"
	"slices"
	"testing"

	"github.com/sampan-mc/sampan/vec/tile"
)

// TestProbes: the mean of the product over all pairs of directions of signs is r², and that of its gradient r²'s: no bias is left. One
// direction taken twice has one: the variance of the divergence's estimate.
func TestProbes(t *testing.T) {
	for n, c := range configs {
		if c.Dim > 3 || c.Equation.Gradient() || c.Equation == Score {
			continue
		}
		const size, p = 32, 16
		l, w := setUp[float64](c, 1, p)
		want, _ := l.Gradient(w, draw[float64](c, size, p, 2))
		exact := slices.Clone(l.Grad)
		c.Probes = true
		l, w = setUp[float64](c, 1, p)
		b := draw[float64](c, size, p, 2)
		signs := func(e tile.Tile[float64], bits int) {
			for i := range e.Rows {
				e.Slice(i, i+1).Fill(float64(2*(bits>>i&1) - 1))
			}
		}
		var one, two float64
		grad := make([]float64, w.Size())
		all := 1 << c.Dim
		for i := range b.Tiles {
			b.Tiles[i].Probes = [2]tile.Tile[float64]{tile.New[float64](c.Dim, p), tile.New[float64](c.Dim, p)}
		}
		for first := range all {
			for second := range all {
				for i := range b.Tiles {
					signs(b.Tiles[i].Probes[0], first)
					signs(b.Tiles[i].Probes[1], second)
				}
				loss, _ := l.Gradient(w, b)
				if two += loss / float64(all*all); first == second {
					one += loss / float64(all)
				}
				for i, g := range l.Grad {
					grad[i] += g / float64(all*all)
				}
			}
		}
		if !(math.Abs(two-want) < 1e-10*(1+want)) {
			t.Errorf("configuration %d: two directions give a mean of %g, exactly %g", n, two, want)
		}
		if c.Ridge == nil && !(one > want+1e-6) {
			t.Errorf("configuration %d: one direction has no bias: %g, exactly %g", n, one, want)
		}
		for i, g := range grad {
			if !(math.Abs(g-exact[i]) < 1e-9*(1+math.Abs(exact[i]))) {
				t.Fatalf("configuration %d: derivative %d has a mean of %g, exactly %g", n, i, g, exact[i])
			}
		}
	}
}
