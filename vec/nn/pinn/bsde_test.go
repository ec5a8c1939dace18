package pinn

import (
	"math"
	"math/rand/v2"
	"testing"
)

// anyDensity is a log density, with gradient and Laplacian, that solves no equation.
func anyDensity(x, t float64) (v, g, lap float64) {
	s, c := math.Sincos(x + t)
	return -x*x/(2+t) + .3*s, -2*x/(2+t) + .3*c, -2/(2+t) - .3*s
}

func anyDrift(x, t float64) (m, div float64) {
	s, c := math.Sincos(x - t)
	return .8*s - .4*x, .8*c - .4
}

// losses are, along one path of dX = μ dt + σ dW in k steps: the residual of a backward equation for LogFP,
//
//	R = V(X_0, 0) − V(X_1, 1) + ∫(½σ²|∇V|² + σ²ΔV − div μ) dt + ∫σ∇V·dW,
//
// that for Score, R = V(X_0, 0) − V(X_1, 1) + ∫(½σ²|∇V|² − ½σ²) dt + ∫σ∇V·dW, and the log ratio of the path to its reversal by μ_B = c σ²∇V − μ,
// ends included, which is what bridges are trained on by way of its variance.
func losses(r *rand.Rand, k int, sigma, c float64, drift func(x, t float64) (m, div float64)) (fp, score, ratio float64) {
	h := 1 / float64(k)
	x := r.NormFloat64()
	v, _, _ := anyDensity(x, 0)
	fp, score, ratio = v, v, v
	for i := range k {
		t := float64(i) * h
		_, g, lap := anyDensity(x, t)
		m, div := drift(x, t)
		xi := r.NormFloat64()
		common := sigma*sigma*g*g/2*h + sigma*g*math.Sqrt(h)*xi
		fp += common + (sigma*sigma*lap-div)*h
		score += common - sigma*sigma/2*h
		next := x + h*m + sigma*math.Sqrt(h)*xi
		_, g, _ = anyDensity(next, t+h)
		m, _ = drift(next, t+h)
		back := (x - next - h*(c*sigma*sigma*g-m)) / (sigma * math.Sqrt(h))
		ratio += (back*back - xi*xi) / 2
		x = next
	}
	v, _, _ = anyDensity(x, 1)
	return fp - v, score - v, ratio - v
}

// TestBackwardEquations: the losses of bridges are those of backward equations, whatever the density and the drift, where μ_F + μ_B
// = σ²∇V: the log ratio of the path is the residual for LogFP but for what vanishes with the steps, by a factor of 4 where there are 16 times as many; and
// that for Score is the one for LogFP at μ = σ²(∇V + ½x), path by path, which makes it the loss of a reversed noising. With a μ_B that does not add up
// the difference stays. Root mean squares of 400 paths are within a third of what they estimate but once in a million times.
func TestBackwardEquations(t *testing.T) {
	const sigma, paths = .9, 400
	off := func(k int, c float64) float64 {
		r, sum := rand.New(rand.NewPCG(1, uint64(k))), 0.0
		for range paths {
			fp, _, ratio := losses(r, k, sigma, c, anyDrift)
			sum += (fp - ratio) * (fp - ratio) / paths
		}
		return math.Sqrt(sum)
	}
	few, many := off(32, 1), off(512, 1)
	if !(many < .1) || !(few/many > 2.5 && few/many < 6) {
		t.Errorf("the losses differ by %.4f in 32 steps and %.4f in 512", few, many)
	}
	if wrong := off(512, 1.2); wrong < .1 {
		t.Errorf("by another μ_B they differ by no more than %.4f", wrong)
	}
	r := rand.New(rand.NewPCG(2, 3))
	reversal := func(x, t float64) (m, div float64) {
		_, g, lap := anyDensity(x, t)
		return sigma * sigma * (g + x/2), sigma * sigma * (lap + .5)
	}
	for range 50 {
		fp, score, _ := losses(r, 64, sigma, 1, reversal)
		if !(math.Abs(fp-score) < 1e-12) {
			t.Errorf("the residuals for LogFP and Score are %.15g and %.15g", fp, score)
		}
	}
}
