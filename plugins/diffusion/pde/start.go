package pde

import (
	"math"

	"gonum.org/v1/gonum/mathext"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// start is p_0, in each coordinate β/(2s Γ(1/β)) exp(−|y/s|^β), s such that the variance is 1; with β = 2, or 0, the normal.
// (Máté and Fleuret 2023 begin with it. From β = 2 on Δ log p_0 is finite everywhere.)
type start struct {
	shape, scale, norm float64
	knots              []knot
}

// knot is a point of the map from normal draws, at a multiple of 1/knotsPerUnit, with the map's slope.
type knot struct{ y, slope float64 }

const (
	knotsPerUnit = 128 // for 1e-10
	knotted      = 9
)

// newStart is the start of a shape β.
func newStart(shape float64) start {
	if shape == 2 {
		return start{}
	}
	one, _ := math.Lgamma(1 / shape)
	three, _ := math.Lgamma(3 / shape)
	s := math.Exp((one - three) / 2)
	p := start{shape: shape, scale: s, norm: math.Log(shape/(2*s)) - one, knots: make([]knot, knotsPerUnit*knotted+1)}
	for i := range p.knots {
		z := float64(i) / knotsPerUnit
		y := p.quantile(z)
		p.knots[i] = knot{y, math.Exp(p.stretch(z, y))}
	}
	return p
}

// normal tells whether that is what it is.
func (p start) normal() bool { return p.shape == 0 }

const halfLog2Pi = 0.918938533204672742 // ½ log 2π

// at is log p_0 of one coordinate with its first and second derivative.
func (p start) at(y float64) (l, score, bend float64) {
	if p.normal() {
		return -y*y/2 - halfLog2Pi, -y, -1
	}
	u := math.Abs(y) / p.scale
	v := math.Pow(u, p.shape-2)
	return p.norm - v*u*u, -p.shape * v * y / (p.scale * p.scale), -p.shape * (p.shape - 1) * v / (p.scale * p.scale)
}

// logStart sets dst to log p_0.
func logStart[T vec.Float](p start, dst []float64, y tile.Tile[T]) {
	clear(dst)
	for i := range y.Rows {
		for j, v := range y.Row(i) {
			l, _, _ := p.at(float64(v))
			dst[j] += l
		}
	}
}

// pull adds m ∇log p_0 at y to g.
func (p start) pull(g, y tile.Tile[float32], m float64) {
	if p.normal() {
		vec.Axpy(g.Flat(), float32(-m), y.Flat())
		return
	}
	for i, v := range y.Flat() {
		_, s, _ := p.at(float64(v))
		g.Data[i] += float32(m * s)
	}
}

// bends is Δ log p_0 over the coordinates y of particle j.
func bends[T vec.Float](p start, y tile.Tile[T], j int) (sum float64) {
	if p.normal() {
		return -float64(y.Rows)
	}
	for i := range y.Rows {
		_, _, b := p.at(float64(y.Row(i)[j]))
		sum += b
	}
	return sum
}

// quantile is where p_0 has as much beyond as the normal has beyond z ≥ 0. |y/s|^β is a gamma variate.
func (p start) quantile(z float64) float64 {
	g := mathext.GammaIncRegCompInv(1/p.shape, math.Erfc(z/math.Sqrt2))
	return p.scale * math.Pow(g, 1/p.shape)
}

// stretch is the logarithm of the quantile's slope, normal over p_0.
func (p start) stretch(z, y float64) float64 {
	l, _, _ := p.at(y)
	return -z*z/2 - halfLog2Pi - l
}

// from takes a draw of the normal to one of p_0.
func (p start) from(z float64) float64 {
	if p.normal() {
		return z
	}
	a := math.Abs(z)
	if a >= knotted {
		return math.Copysign(p.quantile(a), z)
	}
	i := int(a * knotsPerUnit)
	k, next, u := p.knots[i], p.knots[i+1], a*knotsPerUnit-float64(i)
	v := 1 - u // Hermite's cubic
	y := v*v*((1+2*u)*k.y+u*k.slope/knotsPerUnit) + u*u*((1+2*v)*next.y-v*next.slope/knotsPerUnit)
	return math.Copysign(y, z)
}

// back undoes from.
func (p start) back(y float64) float64 {
	if p.normal() {
		return y
	}
	q := mathext.GammaIncRegComp(1/p.shape, math.Pow(math.Abs(y)/p.scale, p.shape))
	return math.Copysign(mathext.NormalQuantile(q/2), y)
}

// drawn takes normal draws y to draws of p_0, d coordinates each, or back; logs gains how much that stretches space there, which
// is as much on the way back.
func (p start) drawn(y, logs []float64, d int, there bool) {
	if p.normal() {
		return
	}
	for i, v := range y {
		if there {
			y[i] = p.from(v)
			logs[i/d] += p.stretch(v, y[i])
		} else {
			y[i] = p.back(v)
			logs[i/d] += p.stretch(y[i], v)
		}
	}
}
