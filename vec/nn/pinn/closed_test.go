package pinn

import (
	"math"
	"testing"

	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/jet"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/tile"
)

// closed is a potential c(t) + b(t) y + ½a(t) y², y = x − m(t), given with its derivatives, in place of a net.
type closed struct {
	in  *tile.Tile[float64]
	at  func(x float64) (value, grad, lap, rate float64)
	out jet.Scalar[float64]
}

func newClosed(p int, x *tile.Tile[float64], at func(x float64) (value, grad, lap, rate float64)) *closed {
	row := func() tile.Tile[float64] { return tile.New[float64](1, p) }
	return &closed{x, at, jet.Scalar[float64]{Value: row(), Grad: row(), Lap: row(), Rate: row()}}
}

func (c *closed) Begin(*nn.Params[float64])                      {}
func (c *closed) End(*nn.Params[float64], nn.Sink[float64])      {}
func (c *closed) Backward(*nn.Params[float64], nn.Sink[float64]) {}
func (c *closed) Flops() float64                                 { return 0 }

func (c *closed) Forward(*nn.Params[float64]) jet.Scalar[float64] {
	for j, x := range c.in.Row(0) {
		c.out.Value.Data[j], c.out.Grad.Data[j], c.out.Lap.Data[j], c.out.Rate.Data[j] = c.at(x)
	}
	return c.out
}

// bridge is Schrödinger's between N(0, s0²) and N(m, s1²) over unit time; with σ = 0 it is optimal transport.
type bridge struct{ s0, s1, m, sigma float64 }

// moments of its density at t, with the rate of the variance.
func (b bridge) moments(t float64) (mean, v, dv float64) {
	s2 := b.sigma * b.sigma
	c := (math.Sqrt(4*b.s0*b.s0*b.s1*b.s1+s2*s2) - s2) / 2
	v = (1-t)*(1-t)*b.s0*b.s0 + t*t*b.s1*b.s1 + 2*t*(1-t)*c + s2*t*(1-t)
	dv = -2*(1-t)*b.s0*b.s0 + 2*t*b.s1*b.s1 + (1-2*t)*(2*c+s2)
	return b.m * t, v, dv
}

// slope is a of the drift m + a (x − mt), by which the variance changes as it does.
func (b bridge) slope(t float64) float64 {
	_, v, dv := b.moments(t)
	return (dv - b.sigma*b.sigma) / (2 * v)
}

// residual is r, with the factor s of the second, at (x, t), of densities whose variance is scaled, though not its rate.
func (b bridge) residual(eq Equation, x, t, s, scale float64) float64 {
	const p = 4
	var layout nn.Layout
	l := New[float64](&layout, "test", Config{Equation: eq, Features: jet.Features{Dim: 1, Scale: 1}, Hidden: []int{2}, Act: nn.Tanh})
	w := nn.NewParams[float64](&layout)
	l.Start(par.NewPool(1), &layout, p)
	k, batch := l.workers[0], NewBatch[float64](1, p, p, false, 0)
	q := &batch.Tiles[0]
	mean, v, dv := b.moments(t)
	v *= scale
	k.phi = newClosed(p, &q.X, func(x float64) (_, _, _, _ float64) {
		y := x - mean
		return -y * y / (2 * v), -y / v, -1 / v, y*b.m/v + y*y*dv/(2*v*v) - dv/(2*v)
	})
	if eq.Gradient() {
		a := b.slope(t)
		k.by = newClosed(p, &q.X, func(x float64) (_, _, _, _ float64) {
			// Φ = m y + ½a y² + ½m² t − ½σ² ∫a and, as 1/a grows by 1 in unit time, a′ = −a².
			y := x - mean
			return 0, b.m + a*y, a, -b.m*b.m - a*y*b.m - a*a*y*y/2 + b.m*b.m/2 - b.sigma*b.sigma*a/2
		})
	}
	for j := range p {
		q.X.Data[j], q.Time[j], q.Sigma2[j], q.Second[j] = x, t, b.sigma*b.sigma, s
	}
	r := make([]float64, p)
	l.Jacobian(r, nil, w, batch)
	return r[0]
}

