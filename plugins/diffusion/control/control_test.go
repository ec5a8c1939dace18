package control

import (
	"math"
	"testing"

	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// TestPotential: both drifts of the potential form are free of rotation, ∂n_i/∂y_j = ∂n_j/∂y_i, and the standard deviation
// is there beside them; the drifts of a perceptron turn.
func TestPotential(t *testing.T) {
	const d, p = 3, 8
	for _, kind := range []string{"potential", "mlp"} {
		shape := Shape{Dim: d, Score: true, Std: true, Two: true}
		m, err := Build[float64](shape, Arch{Kind: kind, Width: 10, Depth: 2, Residual: true, Act: nn.SiLU}, Gates{})
		if err != nil {
			t.Fatal(err)
		}
		w := nn.NewParams[float64](&m.Layout)
		rng.NewKey(1, "init", 0).Normals(w.Theta, 0, 0, 0)
		w.Refresh()
		var a tile.Arena[float64]
		in := a.Input(m.Net.In(), p)
		rng.NewKey(1, "x", 0).Normals(in.Slice(0, m.Net.In()).Flat(), 0, 0, 0)
		cond := nn.Cond[float64]{Row: make([]float64, m.Net.Cond())}
		pass := m.Net.NewPass(&a, in, &cond)
		pass.Record(w, nil)
		first := m.Net.In() - m.Net.BodyIn() // of the rows of y
		slopes := make([]tile.Tile[float64], d)
		for j := range d {
			tx := tile.New[float64](m.Net.In(), p)
			tx.Slice(first+j, first+j+1).Fill(1)
			slopes[j] = tile.New[float64](m.Net.Out(), p)
			slopes[j].Copy(pass.JVP(w, nil, tx))
		}
		turn, std := 0.0, 0.0
		for i := range d {
			for j := range d {
				for q := range p {
					for _, of := range []func(tile.Tile[float64]) tile.Tile[float64]{m.Net.A, m.Net.B} {
						turn = max(turn, math.Abs(of(slopes[j]).Row(i)[q]-of(slopes[i]).Row(j)[q]))
					}
					std = max(std, math.Abs(m.Net.LogStd(slopes[j]).Row(i)[q]))
				}
			}
		}
		if free := turn < 1e-12; free != (kind == "potential") {
			t.Errorf("%s: the Jacobian is off from symmetric by %g", kind, turn)
		}
		if std < 1e-3 {
			t.Errorf("%s: the standard deviation does not depend on the state", kind)
		}
	}
}
