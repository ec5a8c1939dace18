package jet

import (
	"fmt"
	"math"
	"testing"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// potential is a scalar perceptron, and its gradient by the first dim rows of its input, on a tile of points.
type potential struct {
	w        *nn.Params[float64]
	x        tile.Tile[float64]
	phi, net nn.Pass[float64]
	dim      int
}

func newPotential(c nn.MLPConfig, dim int) *potential {
	const p = 9
	var l nn.Layout
	var a tile.Arena[float64]
	m := nn.NewMLP[float64](&l, "phi", c)
	g := &potential{w: nn.NewParams[float64](&l), x: a.Input(c.In, p), dim: dim}
	rng.NewKey(1, "init", 0).Normals(g.w.Theta, 0, 0, 0)
	vec.Scale(g.w.Theta, .4, g.w.Theta)
	g.w.Refresh()
	rng.NewKey(1, "x", 0).Normals(g.x.Slice(0, c.In).Flat(), 0, 0, 0)
	g.phi, g.net = m.NewPass(&a, g.x, nil), NewGradient(m, dim).NewPass(&a, g.x, nil)
	return g
}

// TestGradient: the net is the gradient of the perceptron, its Jacobian symmetric; its adjoints, by inputs and parameters,
// and its tangents agree with differences, and with each other.
func TestGradient(t *testing.T) {
	for i, c := range []nn.MLPConfig{
		{In: 5, Out: 1, Hidden: []int{8, 8, 8}, Act: nn.Tanh, Residual: true},
		{In: 4, Out: 1, Hidden: []int{7, 5}, Act: nn.SiLU},
		{In: 3, Out: 1, Hidden: []int{6}, Act: nn.GELU},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			dim := 3
			g := newPotential(c, dim)
			p := g.x.P
			near := func(what string, got, want []float64, bound float64) {
				t.Helper()
				for j := range want {
					if e := math.Abs(got[j] - want[j]); !(e < bound*(1+math.Abs(want[j]))) {
						t.Fatalf("%s %d is %.10g, want %.10g", what, j, got[j], want[j])
					}
				}
			}
			clone := func(x tile.Tile[float64]) []float64 { return append([]float64(nil), x.Flat()...) }
			one := tile.New[float64](1, p)
			one.Fill(1)
			g.phi.Record(g.w, nil)
			near("gradient", clone(g.net.Record(g.w, nil)), clone(g.phi.Backward(g.w, one, nil, true).Slice(0, dim)), 1e-12)

			// The Jacobian, row by row, by adjoints and by tangents.
			var rows, columns [][]float64
			for j := range dim {
				e, tx := tile.New[float64](dim, p), tile.New[float64](c.In, p)
				e.Slice(j, j+1).Fill(1)
				tx.Slice(j, j+1).Fill(1)
				rows = append(rows, clone(g.net.Backward(g.w, e, nil, true).Slice(0, dim)))
				columns = append(columns, clone(g.net.JVP(g.w, nil, tx)))
			}
			for j := range dim {
				near("row and column of the Jacobian", rows[j], columns[j], 1e-12)
				for k := range dim {
					near("symmetry", rows[j][k*p:(k+1)*p], rows[k][j*p:(j+1)*p], 1e-12)
				}
			}

			// Along a change of everything.
			dy, tx := tile.New[float64](dim, p), tile.New[float64](c.In, p)
			rng.NewKey(2, "dy", 0).Normals(dy.Flat(), 0, 0, 0)
			rng.NewKey(2, "tx", 0).Normals(tx.Flat(), 0, 0, 0)
			dw := nn.NewParams[float64](g.w.Layout)
			for _, tensor := range dw.Tensors {
				rng.NewKey(2, tensor.Name, 0).Normals(dw.Of(tensor), 0, 0, 0)
			}
			dw.Refresh()
			tangent := clone(g.net.JVP(g.w, dw, tx))
			sink := nn.NewGradient[float64](g.w.Layout)
			sink.G = make([]float64, len(g.w.Theta))
			dx := clone(g.net.Backward(g.w, dy, sink, true))
			got, want := vec.Dot(tangent, dy.Flat()), vec.Dot(dx, tx.Flat())+vec.Dot(sink.G, dw.Theta)
			if math.Abs(got-want) > 1e-11*(1+math.Abs(want)) {
				t.Errorf("tangents say %.12g, adjoints %.12g", got, want)
			}
			const h = 3e-4
			at := func(e float64) []float64 {
				m := newPotential(c, dim)
				vec.Axpy(m.w.Theta, e, dw.Theta)
				m.w.Refresh()
				vec.Axpy(m.x.Slice(0, c.In).Flat(), e, tx.Flat())
				return clone(m.net.Forward(m.w, nil))
			}
			a, b, d, e := at(-2*h), at(-h), at(h), at(2*h)
			for j := range a {
				a[j] = (a[j] - 8*b[j] + 8*d[j] - e[j]) / (12 * h)
			}
			near("tangent", tangent, a, 1e-7)
		})
	}
}

// TestGradientAllocatesNothing once it has its memory.
func TestGradientAllocatesNothing(t *testing.T) {
	g := newPotential(nn.MLPConfig{In: 4, Out: 1, Hidden: []int{8, 8}}, 2)
	dy, tx := tile.New[float64](2, g.x.P), tile.New[float64](4, g.x.P)
	all := func() {
		g.net.Record(g.w, nil)
		g.net.Backward(g.w, dy, nil, true)
		g.net.JVP(g.w, g.w, tx)
	}
	all()
	if n := testing.AllocsPerRun(3, all); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
