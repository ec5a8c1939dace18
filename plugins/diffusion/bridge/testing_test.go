package bridge

import (
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/rng"
)

// untrained is a model with weights that are nought or random, and the parameters.
func untrained(o Options, d int, random float64) (*model, []float32) {
	m := o.Plan(d).newModel(d)
	w := nn.NewParams[float32](&m.layout)
	w.Init(rng.NewKey(3, "test", 0))
	if random > 0 {
		last := m.layout.Tensors[len(m.layout.Tensors)-2]
		z := make([]float64, last.Size())
		rng.NewKey(4, "test", 0).Normals(z, 0, 0, 0)
		for i, v := range z {
			w.Of(last)[i] = float32(random * v)
		}
	}
	return m, w.Theta
}
