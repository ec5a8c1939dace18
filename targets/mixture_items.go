package targets

import (
	"fmt"
	"math"
)

func mixtureItems() []item {
	options := []Option{
		{"means", "matrix", "the 9 points of {-5, 0, 5}²", "means of the components, a list of rows"},
		{"weights", "list", "equal", "positive weights; they are divided by their sum"},
		{"variance", "number, list or matrix", "0.3", "one variance, one for each component, or a row for each component"},
	}
	instance := func(name, summary string, build func() (Density, error)) item {
		return item{name: name, kind: kindInstance, summary: summary, build: func(*reader, string) (Density, error) { return build() }}
	}
	return []item{
		{name: "mixture", kind: kindFamily, summary: "mixture of normals with independent coordinates", options: options, build: buildMixture},
		instance("gmm9", "9 equal modes on {-5, 0, 5}², variance 0.3", func() (Density, error) { return equalMixture(gmm9Means(), 0.3) }),
		// softplus(1)
		instance("gmm40_fab", "40 equal modes in [-40, 40]², sd log(1 + e); means of PyTorch's generator, seed 0",
			func() (Density, error) {
				sd := math.Log1p(math.E)
				return equalMixture(gmm40Means("gmm40_means_fab.csv"), sd*sd)
			}),
		instance("gmm40_jax", "40 equal modes in [-40, 40]², sd 1; means of JAX's generator, key 0",
			func() (Density, error) { return equalMixture(gmm40Means("gmm40_means_jax.csv"), 1) }),
		instance("gmm40_jax_d50", "40 equal modes in [-40, 40]^50, sd 1; means of JAX's generator, key 0",
			func() (Density, error) { return equalMixture(jaxPoints(40, 50, 40), 1) }),
		instance("random_mixture_d5_seed7", "8 modes at random places of R⁵, unequal weights, variance 0.5",
			func() (Density, error) {
				var all map[string]struct {
					Weights  []float64
					Means    [][]float64
					Variance float64
				}
				decodeEmbedded("mixtures.json", &all)
				m := all["random_mixture_d5_seed7"]
				return NewMixture(Mixture{m.Weights, m.Means, sameVariance(m.Means, m.Variance)})
			}),
	}
}

func gmm9Means() [][]float64 {
	var out [][]float64
	for _, a := range []float64{-5, 0, 5} {
		for _, b := range []float64{-5, 0, 5} {
			out = append(out, []float64{a, b})
		}
	}
	return out
}

func gmm40Means(file string) [][]float64 {
	t, err := readTable(openEmbedded, file, false)
	if err != nil {
		panic("targets: embedded data: " + err.Error())
	}
	out := make([][]float64, t.rows())
	for i := range out {
		out[i] = []float64{t.cols[0][i], t.cols[1][i]}
	}
	return out
}

func sameVariance(means [][]float64, v float64) [][]float64 {
	out := make([][]float64, len(means))
	for i, m := range means {
		out[i] = make([]float64, len(m))
		fill(out[i], v)
	}
	return out
}

func equalMixture(means [][]float64, variance float64) (Density, error) {
	w := make([]float64, len(means))
	fill(w, 1)
	return NewMixture(Mixture{w, means, sameVariance(means, variance)})
}

func buildMixture(r *reader, _ string) (Density, error) {
	means := gmm9Means()
	if flat, k, d := r.matrix("means", -1, -1, false); flat != nil {
		means = rowsOf(flat, k, d)
	}
	k, d := len(means), len(means[0])
	weights := r.vector("weights", k)
	if weights == nil {
		weights = make([]float64, k)
		fill(weights, 1)
	}
	for i, w := range weights {
		if w <= 0 {
			r.fault(fmt.Sprintf("weights[%d]", i), show(w), "a positive number")
		}
	}
	variances := r.variances("variance", means, k, d)
	if len(r.faults) > 0 {
		return nil, nil
	}
	return NewMixture(Mixture{weights, means, variances})
}

// variances reads one number, a list of k, or k rows of d.
func (r *reader) variances(key string, means [][]float64, k, d int) [][]float64 {
	out := sameVariance(means, 0.3)
	switch v, _ := r.get(key); v := v.(type) {
	case nil:
		return out
	case []any, []float64, [][]float64:
		if listOfLists(v) {
			if flat, _, _ := r.matrix(key, k, d, false); flat != nil {
				out = rowsOf(flat, k, d)
			}
		} else if list := r.list(key, v, k, false); list != nil {
			for i, x := range list {
				fill(out[i], x)
			}
		}
	default:
		x, ok := number(v)
		if !ok {
			r.fault(key, show(v), fmt.Sprintf("a positive number, a list of %d, or %d rows of %d", k, k, d))
		}
		out = sameVariance(means, x)
	}
	for i := range out {
		for j, x := range out[i] {
			if !(x > 0) || math.IsInf(x, 1) {
				r.fault(key, fmt.Sprintf("%v for component %d, coordinate %d", x, i, j), "positive numbers")
				return nil
			}
		}
	}
	return out
}

func listOfLists(v any) bool {
	switch v := v.(type) {
	case [][]float64:
		return true
	case []any:
		if len(v) > 0 {
			switch v[0].(type) {
			case []any, []float64:
				return true
			}
		}
	}
	return false
}

// rowsOf cuts k rows of d out of flat.
func rowsOf(flat []float64, k, d int) [][]float64 {
	out := make([][]float64, k)
	for i := range out {
		out[i] = flat[i*d : (i+1)*d]
	}
	return out
}
