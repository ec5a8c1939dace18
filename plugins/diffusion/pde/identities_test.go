package pde

import (
	"fmt"
	"math"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/flow"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/jet"
	"github.com/sampan-mc/sampan/vec/nn/pinn"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/tile"
)

// gauss is the geometric path from N(0, start²) to e^logZ N(m, s²) in one dimension, everything in closed form, by which
// the path in the frame y = x/start is judged.
type gauss struct {
	start, m, s, logZ, power float64
	circular                 bool
}

// moments at time t: mean, variance and log norm, with their derivatives, in the frame.
func (g gauss) moments(t float64) (m, v, z, dm, dv, dz float64) {
	l, dl := math.Pow(t, g.power), g.power*math.Pow(t, g.power-1)
	h, dh := 1-l, -dl
	if q := math.Pi / 2; g.circular {
		l, dl, h, dh = math.Sin(q*t), q*math.Cos(q*t), math.Cos(q*t), -q*math.Sin(q*t)
	}
	tm, tv := g.m/g.start, g.s*g.s/(g.start*g.start)
	p, dp := h+l/tv, dh+dl/tv
	v, dv = 1/p, -dp/(p*p)
	m, dm = v*l*tm/tv, dv*l*tm/tv+v*dl*tm/tv
	// z = log ∫ ρ^l p_0^h
	log2pi := math.Log(2 * math.Pi)
	z = l*(g.logZ-math.Log(2*math.Pi*tv)/2-tm*tm/(2*tv)) - h*log2pi/2 + math.Log(2*math.Pi*v)/2 + m*m/(2*v)
	dz = dl*(g.logZ-math.Log(2*math.Pi*tv)/2-tm*tm/(2*tv)) - dh*log2pi/2 + dv/(2*v) + m*dm/v - m*m*dv/(2*v*v)
	return m, v, z, dm, dv, dz
}

// logp is log ρ in the frame, and its derivatives.
func (g gauss) logp(y float64) (l, s, lap float64) {
	tm, tv := g.m/g.start, g.s*g.s/(g.start*g.start)
	return g.logZ - math.Log(2*math.Pi*tv)/2 - (y-tm)*(y-tm)/(2*tv), -(y - tm) / tv, -1 / tv
}

func (g gauss) residual(eq pinn.Equation, y, t, a, b, dz, sigma2 float64) float64 {
	return residualOf(base{dim: 1, power: g.power, circular: g.circular}, g.logp, eq, y, t, a, b, dz, sigma2)
}

// residualOf is r at (y, t) for the drift a·y + b and z′ = dz, by package pinn in float64, with nets that are just that.
func residualOf(bs base, target func(y float64) (l, s, lap float64), eq pinn.Equation, y, t, a, b, dz, sigma2 float64) float64 {
	const p = 4
	var layout nn.Layout
	l := pinn.New[float64](&layout, "test", pinn.Config{Equation: eq, Features: jet.Features{Dim: 1, Scale: 1}, Hidden: []int{4}, Act: nn.Tanh, Known: true, Norms: norms})
	w := nn.NewParams[float64](&layout)
	layers := l.Drift.(*nn.MLP[float64]).Layers
	const eps = 1e-7 // of a tanh that hardly bends
	nn.Matrix(layers[0], w.Theta)[0] = eps
	out := nn.Matrix(layers[1], w.Theta)
	out[0], out[layers[1].In] = a/eps, b
	var value, rate [norms]float64
	bs.curve(t, &value, &rate)
	w.Of(l.Norm())[0] = dz / rate[0]
	w.Refresh()
	l.Start(par.NewPool(1), &layout, p)
	batch := pinn.NewBatch[float64](1, p, p, true, norms)
	q := &batch.Tiles[0]
	logp, lap, score := make([]float64, p), make([]float64, p), tile.New[float64](1, p)
	for j := range p {
		q.X.Data[j], q.Time[j], q.Sigma2[j] = y, t, sigma2
		logp[j], score.Data[j], lap[j] = target(y)
	}
	known(bs, q.Known, q.X, logp, score, lap, q.Time, make([]float64, p))
	r := make([]float64, p)
	l.Jacobian(r, nil, w, batch)
	return r[0]
}

func near(t *testing.T, what string, got, want, bound float64) {
	t.Helper()
	if !(math.Abs(got-want) < bound) {
		t.Errorf("%s is %.10g, wanted %.10g", what, got, want)
	}
}

// TestGaussianPaths: along geometric paths between normals the drift that carries them has no residual in either equation,
// at any point and time: to 1e-10, which rounding leaves of a tanh that hardly bends. Without the norm's rate, with the
// noise of another σ, or with a drift off by a thousandth, there is one.
func TestGaussianPaths(t *testing.T) {
	for _, g := range []gauss{
		{1, 2, 1, 0, 1, false}, {1.3, 2, .6, 0, 1, false}, {1.3, 2, .6, .7, 2, false}, {1, -1, .8, -2, 3, false}, {1.3, 2, .6, .7, 1, true}, {1, -1, .8, -2, 2, true},
	} {
		for _, at := range []float64{.1, .5, .9, 1} {
			for _, y := range []float64{-1.5, .2, 2} {
				m, v, _, dm, dv, dz := g.moments(at)
				a, b := dv/(2*v), dm-dv/(2*v)*m
				what := fmt.Sprintf("%+v, t = %g, y = %g: residual", g, at, y)
				near(t, what, g.residual(pinn.LogCE, y, at, a, b, dz, 0), 0, 1e-10)
				const sigma2 = .81
				af, bf := a-sigma2/(2*v), b+sigma2/(2*v)*m // + ½σ²∇V
				near(t, what+" with noise", g.residual(pinn.LogFP, y, at, af, bf, dz, sigma2), 0, 1e-10)
				for twin, r := range map[string]float64{
					"z′":    g.residual(pinn.LogCE, y, at, a, b, dz+1e-3, 0),
					"drift": g.residual(pinn.LogCE, y, at, a+1e-3, b, dz, 0),
					"noise": g.residual(pinn.LogFP, y, at, af, bf, dz, sigma2+1e-2),
				} {
					if s := (y - m) * (y - m) / v; math.Abs(r) < 1e-5 && math.Abs(s-1) > .05 {
						t.Errorf("%s with a wrong %s is %g", what, twin, r)
					}
				}
			}
		}
	}
}

