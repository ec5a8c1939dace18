package smc

import (
	"context"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// Reference is γ_0, where the path starts: a normalised density that can be drawn from and is known, with its gradient,
// at any point. It must reach wherever the target has mass; tails lighter than the target's cost weight.
type Reference interface {
	targets.Density
	// Sample fills x, n×d, with the draws of slots first … first+n−1.
	Sample(ctx context.Context, first, n int, key rng.Key, x []float64) error
}

// product is a reference of independent coordinates of one family, shifted and scaled.
type product struct {
	info  targets.Info
	at    []float64 // d
	scale []float64 // d
	inv   []float64 // 1/scale
	log   float64   // log density at the centre, of all coordinates
	// row is the log density less log at one point; it fills g, if not nil, with the gradient.
	row func(x, at, inv, g []float64) float64
	// draw fills z with independent standard variates.
	draw func(z []float64, slot uint32, key rng.Key)
}

// newProduct makes a product of d coordinates whose standard member has log density centre at its centre.
func newProduct(name string, d int, at, scale []float64, centre float64) (*product, error) {
	p := &product{
		info: targets.Info{
			Name: name, Params: targets.Reals("x", d), Can: targets.LogP | targets.Grad, Normalised: true, Known: targets.Unknown(),
		},
		at: make([]float64, d), scale: make([]float64, d), inv: make([]float64, d),
	}
	if d < 1 {
		return nil, fmt.Errorf("reference %s: dimension %d found; accepted: 1 or more", name, d)
	}
	if err := spread(p.at, at, name, "location"); err != nil {
		return nil, err
	}
	if err := spread(p.scale, scale, name, "scale"); err != nil {
		return nil, err
	}
	for j, s := range p.scale {
		if !(s > 0) {
			return nil, fmt.Errorf("reference %s: scale %v of coordinate %d found; accepted: positive numbers", name, s, j)
		}
		p.inv[j] = 1 / s
		p.log += centre - math.Log(s)
	}
	p.info.Known.LogZ, p.info.Known.LogZErr, p.info.Known.Source = 0, 0, "exact"
	return p, nil
}

// spread fills dst with v, which has one entry for each coordinate or one for all.
func spread(dst, v []float64, name, what string) error {
	if len(v) != 1 && len(v) != len(dst) {
		return fmt.Errorf("reference %s: %d numbers as %s found; accepted: 1 or %d", name, len(v), what, len(dst))
	}
	for j := range dst {
		dst[j] = v[j%len(v)]
		if math.IsNaN(dst[j]) || math.IsInf(dst[j], 0) {
			return fmt.Errorf("reference %s: %s %v of coordinate %d found; accepted: finite numbers", name, what, dst[j], j)
		}
	}
	return nil
}

func (p *product) Info() targets.Info { return p.info }

func (p *product) Eval(_ context.Context, b *targets.Batch) error {
	d := b.D
	if d != len(p.at) || !p.info.Can.Has(b.Want) {
		return b.Check(p.info)
	}
	var g []float64
	for i := range b.N {
		lo, hi := i*d, (i+1)*d
		if b.Want.Has(targets.Grad) {
			g = b.Grad[lo:hi]
		}
		v := p.log + p.row(b.X[lo:hi], p.at, p.inv, g)
		b.Status[i] = targets.OK
		if b.Want.Has(targets.LogP) {
			b.LogP[i] = v
		}
		switch {
		case math.IsInf(v, -1):
			b.Status[i] = targets.OutOfSupport
		case math.IsNaN(v):
			b.Status[i] = targets.Numerical
		}
	}
	return nil
}

func (p *product) Sample(_ context.Context, first, n int, key rng.Key, x []float64) error {
	d := len(p.at)
	for i := range n {
		z := x[i*d : (i+1)*d]
		p.draw(z, uint32(first+i), key)
		for j := range z {
			z[j] = p.at[j] + p.scale[j]*z[j]
		}
	}
	return nil
}

// NewNormal is the product of d independent normals. mean and sd hold one number for all coordinates, or one for each.
func NewNormal(d int, mean, sd []float64) (Reference, error) {
	p, err := newProduct("normal", d, mean, sd, -0.5*math.Log(2*math.Pi))
	if err != nil {
		return nil, err
	}
	p.row = normalRow
	p.draw = func(z []float64, slot uint32, key rng.Key) { key.Normals(z, slot, 0, 0) }
	return normal{p}, nil
}

// Normal is a Reference that is a normal density, and says which.
type Normal interface {
	Reference
	// Moments are the mean, d numbers, and a factor of the covariance: d standard deviations, or the rows of a lower
	// triangular L with covariance LLᵀ, as NewMultiNormal takes them.
	Moments() (mean, factor []float64)
}

// normal is a product of normals.
type normal struct{ *product }

func (n normal) Moments() (mean, factor []float64) { return n.at, n.scale }

// NewNormalOf makes the reference that has these Moments.
func NewNormalOf(mean, factor []float64) (Reference, error) {
	if len(factor) == len(mean) {
		return NewNormal(len(mean), mean, factor)
	}
	return NewMultiNormal(mean, factor)
}

func normalRow(x, at, inv, g []float64) float64 {
	at, inv = at[:len(x)], inv[:len(x)]
	s := 0.0
	if g == nil {
		for j, v := range x {
			z := (v - at[j]) * inv[j]
			s += z * z
		}
		return -s / 2
	}
	g = g[:len(x)]
	for j, v := range x {
		z := (v - at[j]) * inv[j]
		s += z * z
		g[j] = -z * inv[j]
	}
	return -s / 2
}

// NewStudent is the product of d independent Student's t with dof degrees of freedom, for targets with heavy tails.
func NewStudent(d int, dof float64, location, scale []float64) (Reference, error) {
	if !(dof > 0) || math.IsInf(dof, 1) {
		return nil, fmt.Errorf("reference student: %v degrees of freedom found; accepted: a positive number", dof)
	}
	up, _ := math.Lgamma((dof + 1) / 2)
	down, _ := math.Lgamma(dof / 2)
	p, err := newProduct("student", d, location, scale, up-down-0.5*math.Log(dof*math.Pi))
	if err != nil {
		return nil, err
	}
	p.row = func(x, at, inv, g []float64) float64 {
		s := 0.0
		for j, v := range x {
			z := (v - at[j]) * inv[j]
			s += math.Log1p(z * z / dof)
			if g != nil {
				g[j] = -(dof + 1) * z / (dof + z*z) * inv[j]
			}
		}
		return -(dof + 1) / 2 * s
	}
	// √(ν(u^(−2/ν) − 1))·cos 2πv is Student's t (Bailey, "Polar generation of random variates with the t-distribution",
	// Mathematics of Computation 1994).
	p.draw = func(z []float64, slot uint32, key rng.Key) {
		for j := range z {
			var u [2]float64
			key.Uniforms(u[:], slot, 0, uint32(j))
			z[j] = math.Sqrt(dof*math.Expm1(-2/dof*math.Log(u[0]))) * math.Cos(2*math.Pi*u[1])
		}
	}
	return p, nil
}

// NewUniform is the uniform distribution on a box. lower and upper hold one number for all coordinates, or one for each.
func NewUniform(d int, lower, upper []float64) (Reference, error) {
	lo, hi := make([]float64, max(d, 0)), make([]float64, max(d, 0))
	if err := spread(lo, lower, "uniform", "lower end"); err != nil {
		return nil, err
	}
	if err := spread(hi, upper, "uniform", "upper end"); err != nil {
		return nil, err
	}
	for j := range hi {
		if !(hi[j] > lo[j]) {
			return nil, fmt.Errorf("reference uniform: from %v to %v in coordinate %d found; accepted: a lower end below the upper", lo[j], hi[j], j)
		}
		hi[j] -= lo[j]
	}
	p, err := newProduct("uniform", d, lo, hi, 0)
	if err != nil {
		return nil, err
	}
	p.row = func(x, at, inv, g []float64) float64 {
		clear(g)
		for j, v := range x {
			if z := (v - at[j]) * inv[j]; !(z >= 0 && z <= 1) {
				return math.Inf(-1)
			}
		}
		return 0
	}
	p.draw = func(z []float64, slot uint32, key rng.Key) { key.Uniforms(z, slot, 0, 0) }
	return p, nil
}
