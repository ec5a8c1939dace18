package diag

import "math"

// Rhat returns the larger of the split R-hat of the rank-normalised draws, which sees chains of different location,
// and of the folded rank-normalised draws, which sees chains of different scale (Vehtari et al. 2021). Values above
// 1.01 say that the chains have not mixed. One chain will do: its halves are compared.
func Rhat(draws [][]float64) float64 {
	return rankRhat(draws, rankNormalise(split(draws)), Quantile(draws, 0.5))
}

// rankRhat is Rhat given the normal scores of the split draws and the median.
func rankRhat(draws, scores [][]float64, median float64) float64 {
	folded := rhat(rankNormalise(split(fold(draws, median))))
	return math.Max(rhat(scores), folded) // NaN if either is
}

// RhatBasic returns the split R-hat of the draws themselves (Gelman and Rubin 1992, split as in Stan).
func RhatBasic(draws [][]float64) float64 { return rhat(split(draws)) }

// rhat is √((B/W + n − 1)/n), with B = n·variance of the chain means and W the mean of the chain variances.
func rhat(draws [][]float64) float64 {
	chains, n := shape(draws)
	if chains < 2 || n < 2 || degenerate(draws) {
		return math.NaN()
	}
	between := float64(n) * variance(chainMeans(draws))
	return math.Sqrt((between/mean(chainVariances(draws)) + float64(n) - 1) / float64(n))
}

func chainVariances(draws [][]float64) []float64 {
	out := make([]float64, len(draws))
	for i, c := range draws {
		out[i] = variance(c)
	}
	return out
}

// NestedRhat returns the R-hat of superchains[superchain][chain][draw] (Margossian, Hoffman, Sountsov, Riou-Durand,
// Vehtari and Gelman 2024, "Nested R-hat"),
//
//	√(1 + B/W),  B the variance of the superchain means,
//	W the mean over superchains of (variance of its chain means + mean of its chain variances),
//
// which compares groups of many short chains. A chain may have one draw: then W is the spread of the chains alone.
// Under exact independent sampling it exceeds 1 by about half the reciprocal of the draws in a superchain.
func NestedRhat(superchains [][][]float64) float64 {
	if len(superchains) < 2 {
		return math.NaN()
	}
	var within float64
	means := make([]float64, len(superchains))
	for k, chains := range superchains {
		if len(chains) != len(superchains[0]) {
			panic(badLength)
		}
		m, n := shape(chains)
		if m*n < 2 {
			return math.NaN()
		}
		each := chainMeans(chains)
		means[k] = mean(each)
		if m > 1 {
			within += variance(each) / float64(len(superchains))
		}
		if n > 1 {
			within += mean(chainVariances(chains)) / float64(len(superchains))
		}
	}
	if !(within > 0) {
		return math.NaN()
	}
	return math.Sqrt(1 + variance(means)/within)
}

// IslandRhat is NestedRhat of population samplers, islands[island][particle]: each equally weighted particle is a chain
// of one draw, each island a superchain.
func IslandRhat(islands [][]float64) float64 {
	superchains := make([][][]float64, len(islands))
	for k, particles := range islands {
		superchains[k] = make([][]float64, len(particles))
		for i := range particles {
			superchains[k][i] = particles[i : i+1]
		}
	}
	return NestedRhat(superchains)
}
