package chain

import (
	"math"

	"github.com/sampan-mc/sampan/vec"
)

// Losses of log weights lw whose paths are taken as given. Each fills coef with ∂L/∂lw and returns L. Weights that are not
// finite have no part: their number is the second result, and their coef is 0.

// LogVariance is the variance of the log weights, Σ(lw − mean)²/(n−1), which needs no log Z: at the optimum each path's
// gradient is zero (Nüsken and Richter 2021; Richter and Berner 2024).
func LogVariance[T vec.Float](coef []T, lw []float64) (loss float64, bad int) {
	n, mean := mean(lw)
	for i, l := range lw {
		coef[i] = 0
		if finite(l) {
			loss += (l - mean) * (l - mean)
			coef[i] = T(2 / (n - 1) * (l - mean))
		}
	}
	return loss / (n - 1), len(lw) - int(n)
}

// VarGrad is half the variance with 1/n, the mean differentiated as well: the same direction as LogVariance, scaled.
func VarGrad[T vec.Float](coef []T, lw []float64) (loss float64, bad int) {
	loss, bad = LogVariance(coef, lw)
	n := float64(len(lw) - bad)
	c := (n - 1) / (2 * n)
	vec.Scale(coef, T(c), coef)
	return loss * c, bad
}

// TrajectoryBalance is ½ mean (lw − logZ)², with its derivative by logZ (Malkin et al. 2022).
func TrajectoryBalance[T vec.Float](coef []T, lw []float64, logZ float64) (loss, dLogZ float64, bad int) {
	n, _ := mean(lw)
	for i, l := range lw {
		coef[i] = 0
		if finite(l) {
			r := l - logZ
			loss += r * r
			coef[i] = T(r / n)
			dLogZ -= r / n
		}
	}
	return loss / (2 * n), dLogZ, len(lw) - int(n)
}

// KL is −mean lw, for Tilt: log Z more than the divergence of the paths from those that come back from the target. Of given
// paths it has no gradient by what draws them.
func KL[T vec.Float](coef []T, lw []float64) (loss float64, bad int) {
	n, mean := mean(lw)
	for i, l := range lw {
		coef[i] = 0
		if finite(l) {
			coef[i] = T(-1 / n)
		}
	}
	return -mean, len(lw) - int(n)
}

// LogDerivative is KL for BackEach: the log-derivative trick for what draws the paths, with the mean as its control variate,
// and plainly −mean log B for the way back. Where nothing of that is learned, its gradient is half of LogVariance's.
func LogDerivative[T vec.Float](there, back []T, lw []float64) (loss float64, bad int) {
	n, mean := mean(lw)
	for i, l := range lw {
		there[i], back[i] = 0, 0
		if finite(l) {
			there[i], back[i] = T((l-mean)/n), T(-1/n)
		}
	}
	return -mean, len(lw) - int(n)
}

// Evidence is the descent of −mean lw over paths that the sampler drew, for BackEach, in the units of LogVariance, for what
// both ways have in common: −(lw − mean) ∂log F, as the law of the paths changes, and −∂lw. Where F and B are close, what the
// second term adds by chance is small: log F and log B change alike.
func Evidence[T vec.Float](there, back []T, lw []float64) {
	n, mean := mean(lw)
	for i, l := range lw {
		there[i], back[i] = 0, 0
		if finite(l) {
			there[i], back[i] = T(2/n*(l-mean-1)), T(-2/n)
		}
	}
}

func mean(lw []float64) (n, m float64) {
	for _, l := range lw {
		if finite(l) {
			n++
			m += l
		}
	}
	return n, m / n
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
