package targets

import (
	"math"

	"github.com/sampan-mc/sampan/vec/rng"
)

// RandomMixture describes a mixture of normals drawn at random: modes at independent normal places about the origin, and
// weights from a symmetric Dirichlet law. It is no product in any coordinates, and its modes are unequal.
type RandomMixture struct {
	Dim, Modes    int
	Spread        float64 // standard deviation of a coordinate of a mean
	Variance      float64 // of every coordinate within a mode
	Concentration int     // of the Dirichlet law: the larger, the more equal are the weights
	Seed          uint64
}

// Draw makes the mixture. The mean of mode k is drawn in slot k. Its weight is a gamma variable of whole shape, the sum
// of exponential ones, over the sum of all.
func (m RandomMixture) Draw() Mixture {
	key := rng.NewKey(m.Seed, "targets/random-mixture", 0)
	out := Mixture{Weights: make([]float64, m.Modes), Means: make([][]float64, m.Modes)}
	u := make([]float64, m.Concentration)
	total := 0.0
	for k := range out.Means {
		mean := make([]float64, m.Dim)
		key.Normals(mean, uint32(k), 0, 0)
		for j := range mean {
			mean[j] *= m.Spread
		}
		out.Means[k] = mean
		key.Uniforms(u, uint32(k), 1, 0)
		for _, v := range u {
			out.Weights[k] -= math.Log(v)
		}
		total += out.Weights[k]
	}
	for k := range out.Weights {
		out.Weights[k] /= total
	}
	out.Variances = sameVariance(out.Means, m.Variance)
	return out
}

func randomMixtureItems() []item {
	return []item{{
		name: "random-mixture", kind: kindFamily, summary: "normal modes at random places, with random weights",
		options: []Option{
			{"dim", "integer", "5", "dimension"},
			{"modes", "integer", "8", "number of modes"},
			{"spread", "number", "3", "standard deviation of the places"},
			{"variance", "number", "0.5", "variance within a mode"},
			{"concentration", "integer", "5", "of the Dirichlet law of the weights: the larger, the more equal they are"},
			{"seed", "integer", "0", "seed of places and weights"},
		},
		build: func(r *reader, _ string) (Density, error) {
			return NewMixture(RandomMixture{
				Dim: r.int("dim", 5, 1, 100_000), Modes: r.int("modes", 8, 1, 1000), Seed: uint64(r.int("seed", 0, 0, 1<<53)),
				Spread: r.float("spread", 3, "a positive number", positiveNum), Variance: r.float("variance", 0.5, "a positive number", positiveNum),
				Concentration: r.int("concentration", 5, 1, 1000),
			}.Draw())
		},
	}}
}