// TestGaussianNumbers: values of one such path, worked out by hand: N(0, 1.3²) to N(2, 0.6²), half way, at x = 0.7.
func TestGaussianNumbers(t *testing.T) {
	g := gauss{1.3, 2, .6, 0, 1, false}
	const at, x, sigma2 = .5, .7, .81
	m, v, z, dm, dv, _ := g.moments(at)
	near(t, "mean", m*1.3, 1.64878049, 1e-8)
	near(t, "variance", v*1.69, .59356098, 1e-8)
	near(t, "mean's rate", dm*1.3, 1.158168, 1e-6)
	near(t, "variance's rate", dv*1.69, -.770182, 1e-6)
	y := x / 1.3
	l, s, _ := g.logp(y)
	start := -y*y/2 - math.Log(2*math.Pi)/2
	near(t, "V", at*l+(1-at)*start-z-math.Log(1.3), -1.41642231, 1e-8)
	near(t, "z", z/at, -1.24876373, 1e-8) // there V has t z(t)
	mu := 1.3 * (dm + dv/(2*v)*(y-m))
	near(t, "drift of the flow", mu, 1.77371803, 1e-8)
	near(t, "drift with noise", mu+sigma2/2*(at*s-(1-at)*y)/1.3, 2.42109229, 1e-8)

	// N(0, 1) to N(2, 1): the drift is 2 and z = −2t(1−t).
	for _, at := range []float64{.05, .4, .8} {
		_, _, z, _, _, dz := gauss{1, 2, 1, 0, 1, false}.moments(at)
		near(t, "z", z, -2*at*(1-at), 1e-12)
		near(t, "residual", gauss{1, 2, 1, 0, 1, false}.residual(pinn.LogCE, 1.7, at, 0, 2, dz, 0), 0, 1e-12)
	}
}

// TestNoising: the drift σ²∇V − f of a diffusion model's reversal solves the equation with noise where the start is the
// noising's own invariant law and the target too: f = −½βx, σ² = β.
func TestNoising(t *testing.T) {
	const beta = 2.3
	for _, y := range []float64{-2, .3, 1} {
		near(t, "residual", gauss{1, 0, 1, 0, 1, false}.residual(pinn.LogFP, y, .4, -beta+beta/2, 0, 0, beta), 0, 1e-10)
	}
}

// transport is optimal: x ↦ m + (s₁/s₀)x in straight lines.
type transport struct{ s0, s1, m float64 }

func (o transport) At(t float64, x, v tile.Tile[float64], div []float64) {
	rate := (o.s1 - o.s0) / ((1-t)*o.s0 + t*o.s1)
	for j := range div {
		v.Data[j], div[j] = o.m+rate*(x.Data[j]-o.m*t), rate
	}
}

// TestOptimalTransport: the flow of straight lines leaves all weights equal, but for 1e-8 in 50 steps.
func TestOptimalTransport(t *testing.T) {
	o := transport{1.3, .6, 2}
	x, lr := tile.New[float64](1, 8), make([]float64, 8)
	start := make([]float64, 8)
	for j := range start {
		start[j] = 1.3 * (float64(j) - 3.5) / 2
		x.Data[j] = start[j]
	}
	flow.NewIntegrator[float64](o, uniform(50), 1, 8).Run(x, lr, 0, 50)
	for j, x0 := range start {
		x1 := x.Data[j]
		near(t, "end", x1, 2+.6/1.3*x0, 1e-8)
		lw := -(x1-2)*(x1-2)/(2*.36) - math.Log(.6) + x0*x0/(2*1.69) + math.Log(1.3) + lr[j]
		near(t, "log weight", lw, 0, 1e-7)
	}
}

// TestCurve: the derivatives of ψ_k are those of ψ_k, and all begin at 0; ψ_0 alone is 1 at the end.
func TestCurve(t *testing.T) {
	b := base{power: 2}
	var lo, hi, v, rate, no [norms]float64
	const h = 1e-5
	for _, at := range []float64{.1, .5, .93} {
		b.curve(at-h, &lo, &no)
		b.curve(at+h, &hi, &no)
		b.curve(at, &v, &rate)
		for k := range rate {
			near(t, fmt.Sprintf("ψ_%d′(%g)", k, at), rate[k], (hi[k]-lo[k])/(2*h), 1e-7)
		}
	}
	b.curve(0, &lo, &no)
	b.curve(1, &hi, &no)
	for k := range lo {
		near(t, "start", lo[k], 0, 1e-15)
		near(t, "end", hi[k], map[bool]float64{true: 1}[k == 0], 1e-15)
	}
	norm := make([]float64, 17)
	for k := range norm {
		s := float64(k) / 16
		norm[k] = 3*s*s - 2*s*(1-s)
	}
	for k, z := range b.fit(norm) {
		near(t, fmt.Sprintf("z_%d", k), float64(z), map[int]float64{0: 3, 1: -2}[k], 1e-5)
	}
}