// TestBridges: Schrödinger's bridge between normals, and optimal transport, solve both their equations at any point and time, to
// 1e-10; with densities of another variance, or by the other's equation, they do not.
func TestBridges(t *testing.T) {
	for _, b := range []bridge{{1.3, .6, 2, .9}, {1, 2, -1, .4}, {1.3, .6, 2, 0}, {.7, 1.5, 0, 0}} {
		eq, other := SB, OT
		if b.sigma == 0 {
			eq, other = OT, SB
		}
		for _, at := range []float64{0, .1, .5, .9, 1} {
			for _, x := range []float64{-1.5, .3, 2.2} {
				for _, s := range []float64{0, 1, -3} {
					if r := b.residual(eq, x, at, s, 1); !(math.Abs(r) < 1e-10) {
						t.Errorf("%+v, t = %g, x = %g, s = %g: residual %g", b, at, x, s, r)
					}
				}
				if r := b.residual(eq, x, at, 0, 1.01); math.Abs(r) < 1e-8 {
					t.Errorf("%+v, t = %g, x = %g: wrong densities have residual %g", b, at, x, r)
				}
				if r := b.residual(other, x, at, 1, 1); b.sigma > 0 && math.Abs(r) < 1e-6 {
					t.Errorf("%+v, t = %g, x = %g: the other equation has residual %g", b, at, x, r)
				}
			}
		}
	}
}

// TestBridgeNumbers: values of one such bridge, worked out by hand.
func TestBridgeNumbers(t *testing.T) {
	b := bridge{1.3, .6, 2, .9}
	near := func(what string, got, want, bound float64) {
		t.Helper()
		if !(math.Abs(got-want) < bound) {
			t.Errorf("%s is %.10g, wanted %.10g", what, got, want)
		}
	}
	near("a(0)", b.slope(0), -.719599335, 1e-9)
	near("a(.1)", b.slope(.1), -.775397, 1e-6)
	near("a(.5)", b.slope(.5), -1.124022, 1e-6)
	near("a(.9)", b.slope(.9), -2.042224, 1e-6)
	for _, at := range []float64{.2, .7} {
		near("1/a(t) − t", 1/b.slope(at)-at, 1/b.slope(0), 1e-12)
	}
	_, v, _ := b.moments(.5)
	near("the variance half way", v, .951938562, 1e-9)
	_, v, _ = b.moments(1)
	near("the variance at the end", v, .36, 1e-12)
}

// TestReversedNoising: Score's residual of a normal that an Ornstein–Uhlenbeck process, at any rate, leads to N(0, 1), is zero along
// the way, to 1e-10; of one a hundredth wider it is not.
func TestReversedNoising(t *testing.T) {
	const p, beta = 4, 2.3
	residual := func(x, s2, scale float64) float64 { // where the mean is 0.8a and the variance a²s2 + 1 − a²
		var layout nn.Layout
		l := New[float64](&layout, "test", Config{Equation: Score, Features: jet.Features{Dim: 1, Scale: 1}, Hidden: []int{2}, Act: nn.Tanh})
		w := nn.NewParams[float64](&layout)
		l.Start(par.NewPool(1), &layout, p)
		k, batch := l.workers[0], NewBatch[float64](1, p, p, false, 0)
		q := &batch.Tiles[0]
		const a = .6
		mean, v := .8*a, (a*a*s2+1-a*a)*scale
		dm, dv := beta/2*mean, beta*a*a*(s2-1)*scale
		k.phi = newClosed(p, &q.X, func(x float64) (_, _, _, _ float64) {
			y := x - mean
			return -y * y / (2 * v), -y / v, -1 / v, y*dm/v + y*y*dv/(2*v*v) - dv/(2*v)
		})
		for j := range p {
			q.X.Data[j], q.Time[j], q.Sigma2[j] = x, .5, beta
		}
		r := make([]float64, p)
		l.Jacobian(r, nil, w, batch)
		return r[0]
	}
	for _, x := range []float64{-1, .1, 2} {
		for _, s2 := range []float64{.1, 1, 3} {
			if r := residual(x, s2, 1); !(math.Abs(r) < 1e-10) {
				t.Errorf("x = %g, s² = %g: residual %g", x, s2, r)
			}
			if r := residual(x, s2, 1.01); math.Abs(r) < 1e-6 {
				t.Errorf("x = %g, s² = %g: a wrong variance has residual %g", x, s2, r)
			}
		}
	}
}
