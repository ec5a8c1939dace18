package targets

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/sampan-mc/sampan/vec/rng"
)

// NewRings is a density in the plane on concentric rings, with r = |x| and radii c in increasing order:
//
//	log p(x) = −a min_c (r − c)²
//
// Each ring is a mode, of every point that no other ring is closer to. The gradient at the origin, where it has no
// direction, is zero.
func NewRings(radii []float64, a float64) (Density, error) {
	for i, c := range radii {
		if !(c > 0) || math.IsInf(c, 1) || i > 0 && !(c > radii[i-1]) {
			return nil, fmt.Errorf("rings: radius %d is %v; accepted: positive numbers in increasing order", i, c)
		}
	}
	if len(radii) == 0 || !(a > 0) || math.IsInf(a, 1) {
		return nil, fmt.Errorf("rings: %d radii, sharpness %v; accepted: at least one radius, a positive sharpness", len(radii), a)
	}
	g := &rings{radii: slices.Clone(radii), a: a, weights: make([]float64, len(radii))}
	z, r2 := 0.0, 0.0
	for i, c := range radii {
		lo, hi := g.bounds(i)
		m := ringMoments(c, a, lo, hi)
		g.weights[i] = m[1]
		z += m[1]
		r2 += m[3]
	}
	for i := range g.weights {
		g.weights[i] /= z
	}
	sd := math.Sqrt(0.5 * r2 / z)
	info := Info{
		Name: "rings", Params: Reals("x", 2), Can: LogP | Grad,
		Known: Known{LogZ: math.Log(2 * math.Pi * z), Mean: []float64{0, 0}, SD: []float64{sd, sd}, Source: "exact"},
	}
	g.pointwise = newPointwise(info, func() pointFunc { return g.at })
	return g, nil
}

type rings struct {
	*pointwise
	radii, weights []float64
	a              float64
}

func (g *rings) at(x, grad []float64) float64 {
	r := math.Hypot(x[0], x[1])
	e := r - g.radii[g.nearest(r)]
	if grad != nil {
		radialGradient(-2*g.a*e, r, x, grad)
	}
	return -g.a * e * e
}

// radialGradient is slope times the direction of x, whose length is r.
func radialGradient(slope, r float64, x, grad []float64) {
	if r == 0 {
		clear(grad)
		return
	}
	grad[0], grad[1] = slope*(x[0]/r), slope*(x[1]/r)
}

// nearest is the index of the ring closest to radius r, the outer one at the same distance.
func (g *rings) nearest(r float64) int {
	i := 0
	for i+1 < len(g.radii) && r-g.radii[i] >= g.radii[i+1]-r {
		i++
	}
	return i
}

// bounds are the radii that ring i is closest to.
func (g *rings) bounds(i int) (lo, hi float64) {
	hi = math.Inf(1)
	if i > 0 {
		lo = 0.5 * (g.radii[i-1] + g.radii[i])
	}
	if i+1 < len(g.radii) {
		hi = 0.5 * (g.radii[i] + g.radii[i+1])
	}
	return lo, hi
}

// ringMoments are the integrals of r^k exp(−a (r − c)²) over [lo, hi] for k = 0 … 3. With t = r − c those of t^k follow
// from each other by parts; a power of r is a binomial sum of them.
func ringMoments(c, a, lo, hi float64) [4]float64 {
	edge := func(r float64, k int) float64 { // t^k exp(−a t²)
		if math.IsInf(r, 1) {
			return 0
		}
		return math.Pow(r-c, float64(k)) * math.Exp(-a*(r-c)*(r-c))
	}
	root := math.Sqrt(a)
	var t [4]float64
	t[0] = 0.5 * math.Sqrt(math.Pi) / root * (math.Erf(root*(hi-c)) - math.Erf(root*(lo-c)))
	t[1] = (edge(lo, 0) - edge(hi, 0)) / (2 * a)
	t[2] = (edge(lo, 1)-edge(hi, 1))/(2*a) + t[0]/(2*a)
	t[3] = (edge(lo, 2)-edge(hi, 2))/(2*a) + t[1]/a
	return [4]float64{t[0], c*t[0] + t[1], c*c*t[0] + 2*c*t[1] + t[2], c*c*c*t[0] + 3*c*c*t[1] + 3*c*t[2] + t[3]}
}

func (g *rings) covariance() []float64 { return diagonal(g.info.Known.SD) }

// ModeWeights are the masses of the rings.
func (g *rings) ModeWeights() []float64 { return slices.Clone(g.weights) }

// Mode is the ring closest to x.
func (g *rings) Mode(x []float64) int {
	r := math.Hypot(x[0], x[1])
	if math.IsNaN(r) {
		return -1
	}
	return g.nearest(r)
}

// Sample draws a ring, then the radius by rejection: as r/c ≤ exp(r/c − 1), the density r exp(−a (r − c)²) lies below
// c times that of a normal law about c + 1/(2ac), up to a constant, and r/c · exp(1 − r/c) is the acceptance.
func (g *rings) Sample(_ context.Context, first, n int, key rng.Key, x []float64) error {
	var u [2]float64
	var z [1]float64
	for i := range n {
		slot := uint32(first + i)
		key.Uniforms(u[:], slot, 0, 0)
		k := 0
		for ; k < len(g.weights)-1 && u[0] >= g.weights[k]; k++ {
			u[0] -= g.weights[k]
		}
		c, angle := g.radii[k], 2*math.Pi*u[1]
		lo, hi := g.bounds(k)
		for attempt := uint32(0); ; attempt += 2 {
			key.Normals(z[:], slot, 1, attempt)
			r := c + 1/(2*g.a*c) + z[0]/math.Sqrt(2*g.a)
			if r > lo && r < hi && key.Uniform(slot, 1, attempt+1) < r/c*math.Exp(1-r/c) {
				x[2*i], x[2*i+1] = r*math.Cos(angle), r*math.Sin(angle)
				break
			}
		}
	}
	return nil
}

func ringsItems() []item {
	return []item{
		{
			name: "rings", kind: kindFamily, summary: "concentric rings in the plane",
			options: []Option{
				{"radii", "list", "[1, 3, 5]", "radii of the rings, increasing"},
				{"sharpness", "number", "100", "a in exp(-a (r - radius)²)"},
			},
			build: buildRings,
		},
		{name: "rings3", kind: kindInstance, summary: "3 concentric rings of radius 1, 3, 5 in the plane",
			build: func(*reader, string) (Density, error) { return NewRings([]float64{1, 3, 5}, 100) }},
		{name: "rings_cos", kind: kindInstance, summary: "rings of a cosine of the radius with almost empty gaps, exponential beyond 4.5π",
			build: func(*reader, string) (Density, error) { return newCosineRings(), nil }},
	}
}

func buildRings(r *reader, _ string) (Density, error) {
	radii := r.vector("radii", -1)
	if radii == nil {
		radii = []float64{1, 3, 5}
	}
	a := r.float("sharpness", 100, "a positive number", positiveNum)
	for i, c := range radii {
		if !(c > 0) || i > 0 && !(c > radii[i-1]) {
			r.fault(fmt.Sprintf("radii[%d]", i), show(c), "positive numbers in increasing order")
			return nil, nil
		}
	}
	return NewRings(radii, a)
}
