package pde

import (
	"fmt"
	"math"
	"testing"

	"github.com/sampan-mc/sampan/vec/nn/pinn"
)

// TestStart: a start is a density of variance 1 with the derivatives that it says, and normal draws are taken to draws of it,
// and back. Of β = 2 it is the normal.
func TestStart(t *testing.T) {
	for _, shape := range []float64{2, 3, 4, 8} {
		p := newStart(shape)
		what := func(s string) string { return fmt.Sprintf("β = %g: %s", shape, s) }
		mass, two, h := 0.0, 0.0, 1e-3
		for y := -8.0; y < 8; y += h {
			l, _, _ := p.at(y)
			mass += h * math.Exp(l)
			two += h * y * y * math.Exp(l)
		}
		near(t, what("mass"), mass, 1, 1e-9)
		near(t, what("variance"), two, 1, 1e-9)
		for _, y := range []float64{-1.7, .3, 1.1} {
			l, s, b := p.at(y)
			up, su, _ := p.at(y + 1e-6)
			down, sd, _ := p.at(y - 1e-6)
			near(t, what("score"), s, (up-down)/2e-6, 1e-7)
			near(t, what("curvature"), b, (su-sd)/2e-6, 1e-6)
			near(t, what("log density"), l, -math.Pow(math.Abs(y), shape)*math.Pow(math.Gamma(3/shape)/math.Gamma(1/shape), shape/2)+math.Log(shape/2*math.Sqrt(math.Gamma(3/shape)/math.Pow(math.Gamma(1/shape), 3))), 1e-12)
		}
		for _, z := range []float64{-7.5, -3.3, -.7, 1e-3, .5, 2.2, 5.71} {
			y := p.from(z)
			near(t, what("back"), p.back(y), z, 1e-9)
			logs, x := make([]float64, 1), []float64{z}
			p.drawn(x, logs, 1, true)
			near(t, what("draw"), x[0], y, 1e-15)
			near(t, what("stretch"), logs[0], math.Log((p.from(z+1e-5)-p.from(z-1e-5))/2e-5), 1e-6)
			again := make([]float64, 1)
			p.drawn(x, again, 1, false)
			near(t, what("stretch on the way back"), again[0], logs[0], 1e-7)
		}
	}
}

// powerLaw is exp(−|x/s|^β − log norm) in one dimension: from one of s to another the geometric path is of such, and a linear drift
// carries it.
type powerLaw struct{ shape, start, target float64 }

func (g powerLaw) logp(y float64) (l, s, lap float64) {
	p := start{shape: g.shape, scale: g.target}
	return p.at(y)
}

// path at time t: κ of exp(−κ|x|^β), its rate, and that of the log norm.
func (g powerLaw) path(b base, t float64) (kappa, rate, dz float64) {
	l, dl := b.mix(t)
	one, two := math.Pow(g.start, -g.shape), math.Pow(g.target, -g.shape)
	kappa, rate = (1-l)*one+l*two, dl*(two-one)
	return kappa, rate, -rate/(g.shape*kappa) - dl*b.p0.norm // z = log ∫ e^{−κ|x|^β} + (1−l) log norm
}

// TestStartsPath: from a start of another shape to a target of the same, narrower, the linear drift that carries the path has no
// residual in either equation, and one of another has: of the wrong start, or a thousandth off.
func TestStartsPath(t *testing.T) {
	for _, shape := range []float64{3, 4} {
		b := base{dim: 1, power: 2, p0: newStart(shape)}
		g := powerLaw{shape, b.p0.scale, .7}
		for _, at := range []float64{.2, .6, .9} {
			for _, y := range []float64{-1.4, .4, .9} {
				kappa, rate, dz := g.path(b, at)
				a := -rate / (shape * kappa)
				what := fmt.Sprintf("β = %g, t = %g, y = %g: residual", shape, at, y)
				near(t, what, residualOf(b, g.logp, pinn.LogCE, y, at, a, 0, dz, 0), 0, 1e-9)
				const sigma2 = .8 // + ½σ²∇V, and its derivative, at y
				s, bend := -kappa*shape*math.Pow(math.Abs(y), shape-2)*y, -kappa*shape*(shape-1)*math.Pow(math.Abs(y), shape-2)
				slope := a + sigma2/2*bend
				off := a*y + sigma2/2*s - slope*y
				near(t, what+" with noise", residualOf(b, g.logp, pinn.LogFP, y, at, slope, off, dz, sigma2), 0, 1e-9)
				normal := b
				normal.p0 = start{}
				for twin, r := range map[string]float64{
					"start": residualOf(normal, g.logp, pinn.LogCE, y, at, a, 0, dz, 0), "drift": residualOf(b, g.logp, pinn.LogCE, y, at, a+1e-3, 0, dz, 0),
				} {
					if math.Abs(r) < 1e-5 {
						t.Errorf("%s with a wrong %s is %g", what, twin, r)
					}
				}
			}
		}
	}
}
